"""Diffusion spectral entropy and mutual information (Liao and others 2023).

Points exchange probability with their neighbours; the eigenvalues of this diffusion, as probabilities, have an entropy:
0 bits where all points coincide, log2 n where n points are far from each other. The mutual information with a label is
the entropy of points of all labels less that of points of one label.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int, check_labels, check_positive, finite_arguments
from tgsh.seeding import generator


@torch.no_grad()
@finite_arguments
def squared_distances(points: Tensor) -> np.ndarray:
    """Squared Euclidean distances ``(n, n)`` between points ``(n, d)``, in double precision."""
    points = points.double()
    points = points - points.mean(0)  # smaller numbers, less rounding
    lengths = points.square().sum(1)
    squares = lengths[:, None] + lengths - 2 * points @ points.T
    return squares.clamp_(min=0).fill_diagonal_(0).numpy()


@finite_arguments
def bandwidth(squares: np.ndarray, fraction: float = 0.25) -> float:
    """Standard deviation of the Gaussian kernel: ``fraction`` of the median distance between two points.

    A bandwidth in units of the distances makes the entropy independent of the scale of the points. The authors' default
    is a fixed number.

    Raises:
        ParameterError: ``fraction`` is not above 0, or half of the points coincide.
    """
    fraction = check_positive("fraction", fraction)
    median = float(np.sqrt(np.median(squares[np.triu_indices(len(squares), 1)])))
    if median == 0:
        raise ParameterError("half of the distances are zero, so the median distance gives no bandwidth")
    return fraction * median


@finite_arguments
def diffusion_entropy(squares: np.ndarray, sigma: float, t: int = 1) -> float:
    """Diffusion spectral entropy of n points, in bits: 0 (all points coincide) to log2 n (all are far from each other).

    The diffusion matrix is ``D^-1 G`` with the Gaussian kernel ``G = exp(-d^2 / (2 sigma^2))`` and its row sums D.

    Args:
        squares: ``(n, n)`` squared distances, from `squared_distances`.
        sigma: bandwidth of the kernel.
        t: number of steps of the diffusion; more steps leave fewer eigenvalues.

    Raises:
        ParameterError: ``sigma`` is not above 0, or ``t`` below 1.
    """
    sigma, t = check_positive("sigma", sigma), check_int("t", t, 1)
    kernel = np.exp(-squares / (2 * sigma**2))
    root = 1 / np.sqrt(kernel.sum(1))
    # D^-1/2 G D^-1/2 is symmetric, and has the eigenvalues of D^-1 G.
    sizes = np.abs(np.linalg.eigvalsh(kernel * root[:, None] * root)) ** t
    p = sizes / sizes.sum()
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum()) + 0.0


@finite_arguments
def diffusion_information(
    squares: np.ndarray, labels: Tensor, sigma: float, t: int = 1, n_draws: int = 5, seed: int = 0
) -> float:
    """Diffusion spectral mutual information of points with a label, in bits.

    For each label, the entropy of as many random points of all labels, less the entropy of its own points; then the
    mean over the labels, weighted by their shares. The entropy grows with the number of points, so equal numbers are
    compared. Where labels say nothing it is 0 up to the error of the draws, which may be negative.

    Args:
        squares: ``(n, n)`` squared distances, from `squared_distances`.
        labels: ``(n,)``, whole numbers from 0 on.
        sigma, t: as in `diffusion_entropy`.
        n_draws: number of random draws of points for each label.
        seed: of these draws.

    Raises:
        ParameterError: there are not n labels, or a setting is out of range.
    """
    n_draws, n = check_int("n_draws", n_draws, 1), len(squares)
    labels = check_labels("labels", labels, n).numpy()
    source, information = generator(seed, "diffusion information"), 0.0

    def entropy(rows: np.ndarray) -> float:
        return diffusion_entropy(squares[np.ix_(rows, rows)], sigma, t)

    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        drawn = [torch.randperm(n, generator=source)[: len(own)].numpy() for _ in range(n_draws)]
        information += len(own) / n * (np.mean([entropy(rows) for rows in drawn]) - entropy(own))
    return float(information)
