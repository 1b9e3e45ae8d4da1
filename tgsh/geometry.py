"""The geometry of context vectors (paper, Section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.cluster.hierarchy import cophenet, leaves_list, linkage, to_tree
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr
from torch import Tensor


def context_similarity(contexts: Tensor) -> np.ndarray:
    """Cosine similarity of every pair of context vectors: ``(T, T)`` from ``(T, H)``."""
    unit = torch.nn.functional.normalize(contexts.detach().double().cpu(), dim=1)
    return (unit @ unit.T).numpy()


@dataclass(frozen=True)
class Profile:
    """Similarity as a function of the distance between tasks, over all pairs of different tasks.

    Attributes:
        distance: ``(D,)`` the distances that occur, ascending.
        mean, low, high: ``(D,)`` mean and 5th and 95th percentile of the similarity of the pairs at that distance.
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
    """The entries above the diagonal, 1-D: one for each pair of different tasks."""
    return matrix[np.triu_indices(len(matrix), k=1)]


def relabel(similarity: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The matrix with rows and columns taken in ``order``: the same similarities under other names."""
    return similarity[np.ix_(order, order)]


def by_distance(similarity: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """``(T, T)``: every entry replaced by the mean of all entries at its distance. On a circle: the circulant part."""
    _, group = np.unique(distances, return_inverse=True)
    group = group.reshape(distances.shape)
    means = np.bincount(group.ravel(), similarity.ravel()) / np.bincount(group.ravel())
    return means[group]


@dataclass(frozen=True)
class Agreement:
    """How alike two similarity matrices are, over the pairs of different tasks.

    Attributes:
        correlation: Pearson's, in [-1, 1]; nan where one of the two is constant.
        difference: mean absolute difference.
    """

    correlation: float
    difference: float


def agreement(one: np.ndarray, other: np.ndarray) -> Agreement:
    """Compare two similarity matrices ``(T, T)`` entry by entry, the diagonal left out."""
    a, b = pairs_of(one), pairs_of(other)
    flat = len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0
    correlation = float("nan") if flat else float(np.corrcoef(a, b)[0, 1])
    return Agreement(correlation, float(np.abs(a - b).mean()))


def cluster(similarity: np.ndarray) -> np.ndarray:
    """Agglomerative clustering: average linkage on cosine distance, 1 - similarity.

    Returns:
        SciPy's linkage matrix ``(T - 1, 4)``, its leaves ordered so that neighbours are as alike as the tree allows.
    """
    distance = 1 - (similarity + similarity.T) / 2
    np.fill_diagonal(distance, 0)
    return linkage(squareform(distance, checks=False), "average", optimal_ordering=True)


def dendrogram_order(tree: np.ndarray) -> np.ndarray:
    """The tasks in the order in which they stand below the dendrogram."""
    return leaves_list(tree)


def clades(tree: np.ndarray) -> set[frozenset[int]]:
    """The groups of at least two tasks that the tree holds together, all tasks together left out: T - 2 of them."""
    _, nodes = to_tree(tree, rd=True)
    groups = {frozenset(node.pre_order()) for node in nodes if not node.is_leaf()}
    return {group for group in groups if len(group) <= len(tree)}


def is_outgroup(tree: np.ndarray, task: int) -> bool:
    """Whether ``task`` joins the others last, and alone."""
    return task in tree[-1, :2].astype(int)


@dataclass(frozen=True)
class TreeAgreement:
    """How alike trees over the same tasks are: means over all pairs of trees.

    Attributes:
        cophenetic: Pearson correlation of the heights at which pairs of tasks join.
        shared_clades: fraction of the clades that both trees have, in [0, 1].
    """

    cophenetic: float
    shared_clades: float


def tree_agreement(trees: list[np.ndarray]) -> TreeAgreement:
    """Compare two or more trees with each other."""
    heights = np.corrcoef([cophenet(tree) for tree in trees])
    held = [clades(tree) for tree in trees]
    shared = [len(a & b) / len(a) for i, a in enumerate(held) for b in held[:i]]
    return TreeAgreement(float(pairs_of(heights).mean()), float(np.mean(shared)))
