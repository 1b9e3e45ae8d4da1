"""Gaussian processes on a graph: kriging where no position is known (Borovitskiy 2021; Peach and others 2024).

The graph joins tasks whose contexts are near in *one* network. A Matérn kernel on it is a covariance between tasks,
and contexts of *another* network are predicted with it, for tasks that the other network never learned. Nothing says
where a task lies: neither its angle nor an image of it is used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int, check_positive, finite_arguments
from tgsh.extensions.lenses._shape._graph import laplacian_modes


def matern_covariance(graph: np.ndarray, length: float, smoothness: float = 1.5) -> np.ndarray:
    """Covariance ``(T, T)`` of the Matérn process on a graph, with a mean of 1 on the diagonal.

    ``(2 nu / length^2 + L)^-nu``, with the Laplacian L; ``length`` is in links.

    Args:
        graph: Boolean ``(T, T)``.
        length: scale over which the process varies, above 0.
        smoothness: nu, above 0.

    Raises:
        ParameterError: a setting is not above 0.
    """
    length, smoothness = check_positive("length", length), check_positive("smoothness", smoothness)
    values, vectors = laplacian_modes(graph)
    powers = (2 * smoothness / length**2 + values.clip(min=0)) ** -smoothness
    return (vectors * (powers / powers.mean())) @ vectors.T


@finite_arguments
def covariance_weights(
    covariance: np.ndarray, known: Sequence[int], targets: Sequence[int], nugget: float
) -> np.ndarray:
    """Weights ``(Q, N)`` of simple kriging of targets from known tasks, with a covariance ``(T, T)`` of all tasks.

    Args:
        covariance: of all tasks.
        known: numbers of the N known tasks.
        targets: numbers of the Q tasks to predict.
        nugget: variance of the noise of a known context, relative to its variance.

    Raises:
        ParameterError: a number is not that of a task, or ``nugget`` is negative.
    """
    T = len(covariance)
    known, targets = ([check_int("the number of a task", int(t), 0, T - 1) for t in part] for part in (known, targets))
    if not nugget >= 0:
        raise ParameterError(f"nugget must be a number of at least 0; got {nugget!r}")
    among = covariance[np.ix_(known, known)]
    noisy = among + nugget * np.diag(np.diag(among))
    return np.linalg.lstsq(noisy, covariance[np.ix_(known, targets)], rcond=1e-12)[0].T


@torch.no_grad()
@finite_arguments
def left_out_error(covariance: np.ndarray, contexts: Tensor, known: Sequence[int], nugget: float) -> float:
    """Mean squared error of predicting each known context from the other known ones, relative to that of zeros.

    It serves to choose the settings of a covariance: no other context is used.

    Args:
        covariance: ``(T, T)`` of all tasks.
        contexts: ``(N, H)``, those of the known tasks.
        known: numbers of the known tasks.
        nugget: as in `covariance_weights`.
    """
    contexts = contexts.double().cpu()
    gram = (contexts @ contexts.T).numpy()
    error = 0.0
    for i, t in enumerate(known):
        others = [j for j in range(len(known)) if j != i]
        w = covariance_weights(covariance, [known[j] for j in others], [t], nugget)[0]
        error += gram[i, i] - 2 * w @ gram[others, i] + w @ gram[np.ix_(others, others)] @ w
    return float(error / np.trace(gram))
