"""Hierarchical clustering of tasks by the similarity of their contexts (paper, Section 3.2 and Fig. 7).

SciPy, which clusters, is imported where it is used: it would take 40 MB of a program that only trains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.measures._similarity import is_flat, pairs_of

_ROUNDING = 1e-5  # by which a cosine in single precision may leave [-1, 1]


@finite_arguments
def cluster(similarity: np.ndarray) -> np.ndarray:
    """Cluster tasks by average linkage on cosine distance, 1 - ``similarity`` ``(T, T)``.

    Returns:
        SciPy's linkage matrix ``(T - 1, 4)``, its leaves ordered so that neighbours are as similar as the tree allows.

    Raises:
        ParameterError: there are fewer than two tasks, or a similarity is not in [-1, 1].
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    if len(similarity) < 2:
        raise ParameterError(f"two tasks or more are clustered; got {len(similarity)}")
    if np.abs(similarity).max() > 1 + _ROUNDING:
        raise ParameterError(f"similarities are cosines, in [-1, 1]; got {np.abs(similarity).max():g}")
    distance = (1 - (similarity + similarity.T) / 2).clip(0, 2)
    np.fill_diagonal(distance, 0)
    return linkage(squareform(distance, checks=False), "average", optimal_ordering=True)


def dendrogram_order(tree: np.ndarray) -> np.ndarray:
    """Order ``(T,)`` of the tasks below the dendrogram."""
    from scipy.cluster.hierarchy import leaves_list

    return leaves_list(tree)


def clades(tree: np.ndarray) -> set[frozenset[int]]:
    """Groups of two or more tasks that form a subtree, without the group of all tasks: T - 2 of them."""
    from scipy.cluster.hierarchy import to_tree

    _, nodes = to_tree(tree, rd=True)
    groups = {frozenset(node.pre_order()) for node in nodes if not node.is_leaf()}
    return {group for group in groups if len(group) <= len(tree)}


def is_outgroup(tree: np.ndarray, task: int) -> bool:
    """Whether ``task`` alone joins all others in the last step of the clustering.

    Raises:
        ParameterError: the tree has no such task.
    """
    return check_int("task", task, 0, len(tree)) in tree[-1, :2].astype(int)


@dataclass(frozen=True)
class TreeAgreement:
    """Agreement of trees over the same tasks: means over all pairs of trees.

    Attributes:
        cophenetic: Pearson correlation of the cophenetic distances, the heights at which pairs of tasks join; nan where
            all pairs join at one height.
        shared_clades: fraction of the clades that both trees have, in [0, 1].
    """

    cophenetic: float
    shared_clades: float


@finite_arguments
def tree_agreement(trees: list[np.ndarray]) -> TreeAgreement:
    """Compare two or more trees with each other.

    Raises:
        ParameterError: there are fewer than two trees, they differ in their number of tasks, or it is below three.
    """
    from scipy.cluster.hierarchy import cophenet

    if len(trees) < 2 or len({len(tree) for tree in trees}) > 1 or len(trees[0]) < 2:
        raise ParameterError("two trees or more are compared, over the same tasks, at least three")
    joins = [cophenet(tree) for tree in trees]
    heights = np.corrcoef(joins) if not any(map(is_flat, joins)) else np.full((len(trees), len(trees)), np.nan)
    held = [clades(tree) for tree in trees]
    shared = [len(a & b) / len(a) for i, a in enumerate(held) for b in held[:i]]
    return TreeAgreement(float(pairs_of(heights).mean()), float(np.mean(shared)))
