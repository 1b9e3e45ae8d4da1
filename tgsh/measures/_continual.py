"""Metrics of continual learning, as the notation page defines them.

Each takes an accuracy matrix ``(T, T)``: entry (i, j) is the test accuracy, in [0, 1], on task j after learning task i.
"""

from __future__ import annotations

import numpy as np

from tgsh.errors import ParameterError, check_finite


def average_accuracy(accuracy_matrix: np.ndarray) -> float:
    """Mean over the tasks of the accuracy at the end of the stream."""
    return float(_square(accuracy_matrix)[-1].mean())


def average_incremental_accuracy(accuracy_matrix: np.ndarray) -> float:
    """Mean, over the stream, of the mean accuracy on the tasks learned so far."""
    a = _square(accuracy_matrix)
    learned = np.tri(len(a), dtype=bool)
    return float(np.mean([row[known].mean() for row, known in zip(a, learned, strict=True)]))


def forgetting(accuracy_matrix: np.ndarray) -> float:
    """Accuracy on a task right after learning it minus that at the end; mean over all tasks but the last.

    Negative where later tasks help. This is Avalanche's definition; Mammoth's first term is the maximum over the
    stream.

    Raises:
        ParameterError: fewer than two tasks.
    """
    a = _several(accuracy_matrix)
    return float((a.diagonal() - a[-1])[:-1].mean())


def backward_transfer(accuracy_matrix: np.ndarray) -> float:
    """Minus the `forgetting`: the effect of later tasks on earlier ones (Lopez-Paz and Ranzato 2017)."""
    return -forgetting(accuracy_matrix)


def forward_transfer(accuracy_matrix: np.ndarray, untrained: np.ndarray) -> float:
    """Accuracy just *before* learning a task minus that of the untrained network; mean over all tasks but the first.

    The definition is that of Lopez-Paz and Ranzato (2017).

    Args:
        accuracy_matrix: ``(T, T)``.
        untrained: ``(T,)`` accuracy of the untrained network on each task.

    Raises:
        ParameterError: fewer than two tasks, or ``untrained`` has another number of them.
    """
    a, before = _several(accuracy_matrix), np.asarray(untrained, dtype=float)
    if before.shape != (len(a),):
        raise ParameterError(f"untrained must have one entry for each of {len(a)} tasks; got shape {before.shape}")
    check_finite("untrained", before)
    return float((a.diagonal(offset=1) - before[1:]).mean())


def _square(accuracy_matrix: np.ndarray) -> np.ndarray:
    a = np.asarray(accuracy_matrix, dtype=float)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.size == 0:
        raise ParameterError(f"an accuracy matrix is square, one row and one column a task; got shape {a.shape}")
    check_finite("accuracy_matrix", a)
    return a


def _several(accuracy_matrix: np.ndarray) -> np.ndarray:
    a = _square(accuracy_matrix)
    if len(a) < 2:
        raise ParameterError("transfer and forgetting compare tasks; got only one")
    return a
