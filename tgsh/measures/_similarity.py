"""Similarity of context vectors, and of similarity matrices (paper, Section 3.2 and Figs. 2(b), 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import Tensor


def cosine_matrix(points: Tensor, others: Tensor | None = None) -> Tensor:
    """Cosine similarity of each of ``points`` ``(N, H)`` with each of ``others`` ``(M, H)``; default: with each other.

    Returns:
        ``(N, M)``, in [-1, 1], on the CPU, in the precision of the points.
    """
    unit = F.normalize(points.detach(), dim=1)
    other = unit if others is None else F.normalize(others.detach().to(unit), dim=1)
    return (unit @ other.T).cpu().clamp_(-1, 1)


def context_similarity(contexts: Tensor, others: Tensor | None = None) -> np.ndarray:
    """Cosine similarity ``(T, T)`` of each pair of context vectors ``(T, H)``, in double precision (Fig. 2(b)).

    Args:
        contexts: ``(T, H)``.
        others: contexts ``(U, H)`` to compare with; the result is then ``(T, U)``. Default: ``contexts``.
    """
    return cosine_matrix(contexts.double().cpu(), others).numpy()


@dataclass(frozen=True)
class Profile:
    """Similarity as a function of the distance between tasks, over all pairs of different tasks.

    Attributes:
        distance: ``(D,)`` distances that occur, ascending.
        mean, low, high: ``(D,)`` mean, 5th and 95th percentile of the similarity of the pairs at each distance.
        spearman: rank correlation of similarity and distance over the pairs; nan where there is only one distance.
    """

    distance: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spearman: float


def similarity_profile(similarity: np.ndarray, distances: np.ndarray) -> Profile:
    """Summarise a similarity matrix ``(T, T)`` by the distance ``(T, T)`` between its tasks."""
    s, d = pairs_of(similarity), pairs_of(distances)
    steps = np.unique(d)
    groups = [s[d == step] for step in steps]
    return Profile(
        distance=steps,
        mean=np.array([group.mean() for group in groups]),
        low=np.array([np.percentile(group, 5) for group in groups]),
        high=np.array([np.percentile(group, 95) for group in groups]),
        spearman=float(spearmanr(d, s).statistic) if len(steps) > 1 else float("nan"),
    )


def pairs_of(matrix: np.ndarray) -> np.ndarray:
    """Entries above the diagonal, 1-D: one for each pair of different tasks."""
    return matrix[np.triu_indices(len(matrix), k=1)]


def relabel(similarity: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The matrix ``(T, T)`` with rows and columns in ``order`` ``(T,)``: the same tasks under other numbers."""
    return similarity[np.ix_(order, order)]


def by_distance(similarity: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Replace each entry ``(T, T)`` by the mean of all entries at its distance. On a circle: the circulant part."""
    _, group = np.unique(distances, return_inverse=True)
    group = group.reshape(distances.shape)
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


def matrix_agreement(one: np.ndarray, other: np.ndarray) -> MatrixAgreement:
    """Compare two similarity matrices ``(T, T)`` entry by entry, without the diagonal."""
    a, b = pairs_of(one), pairs_of(other)
    flat = len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0
    correlation = float("nan") if flat else float(np.corrcoef(a, b)[0, 1])
    return MatrixAgreement(correlation, float(np.abs(a - b).mean()))
