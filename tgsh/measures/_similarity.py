"""Similarity of context vectors, and of similarity matrices (paper, Section 3.2 and Figs. 2(b), 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import ParameterError, finite_arguments
from tgsh.runs import ByValue

_SMALL = 1e-6  # numbers of a point: if all are smaller, or one is larger than the inverse, it is scaled first
_SAME = 1e-9  # of the largest distance: closer distances are one; of 1: similarities that differ less are equal


@finite_arguments
def cosine_matrix(points: Tensor | np.ndarray, others: Tensor | np.ndarray | None = None) -> Tensor:
    """Cosine similarity of each of ``points`` ``(N, H)`` with each of ``others`` ``(M, H)``; default: with each other.

    Returns:
        ``(N, M)``, in [-1, 1], on the CPU, in the precision of the points, single precision at least. It is 0 with a
        point of zeros, which has no direction.

    Raises:
        ParameterError: points are not rows of numbers, or a number is NaN or infinite.
    """
    points = _rows("points", points)
    unit = _directions(points.to(torch.promote_types(points.dtype, torch.float32)))
    other = unit if others is None else _directions(_rows("others", others).to(unit))
    return (unit @ other.T).cpu().clamp_(-1, 1)


def _rows(name: str, points: Tensor | np.ndarray) -> Tensor:
    points = torch.as_tensor(points).detach()
    if points.ndim != 2:
        raise ParameterError(f"{name} must have shape (N, H); got {tuple(points.shape)}")
    return points


def _directions(points: Tensor) -> Tensor:
    # Points of length 1. The square of a very small or a very large number would not be one.
    largest = torch.linalg.vector_norm(points, torch.inf, dim=1, keepdim=True)
    extreme = (largest > 0) & ((largest < _SMALL) | (largest > 1 / _SMALL))
    if extreme.any():
        points = torch.where(extreme, points / largest, points)
    return F.normalize(points, dim=1)


def context_similarity(contexts: Tensor | np.ndarray, others: Tensor | np.ndarray | None = None) -> np.ndarray:
    """Cosine similarity ``(T, T)`` of each pair of context vectors ``(T, H)``, in double precision (Fig. 2(b)).

    Args:
        contexts: ``(T, H)``.
        others: contexts ``(U, H)`` to compare with; the result is then ``(T, U)``. Default: ``contexts``.

    Raises:
        ParameterError: as in `cosine_matrix`.
    """
    return cosine_matrix(_rows("contexts", contexts).double().cpu(), others).numpy()


@dataclass(frozen=True, eq=False)
class Profile(ByValue):
    """Similarity as a function of the distance between tasks, over all pairs of different tasks.

    Attributes:
        distance: ``(D,)`` distances that occur, ascending; those that differ by rounding alone count as one.
        mean, low, high: ``(D,)`` mean, 5th and 95th percentile of the similarity of the pairs at each distance.
        spearman: rank correlation of similarity and distance over the pairs; nan where there is only one distance, or
            where all pairs are equally similar.
    """

    distance: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spearman: float


@finite_arguments
def similarity_profile(similarity: np.ndarray, distances: np.ndarray) -> Profile:
    """Summarise a similarity matrix ``(T, T)`` by the distance ``(T, T)`` between its tasks.

    Raises:
        ParameterError: there are fewer than two tasks, or other numbers of tasks, or a number is NaN or infinite.
    """
    _check_same_tasks(similarity, distances)
    from scipy.stats import spearmanr  # here, since importing it takes half a second

    s, d = pairs_of(similarity), pairs_of(distances)
    if not len(s):
        raise ParameterError("a profile needs pairs of tasks; got one task")
    steps, which = distinct(d)
    groups = [s[which == step] for step in range(len(steps))]
    return Profile(
        distance=steps,
        mean=np.array([group.mean() for group in groups]),
        low=np.array([np.percentile(group, 5) for group in groups]),
        high=np.array([np.percentile(group, 95) for group in groups]),
        spearman=float("nan") if len(steps) < 2 or is_flat(s) else float(spearmanr(steps[which], s).statistic),
    )


def distinct(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the distances that occur; those that differ by rounding alone count as one.

    Returns:
        ``(D,)`` distances, ascending, and for each of ``distances`` the number of its own among them, from 0 on.
    """
    values, which = np.unique(distances, return_inverse=True)
    new = np.diff(values, prepend=-np.inf) > _SAME * np.abs(values).max(initial=0)
    return values[new], (new.cumsum() - 1)[which].reshape(distances.shape)


def is_flat(values: np.ndarray) -> bool:
    """Whether similarities are equal, up to rounding, so that their correlation with anything is undefined."""
    return len(values) < 2 or bool(np.ptp(values) < _SAME)


def _check_same_tasks(one: np.ndarray, other: np.ndarray) -> None:
    if one.ndim != 2 or not one.shape == other.shape == one.shape[::-1]:
        raise ParameterError(f"two square matrices of the same tasks are needed; got {one.shape} and {other.shape}")


def pairs_of(matrix: np.ndarray) -> np.ndarray:
    """Entries above the diagonal, 1-D: one for each pair of different tasks."""
    return matrix[np.triu_indices(len(matrix), k=1)]


def relabel(similarity: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The matrix ``(T, T)`` with rows and columns in ``order`` ``(T,)``: the same tasks under other numbers."""
    return similarity[np.ix_(order, order)]


@finite_arguments
def by_distance(similarity: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Replace each entry ``(T, T)`` by the mean of all entries at its distance. On a circle: the circulant part."""
    _, group = distinct(distances)
    means = np.bincount(group.ravel(), similarity.ravel()) / np.bincount(group.ravel())
    return means[group]


@dataclass(frozen=True)
class MatrixAgreement:
    """Agreement of two similarity matrices over the pairs of different tasks.

    Attributes:
        correlation: Pearson correlation, in [-1, 1]; nan where one of the two is constant.
        difference: mean absolute difference.
    """

    correlation: float
    difference: float


@finite_arguments
def matrix_agreement(one: np.ndarray, other: np.ndarray) -> MatrixAgreement:
    """Compare two similarity matrices ``(T, T)`` entry by entry, without the diagonal.

    Raises:
        ParameterError: they have other shapes, or a number is NaN or infinite.
    """
    _check_same_tasks(one, other)
    a, b = pairs_of(one), pairs_of(other)
    correlation = float("nan") if is_flat(a) or is_flat(b) else float(np.corrcoef(a, b)[0, 1])
    return MatrixAgreement(correlation, float(np.abs(a - b).mean()))
