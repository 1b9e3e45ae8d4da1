"""Kernels of the random features ``s(W1 x)``, so that no feature has to be sampled (not in the paper).

The kernel of a network is the mean over its units of ``h_j(x) h_j(x')``, in the limit of infinitely many units. Where
the sums ``W1 x`` of a unit are jointly normal, with mean 0 and covariance S, it is the arc-cosine kernel of order 1 of
S (Cho and Saul 2009). For a Gaussian W1 that is exact. A unit of FlyNet sums seven random pixels: its mean and its
covariance are known exactly, but it is not normal. `flynet_kernel` takes it for normal, and corrects for its skewness;
`seven_pixel_kernel` counts all sets of seven pixels, for one pair of images.
"""

from __future__ import annotations

import math

import numpy as np

from tgsh.errors import finite_arguments

FAN_IN = 7  # ones in a row of W1, as in `tgsh.networks.FlyNet`


@finite_arguments
def arc_cosine_kernel(covariance: np.ndarray, variance: np.ndarray, other_variance: np.ndarray) -> np.ndarray:
    """Mean of ``relu(z) relu(z')`` for jointly normal z, z' with mean 0: the arc-cosine kernel of order 1.

    ``sqrt(v v') (sin a + (pi - a) cos a) / (2 pi)``, with a the angle whose cosine is the correlation of z and z'.

    Args:
        covariance: ``(N, M)`` covariance of z and z'.
        variance: ``(N,)`` variance of z, 0 or more.
        other_variance: ``(M,)`` variance of z'.

    Returns:
        ``(N, M)``; 0 where a variance is 0.
    """
    size = np.sqrt(np.outer(variance, other_variance))
    cosine = np.divide(covariance, size, out=np.zeros_like(covariance, dtype=float), where=size > 0).clip(-1, 1)
    angle = np.arccos(cosine)
    return size * (np.sqrt(1 - cosine**2) + (math.pi - angle) * cosine) / (2 * math.pi)
