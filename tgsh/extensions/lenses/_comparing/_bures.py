"""Bures-Wasserstein distance of covariance matrices (see Wang and others 2025), blind to labels.

    d(A, B)^2 = tr A + tr B - 2 tr (A^1/2 B A^1/2)^1/2 ,

and ``|a - b|^2 + d(A, B)^2`` is the squared 2-Wasserstein distance of two Gaussians with means a and b. Known: where A
and B commute, d is the Euclidean distance of the square roots of their eigenvalues.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import Part
from tgsh.errors import ParameterError, check_int, check_labels, finite_arguments

_NEGATIVE = 1e-8  # of the largest eigenvalue: smaller negative eigenvalues are rounding


def _roots(covariances: Tensor) -> Tensor:
    """Symmetric square roots ``(T, d, d)`` of covariance matrices ``(T, d, d)``.

    Raises:
        ParameterError: a matrix is not symmetric, or has a negative eigenvalue.
    """
    if covariances.ndim != 3 or covariances.shape[1] != covariances.shape[2]:
        raise ParameterError(f"covariances must have shape (T, d, d); got {tuple(covariances.shape)}")
    size = covariances.abs().amax()
    if not torch.isfinite(size) or (covariances - covariances.mT).abs().amax() > 1e-6 * size:
        raise ParameterError("covariances must be finite and symmetric")
    values, vectors = torch.linalg.eigh(covariances.double())
    if (values[:, 0] < -_NEGATIVE * values[:, -1]).any():
        raise ParameterError("covariances have no negative eigenvalues; got some")
    return (vectors * values.clamp(min=0).sqrt()[:, None]) @ vectors.mT


@torch.no_grad()
@finite_arguments
def bures_wasserstein(covariances: Tensor, means: Tensor | None = None) -> np.ndarray:
    """Distances ``(T, T)`` of Gaussians with these covariances: Bures-Wasserstein, and of the means where given.

    The trace of ``(A^1/2 B A^1/2)^1/2`` is the sum of the singular values of ``A^1/2 B^1/2``, so one root a matrix and
    one decomposition a pair are enough.

    Args:
        covariances: ``(T, d, d)``, symmetric, without negative eigenvalues.
        means: ``(T, d)``; default: all equal.

    Raises:
        ParameterError: a matrix is not a covariance, or there are not T means.
    """
    roots = _roots(covariances)
    T, traces = len(roots), roots.square().sum((1, 2))
    squares = torch.zeros(T, T, dtype=torch.float64)
    for t in range(T - 1):
        shared = torch.linalg.svdvals(roots[t] @ roots[t + 1 :]).sum(1)
        squares[t, t + 1 :] = traces[t] + traces[t + 1 :] - 2 * shared
    squares = (squares + squares.T).clamp_(min=0)
    if means is not None:
        if means.shape != covariances.shape[:2]:
            raise ParameterError(f"there are {T} covariances but means of shape {tuple(means.shape)}")
        squares += (means.double()[:, None] - means.double()).square().sum(2)
    return squares.sqrt().numpy()


@torch.no_grad()
def task_moments(
    stream: TaskStream, index: Tensor, coarse: int = 1, part: Part = "train"
) -> tuple[Tensor, Tensor, Tensor]:
    """Means, covariances and class means of the pixels of each task, from chosen images.

    Args:
        stream: the tasks; each has all images.
        index: ``(n,)`` numbers of the images.
        coarse: side of the squares of pixels that are averaged to one, a divisor of 28: 2 leaves 14 by 14.
        part: ``"train"`` or ``"test"``.

    Returns:
        means ``(T, d)`` and covariances ``(T, d, d)``, which know no label, and means of the classes ``(T, K, d)``,
        which do; pixels in [0, 1].

    Raises:
        ParameterError: ``coarse`` does not divide 28, or a class has no image.
    """
    check_int("coarse", coarse, 1, 28)
    if 28 % coarse:
        raise ParameterError(f"coarse must divide 28; got {coarse}")
    means, covariances, of_classes = [], [], []
    for t in range(len(stream)):
        images, labels = stream.images(t, part, index)
        x = images.double() if images.is_floating_point() else images.double() / 255
        x = x.unflatten(1, (-1, coarse)).unflatten(3, (-1, coarse)).mean((2, 4)).flatten(1)
        which = torch.nn.functional.one_hot(check_labels("labels", labels), stream.dataset.n_classes).to(x)
        if not which.sum(0).min():
            raise ParameterError("every class needs an image; choose more images")
        means.append(x.mean(0))
        covariances.append(torch.cov(x.T))
        of_classes.append(which.T @ x / which.sum(0)[:, None])
    return torch.stack(means), torch.stack(covariances), torch.stack(of_classes)
