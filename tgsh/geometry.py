"""The geometry of context vectors (paper, Section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
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
    pairs = np.triu_indices(len(similarity), k=1)
    s, d = similarity[pairs], distances[pairs]
    steps = np.unique(d)
    groups = [s[d == step] for step in steps]
    return Profile(
        distance=steps,
        mean=np.array([group.mean() for group in groups]),
        low=np.array([np.percentile(group, 5) for group in groups]),
        high=np.array([np.percentile(group, 95) for group in groups]),
        spearman=float(spearmanr(d, s).statistic) if len(steps) > 1 else float("nan"),
    )
