"""What continual learning measures, with one definition each (book/notation.md).

All take ``accuracy_matrix[i, j]``, ``(T, T)``: the test accuracy on task j after learning task i, in [0, 1].
"""

from __future__ import annotations

import numpy as np

from tgsh.errors import ParameterError


def average_accuracy(accuracy_matrix: np.ndarray) -> float:
    """Mean over the tasks of the accuracy at the end of the stream."""
    return float(_square(accuracy_matrix)[-1].mean())


def forgetting(accuracy_matrix: np.ndarray) -> float:
    """Mean over all tasks but the last of the accuracy right after learning it, less that at the end.

    Negative where later tasks helped. Avalanche's definition; Mammoth's takes the maximum over the stream as its first
    term.

    Raises:
        ParameterError: fewer than two tasks.
    """
    a = _several(accuracy_matrix)
    return float((a.diagonal() - a[-1])[:-1].mean())


def backward_transfer(accuracy_matrix: np.ndarray) -> float:
    """Minus the `forgetting`: what learning later tasks does for earlier ones (Lopez-Paz and Ranzato 2017)."""
    return -forgetting(accuracy_matrix)


def forward_transfer(accuracy_matrix: np.ndarray, untrained: np.ndarray) -> float:
    """Mean over all tasks but the first of the accuracy just *before* learning it, less that of an untrained network.

    Args:
        untrained: ``(T,)`` accuracy on each task before anything was learned (Lopez-Paz and Ranzato 2017).

    Raises:
        ParameterError: fewer than two tasks, or ``untrained`` has another number of them.
    """
    a, before = _several(accuracy_matrix), np.asarray(untrained, dtype=float)
    if before.shape != (len(a),):
        raise ParameterError(f"untrained must have one entry for each of {len(a)} tasks; got shape {before.shape}")
    return float((a.diagonal(offset=1) - before[1:]).mean())


def _square(accuracy_matrix: np.ndarray) -> np.ndarray:
    a = np.asarray(accuracy_matrix, dtype=float)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.size == 0:
        raise ParameterError(f"an accuracy matrix is square, one row and one column a task; got shape {a.shape}")
    return a


def _several(accuracy_matrix: np.ndarray) -> np.ndarray:
    a = _square(accuracy_matrix)
    if len(a) < 2:
        raise ParameterError("transfer and forgetting compare tasks; got only one")
    return a
