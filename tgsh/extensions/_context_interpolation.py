"""Contexts for tasks never seen, interpolated from the contexts of tasks on the same axis (ours; not in the paper).

Every method here is a weighted mean of known contexts, with weights that depend on positions alone: no image of the new
task, and none of the old ones, is looked at. Logits are linear in the context (Eq. 2), so a mean of contexts is
also the network whose logits are the mean of the known tasks' logits; and a factor common to all weights changes no
prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from tgsh.benchmarks import Positions, TaskStream, circular_distance
from tgsh.errors import ParameterError, check_int
from tgsh.measures import Profile, context_similarity, similarity_profile
from tgsh.networks import FlyNet
from tgsh.training import accuracy_on

Covariance = Callable[[np.ndarray], np.ndarray]


_GRID = 720  # points on the circle where a covariance is made admissible: half a degree


def nearest_weights(known: Positions, targets: Positions, period: float) -> np.ndarray:
    """``(Q, N)``: the nearest known context as it is; of two equally near, the one listed first."""
    return np.eye(len(known))[circular_distance(targets, known, period).argmin(1)]


def neighbour_weights(known: Positions, targets: Positions, period: float) -> np.ndarray:
    """``(Q, N)``: the mean of the two neighbours, each combine_contexts by how near it is; half and half in the middle.

    Raises:
        ParameterError: two known tasks share a position.
    """
    known = np.asarray(known, float) % period
    order = np.argsort(known)
    ring = np.append(known[order], known[order[0]] + period)
    if (np.diff(ring) <= 0).any():
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
    """``(Q, N)``: the best linear prediction if the covariance of two contexts depends on their distance alone.

    The normal equations of simple kriging, ``(K + nugget I) w = k``; the units of a context are taken as independent
    samples of one and the same process on the circle.

    Args:
        covariance: of the distance of two tasks, elementwise, as `periodic_covariance` measures it.
        nugget: variance of what every known context has by itself, in units of ``covariance(0)``.

    Raises:
        ParameterError: a negative ``nugget``.
    """
    if not nugget >= 0:
        raise ParameterError(f"nugget must be a number of at least 0; got {nugget!r}")
    K = covariance(circular_distance(known, known, period)) + nugget * covariance(np.zeros(())) * np.eye(len(known))
    k = covariance(circular_distance(targets, known, period))
    return np.linalg.lstsq(K, k.T, rcond=1e-10)[0].T  # least squares: a circle planted in a plane has a singular K


def fourier_weights(known: Positions, targets: Positions, period: float, order: int | None = None) -> np.ndarray:
    """``(Q, N)``: the trigonometric polynomial that fits the known contexts best, evaluated at the targets.

    Exact for contexts that are such a polynomial of the position. Needs ``2 * order + 1`` known tasks.

    Args:
        order: highest harmonic; default: the highest that N known tasks determine, ``(N - 1) // 2``.

    Raises:
        ParameterError: ``order`` is negative or more than the known tasks determine.
    """
    most = (len(known) - 1) // 2
    order = most if order is None else check_int("order", order, 0, most, hint=f" ({len(known)} known tasks)")

    def waves(positions: Positions) -> np.ndarray:
        angle = 2 * np.pi / period * np.outer(np.asarray(positions, float), np.arange(order + 1))
        return np.hstack([np.cos(angle), np.sin(angle[:, 1:])])

    return waves(targets) @ np.linalg.pinv(waves(known))


def periodic_covariance(profile: Profile, period: float) -> Covariance:
    """The measured similarity profile as a covariance function on the circle, 1 at distance 0.

    A periodic cubic spline joins the distances that were measured. No process on a circle has a covariance with a
    negative Fourier coefficient, so those that the spline has are set to 0.
    """
    distance = np.concatenate([[0.0], profile.distance])
    mean = np.concatenate([[1.0], profile.mean])
    inner = distance < period / 2 * (1 - 1e-9)  # distances with a mirror image on the other way round
    ring = np.concatenate([distance, (period - distance[inner])[::-1]])
    spline = CubicSpline(ring, np.concatenate([mean, mean[inner][::-1]]), bc_type="periodic")
    power = np.fft.rfft(spline(np.arange(_GRID) * period / _GRID)).real.clip(min=0)
    smooth = np.fft.irfft(power, _GRID)
    closed = CubicSpline(np.arange(_GRID + 1) * period / _GRID, np.append(smooth, smooth[0]), bc_type="periodic")
    return lambda distance: closed(distance) / smooth[0]


def weights_by_method(
    contexts: Tensor, known: Positions, targets: Positions, period: float, nugget: float = 0.0
) -> dict[str, np.ndarray]:
    """The weights ``(Q, N)`` of all four methods. The covariance is measured on the known ``contexts`` ``(N, H)``."""
    profile = similarity_profile(context_similarity(contexts), circular_distance(known, known, period))
    covariance = periodic_covariance(profile, period)
    return {
        "nearest": nearest_weights(known, targets, period),
        "neighbours": neighbour_weights(known, targets, period),
        "kriging": kriging_weights(known, targets, period, covariance, nugget),
        "Fourier": fourier_weights(known, targets, period),
    }


def combine_contexts(contexts: Tensor, weights: np.ndarray) -> Tensor:
    """Predicted contexts ``(Q, H)``: ``weights`` ``(Q, N)`` times known contexts ``(N, H)``."""
    return torch.as_tensor(weights, dtype=contexts.dtype, device=contexts.device) @ contexts


@torch.no_grad()
def accuracy_of_sets(net: FlyNet, stream: TaskStream, sets: Sequence[Tensor]) -> Tensor:
    """Test accuracy ``(S, T)`` in [0, 1]: of context t of set s, each set ``(T, H)``, on task t of ``stream``."""
    columns = [accuracy_on(net, stream, t, torch.stack([one[t] for one in sets])) for t in range(len(stream))]
    return torch.stack(columns, dim=1)
