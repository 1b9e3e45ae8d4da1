"""Contexts for tasks never seen, interpolated from the contexts of tasks on the same axis (ours; not in the paper).

Each method predicts a context as a weighted mean of known contexts. The weights depend on the positions of the tasks
only; no image of any task is used. By Eq. 2 the logits are linear in the context, so the logits under a weighted mean
of contexts are the weighted mean of the logits. A factor common to all weights changes no predicted class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from tgsh.benchmarks import Positions, TaskStream, circular_distance
from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.measures import Profile, context_similarity, similarity_profile
from tgsh.networks import CRWN
from tgsh.runs import parallel_map
from tgsh.training import accuracy_on

Covariance = Callable[[np.ndarray], np.ndarray]
Method = Literal["nearest", "neighbours", "kriging", "Fourier"]

_SAME = 1e-9  # of the period: positions that differ less are one
_GRID = 720  # points on the circle at which a covariance is made positive semidefinite: every half degree


def nearest_weights(known: Positions, targets: Positions, period: float) -> np.ndarray:
    """Weights ``(Q, N)`` that choose the nearest known context; of two equally near ones, the first.

    Args:
        known: ``(N,)`` positions of the tasks whose contexts are known.
        targets: ``(Q,)`` positions to predict at.
        period: length of the axis.
    """
    return np.eye(len(known))[circular_distance(targets, known, period).argmin(1)]


@finite_arguments
def neighbour_weights(known: Positions, targets: Positions, period: float) -> np.ndarray:
    """Weights ``(Q, N)`` of linear interpolation between the two neighbours of each target.

    Args:
        known: ``(N,)`` positions of the tasks whose contexts are known.
        targets: ``(Q,)`` positions to predict at.
        period: length of the axis.

    Raises:
        ParameterError: two known tasks have the same position.
    """
    known = np.asarray(known, float) % period
    order = np.argsort(known)
    ring = np.append(known[order], known[order[0]] + period)
    if (np.diff(ring) <= _SAME * period).any():
        raise ParameterError(f"known must be different positions on a circle of {period:g}; got {known.tolist()}")
    target = (np.asarray(targets, float) - ring[0]) % period + ring[0]
    left = np.clip(np.searchsorted(ring, target, side="right") - 1, 0, len(known) - 1)
    share = (target - ring[left]) / (ring[left + 1] - ring[left])
    weights, row = np.zeros((len(target), len(known))), np.arange(len(target))
    np.add.at(weights, (row, order[left]), 1 - share)
    np.add.at(weights, (row, order[(left + 1) % len(known)]), share)
    return weights


def kriging_weights(
    known: Positions, targets: Positions, period: float, covariance: Covariance, nugget: float = 0.0
) -> np.ndarray:
    """Weights ``(Q, N)`` of simple kriging: the linear prediction with the least mean squared error.

    Solves the normal equations ``(K + nugget I) w = k``, where K holds the covariances of the known contexts, and k
    those with the target. The covariance of two contexts is taken to depend on their distance only, and the units of a
    context to be independent samples of one process on the circle.

    Args:
        known: ``(N,)`` positions of the tasks whose contexts are known.
        targets: ``(Q,)`` positions to predict at.
        period: length of the axis.
        covariance: function of the distances between tasks, elementwise, such as `periodic_covariance`.
        nugget: variance of the noise of each known context, in units of ``covariance(0)``.

    Raises:
        ParameterError: ``nugget`` is negative.
    """
    if not nugget >= 0:
        raise ParameterError(f"nugget must be a number of at least 0; got {nugget!r}")
    K = covariance(circular_distance(known, known, period)) + nugget * covariance(np.zeros(())) * np.eye(len(known))
    k = covariance(circular_distance(targets, known, period))
    return np.linalg.lstsq(K, k.T, rcond=1e-10)[0].T  # least squares, because K can be singular


@finite_arguments
def fourier_weights(known: Positions, targets: Positions, period: float, order: int | None = None) -> np.ndarray:
    """Weights ``(Q, N)`` of the trigonometric polynomial that is the least-squares fit to the known contexts.

    The prediction is exact where contexts are such a polynomial of the position.

    Args:
        known: ``(N,)`` positions of the tasks whose contexts are known; different from each other.
        targets: ``(Q,)`` positions to predict at.
        period: length of the axis.
        order: highest harmonic, which needs ``2 * order + 1`` known tasks; default: the highest possible,
            ``(N - 1) // 2``.

    Raises:
        ParameterError: ``order`` is negative, or there are too few known tasks for it.
    """
    most = (len(known) - 1) // 2
    order = most if order is None else check_int("order", order, 0, most, hint=f" ({len(known)} known tasks)")

    def waves(positions: Positions) -> np.ndarray:
        angle = 2 * np.pi / period * np.outer(np.asarray(positions, float), np.arange(order + 1))
        return np.hstack([np.cos(angle), np.sin(angle[:, 1:])])

    return waves(targets) @ np.linalg.pinv(waves(known))


def periodic_covariance(profile: Profile, period: float) -> Covariance:
    """Turn a measured similarity profile into a covariance function on the circle, with value 1 at distance 0.

    A periodic cubic spline interpolates between the measured distances. A covariance on a circle has no negative
    Fourier coefficients, so those of the spline are set to 0.

    Args:
        profile: similarity over distance.
        period: length of the axis.

    Raises:
        ParameterError: a distance is 0, so two known tasks have the same position.
    """
    if profile.distance.min() <= _SAME * period:
        raise ParameterError("known must be different positions; two known tasks have the same")
    distance = np.concatenate([[0.0], profile.distance])
    mean = np.concatenate([[1.0], profile.mean])
    inner = distance < period / 2 * (1 - 1e-9)  # distances that occur on both sides of the circle
    ring = np.concatenate([distance, (period - distance[inner])[::-1]])
    spline = CubicSpline(ring, np.concatenate([mean, mean[inner][::-1]]), bc_type="periodic")
    power = np.fft.rfft(spline(np.arange(_GRID) * period / _GRID)).real.clip(min=0)
    smooth = np.fft.irfft(power, _GRID)
    closed = CubicSpline(np.arange(_GRID + 1) * period / _GRID, np.append(smooth, smooth[0]), bc_type="periodic")
    return lambda distance: closed(distance) / smooth[0]


@finite_arguments
def weights_by_method(
    contexts: Tensor, known: Positions, targets: Positions, period: float, nugget: float = 0.0
) -> dict[Method, np.ndarray]:
    """Weights ``(Q, N)`` of each of the four methods, by name.

    Args:
        contexts: known contexts ``(N, H)``, on which the covariance is measured.
        known: ``(N,)`` their positions.
        targets: ``(Q,)`` positions to predict at.
        period: length of the axis.
        nugget: as in `kriging_weights`.

    Raises:
        ParameterError: two known tasks have the same position, or ``nugget`` is negative.
    """
    profile = similarity_profile(context_similarity(contexts), circular_distance(known, known, period))
    covariance = periodic_covariance(profile, period)
    return {
        "nearest": nearest_weights(known, targets, period),
        "neighbours": neighbour_weights(known, targets, period),
        "kriging": kriging_weights(known, targets, period, covariance, nugget),
        "Fourier": fourier_weights(known, targets, period),
    }


@finite_arguments
def combine_contexts(contexts: Tensor, weights: np.ndarray) -> Tensor:
    """Predict contexts ``(Q, H)``: the product of ``weights`` ``(Q, N)`` and known contexts ``(N, H)``."""
    return torch.as_tensor(weights, dtype=contexts.dtype, device=contexts.device) @ contexts


def accuracy_of_sets(net: CRWN, stream: TaskStream, sets: Sequence[Tensor]) -> Tensor:
    """Test accuracy of several sets of contexts, each of which has one context for each task.

    Args:
        net: the network; its own contexts are not used.
        stream: the tasks.
        sets: S sets of contexts ``(T, H)``.

    Returns:
        ``(S, T)``, in [0, 1]: entry (s, t) is the accuracy on task t under context t of set s.
    """
    columns = parallel_map(
        lambda t: accuracy_on(net, stream, t, torch.stack([one[t] for one in sets])), range(len(stream)), net.W2.device
    )
    return torch.stack(list(columns), dim=1)
