"""Bootstrap over tasks and classes, and the AUC of histograms that it resamples."""

from __future__ import annotations

import numpy as np
import torch

from tgsh.runs import Estimate
from tgsh.seeding import generator

N_BINS = 64  # of the histograms of similarity from which the AUC is resampled


def bootstrap_counts(size: int, n_resamples: int, seed: int, purpose: str) -> np.ndarray:
    """Number of times that each of ``size`` tasks, or classes, is drawn with replacement: ``(n_resamples, size)``."""
    draws = torch.randint(size, (n_resamples, size), generator=generator(seed, "bootstrap", purpose))
    return torch.nn.functional.one_hot(draws, size).sum(1).numpy().astype(np.float32)


def bin_edges(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Lower edges ``(N_BINS,)`` of histogram bins: half of them quantiles of one sample, half of the other.

    The smallest value of each sample is an edge, so samples that do not overlap share no bin.
    """
    quantiles = np.linspace(0, 1, N_BINS // 2, endpoint=False)
    return np.sort(np.concatenate([np.quantile(side, quantiles) for side in (one, other)]))


def cell_histograms(values: np.ndarray, cell: np.ndarray, n_cells: int, edges: np.ndarray) -> np.ndarray:
    """Histograms ``(n_cells, N_BINS)`` of ``values`` ``(n,)``, each value counted in its ``cell`` ``(n,)``."""
    bins = np.searchsorted(edges, values, side="right") - 1
    counts = np.bincount(cell * N_BINS + bins, minlength=n_cells * N_BINS)
    return counts.reshape(n_cells, N_BINS).astype(np.float32)


def binned_auc(similar: np.ndarray, other: np.ndarray) -> np.ndarray:
    """AUC of ``similar`` over ``other``, ``(R,)``, from histograms ``(R, bins)``; nan where one has no pair."""
    with np.errstate(invalid="ignore"):
        return (similar * (other.cumsum(1) - other / 2)).sum(1) / (similar.sum(1) * other.sum(1))


def estimate(value: float, resampled: np.ndarray) -> Estimate:
    """``value`` with the 2.5th to 97.5th percentile of ``resampled`` ``(R,)``; the interval always contains the value.

    Resamples that are nan had no pair, and are left out.
    """
    drawn = resampled[np.isfinite(resampled)]
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (value, value)
    return Estimate(float(value), min(float(low), float(value)), max(float(high), float(value)))
