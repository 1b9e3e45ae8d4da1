"""Kernels of the random features ``s(W1 x)``, so that no feature has to be sampled (not in the paper).

The kernel of a network is the mean over its units of ``h_j(x) h_j(x')``, in the limit of infinitely many units. Where
the sums ``W1 x`` of a unit are jointly normal, it is the arc-cosine kernel of order 1 of their covariance (Cho and Saul
2009); for a Gaussian W1 that is exact. A unit of FlyNet sums seven random pixels, less the mean over the units. The
mean and the covariance of such sums are known exactly, but seven pixels are too few for a normal law. `flynet_kernel`
adds the first term of the Edgeworth series, which corrects for skewness. `exact_flynet_kernel` counts all sets of seven
pixels, for one pair of images.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.networks import FlyNet
from tgsh.runs import free_memory

_LEVELS = 64  # of grey in `exact_flynet_kernel`, at most


def check_kernel_size(n: int, m: int, copies: float = 1) -> None:
    """Check that ``copies`` arrays of ``n`` x ``m`` numbers of 8 bytes fit into the free memory.

    Raises:
        ParameterError: they do not; the message says how much they take.
    """
    needed, free = 8 * n * m * copies, free_memory(torch.device("cpu"))
    if needed > free:
        size = f"{needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free"
        raise ParameterError(f"a kernel of {n:,} x {m:,} images takes {size}; use fewer images")


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
    check_kernel_size(len(variance), len(other_variance), copies=5)
    size = np.sqrt(np.outer(variance, other_variance))
    cosine = np.divide(covariance, size, out=np.zeros_like(size), where=size > 0).clip(-1, 1)
    return size * (np.sqrt(1 - cosine**2) + (math.pi - np.arccos(cosine)) * cosine) / (2 * math.pi)


def as_floating(x: np.ndarray) -> np.ndarray:
    """Return whole numbers in double precision; floating numbers stay as they are, and single precision is faster."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


@finite_arguments
def gaussian_kernel(x: np.ndarray, other: np.ndarray | None = None) -> np.ndarray:
    """Kernel of FlyNet with ``projection="gaussian"``, W1 of independent entries N(0, 1 / pixels); exact.

    In the limit the mean over the units is 0, so ``centred`` makes no difference.

    Args:
        x: ``(N, pixels)`` inputs.
        other: ``(M, pixels)``; default: ``x``.

    Returns:
        ``(N, M)``.
    """
    x, z = (as_floating(u) for u in (x, x if other is None else other))
    return arc_cosine_kernel(x @ z.T / x.shape[1], *((u**2).mean(1) for u in (x, z)))


@finite_arguments
def flynet_kernel(
    x: np.ndarray, other: np.ndarray | None = None, *, fan_in: int = FlyNet.fan_in, skewness: bool = True
) -> np.ndarray:
    """Kernel of FlyNet as published, up to the shape of the law of a sum of ``fan_in`` pixels.

    A unit sums the values of ``fan_in`` distinct random pixels, less the mean of such sums over all units. Covariances
    and third moments of these sums are exact, those of draws without replacement. The law is then taken for normal
    (``skewness=False``; the kernel is the arc-cosine kernel of the correlation of two images over their pixels), or
    corrected by the third-order term of the Edgeworth series (the default). The corrected kernel need not be positive
    definite.

    Args:
        x: ``(N, pixels)`` inputs, at least three pixels; in single precision, the kernel has it too.
        other: ``(M, pixels)``; default: ``x``.
        fan_in: pixels that a unit sums.
        skewness: whether to correct for skewness.

    Returns:
        ``(N, M)``.

    Raises:
        ParameterError: ``fan_in`` is not a whole number from 1 to the number of pixels.
    """
    x, z = (as_floating(u) for u in (x, x if other is None else other))
    P = x.shape[1]
    n = check_int("fan_in", fan_in, 1, P)
    x, z = (u - u.mean(1, keepdims=True) for u in (x, z))
    second = n * (P - n) / (P - 1) / P
    covariance, v, w = second * (x @ z.T), second * (x**2).sum(1), second * (z**2).sum(1)
    kernel = arc_cosine_kernel(covariance, v, w)
    if not skewness:
        return kernel
    # E[relu(z) relu(z')] moves by sum k_abc E[d_a d_b d_c relu(z) relu(z')] / 6 over the third cumulants k of z, z'.
    third = n * (P - n) * (P - 2 * n) / ((P - 1) * (P - 2)) / P
    s, t = (np.sqrt(np.where(u > 0, u, np.inf)) for u in (v, w))
    # A cube as two products: NumPy's power takes as long as the rest of this function twice over.
    own, others = third * (x**2 * x).sum(1) / s**3, third * (z**2 * z).sum(1) / t**3
    mixed = ((x**2) @ z.T) * (third / s)[:, None] + (x @ (z**2).T) * (third / t)
    return kernel + (3 * mixed - (own[:, None] + others) * covariance) / (12 * math.sqrt(2 * math.pi))


@finite_arguments
def exact_flynet_kernel(x: np.ndarray, other: np.ndarray, fan_in: int = FlyNet.fan_in) -> float:
    """Mean of ``relu(z) relu(z')`` over *all* sets of ``fan_in`` distinct pixels, for one pair of images.

    The number of sets with given sums in both images is a coefficient of the elementary symmetric polynomial of degree
    ``fan_in`` in ``u^x[p] v^other[p]``. Newton's identities give that polynomial at all roots of unity, from the power
    sums; a Fourier transform gives its coefficients. Memory: 130 bytes times (``fan_in`` x largest level + 1)^2.

    Args:
        x: ``(pixels,)`` grey levels, whole numbers from 0 to 63.
        other: ``(pixels,)``, likewise.
        fan_in: pixels that a unit sums.

    Returns:
        the kernel of the grey levels; multiply by the square of the step from one level to the next.

    Raises:
        ParameterError: a level is out of range, or ``fan_in`` is not a whole number from 1 to the number of pixels.
    """
    images = [np.asarray(image) for image in (x, other)]
    P = len(images[0])
    n = check_int("fan_in", fan_in, 1, P)
    for image in images:
        if image.shape != (P,) or image.dtype.kind not in "iu" or image.min() < 0 or image.max() >= _LEVELS:
            raise ParameterError(f"both images must be rows of whole numbers from 0 to {_LEVELS - 1}, equally long")
    shape = [n * int(image.max()) + 1 for image in images]
    counts = np.zeros(shape)
    np.add.at(counts, tuple(images), 1 / P)  # of pixels, divided by P, so that no number grows large
    spectrum = np.fft.fft2(counts)
    # The power sum of degree k is the spectrum at k times each frequency.
    rows, columns = (np.arange(size) for size in shape)
    powers = [spectrum[np.ix_(k * rows % shape[0], k * columns % shape[1])] for k in range(1, n + 1)]
    symmetric = [np.ones(shape, dtype=complex)]
    for k in range(1, n + 1):
        terms = ((-1) ** (i - 1) * symmetric[k - i] * powers[i - 1] / P ** (i - 1) for i in range(1, k + 1))
        symmetric.append(sum(terms) / k)
    share = np.fft.ifft2(symmetric[n]).real * (P**n / math.comb(P, n))
    sums = [np.maximum(np.arange(size) - n * image.mean(), 0) for size, image in zip(shape, images, strict=True)]
    return float(sums[0] @ share @ sums[1])
