"""Effective rank and decay of a spectrum (RankMe, alpha-ReQ), and their phases during training.

Li and others (2025) follow both over the training of language models, and report three phases: the rank falls, rises,
and falls again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int, finite_arguments


def rank_me(points: Tensor) -> float:
    """RankMe (Garrido and others 2023): the exponential of the entropy of the singular values, which are not squared.

    n equal singular values give n, a single one gives 1. The points are not centred.

    Args:
        points: ``(n, d)``.

    Raises:
        ParameterError: all points are zero.
    """
    sizes = _singular_values(points)
    p = sizes / sizes.sum()
    p = p[p > 0]
    return float(np.exp(-(p * np.log(p)).sum()))


@finite_arguments
def spectral_decay(points: Tensor, first: int = 1, last: int | None = None) -> float:
    """alpha-ReQ (Agrawal and others 2022): the exponent a of a power law ``k^-a`` fitted to the variances.

    The variances are the squared singular values of the centred points, in descending order. The slope is that of a
    straight line through their logarithms over the logarithm of k. The ends of a spectrum from few points do not
    follow a power law, so the fit needs limits.

    Args:
        points: ``(n, d)``.
        first, last: the variances that are fitted, counted from 1; default: all that are not zero.

    Raises:
        ParameterError: there are fewer than three such variances.
    """
    variances = _singular_values(points.double() - points.double().mean(0)) ** 2
    positive = int((variances > 1e-12 * variances[0]).sum())
    last = positive if last is None else check_int("last", last, 3, positive)
    first = check_int("first", first, 1, max(1, last - 2))
    if last - first < 2:
        raise ParameterError(f"a power law needs at least three variances; got {positive}")
    k = np.arange(first, last + 1)
    slope, _ = np.polyfit(np.log(k), np.log(variances[first - 1 : last]), 1)
    return float(-slope)


@torch.no_grad()
@finite_arguments
def _singular_values(points: Tensor) -> np.ndarray:
    tall = points.double() if points.shape[0] >= points.shape[1] else points.double().T
    # The triangle of a QR decomposition has the same singular values, and is small; ten times as fast.
    sizes = torch.linalg.svdvals(torch.linalg.qr(tall, mode="r").R).numpy()
    if not len(sizes) or sizes[0] == 0:
        raise ParameterError("all points are the same or zero, so they have no spectrum")
    return sizes


def phases(values: Sequence[float], tolerance: float = 0.05) -> list[str]:
    """Phases of a series: ``"falls"`` and ``"rises"`` in turn.

    A phase counts if the series changes by more than ``tolerance``, relative to where the phase begins; smaller changes
    are counted as part of the phase around them. A series of smaller changes has no phase.

    Args:
        values: above 0, in the order of training.
        tolerance: 0 or more.

    Raises:
        ParameterError: a value is not above 0 and finite, or ``tolerance`` is negative.
    """
    series = np.asarray(values, dtype=float)
    if not (np.isfinite(series).all() and (series > 0).all()):
        raise ParameterError("the values of a series must be finite and above 0")
    if not tolerance >= 0:
        raise ParameterError(f"tolerance must be 0 or more; got {tolerance!r}")
    found: list[str] = []
    low = high = series[0] if len(series) else 1.0  # extremes since the phase began
    for value in series:
        low, high = min(low, value), max(high, value)
        if found[-1:] != ["rises"] and value > low * (1 + tolerance):
            found.append("rises")
            high = value
        elif found[-1:] != ["falls"] and value < high * (1 - tolerance):
            found.append("falls")
            low = value
    return found
