"""Distances along a manifold from the diffusion of heat (Huguet and others 2023), and angles read from distances.

Varadhan's formula: heat that starts at x and spreads along a manifold reaches y, after a short time t, in the amount
``H_t(x, y) ~ exp(-d(x, y)^2 / 4t)``, with d the length of the shortest way on the manifold. So ``-4 t log H_t`` gives
distances *along* the family of tasks, where the distance of two contexts only says that both are far from each other.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

from tgsh.errors import ParameterError, check_positive, finite_arguments
from tgsh.extensions.lenses._shape._graph import laplacian
from tgsh.extensions.lenses._shape._topology import check_distances

_TINY = 1e-300  # heat below it counts as this much


def heat_geodesics(graph: np.ndarray, time: float = 10.0) -> np.ndarray:
    """Distances ``(T, T)`` along a graph from the heat kernel ``exp(-time * L)``, in units of a link on a long path.

    ``d^2 = -4 t log(H(x, y) / sqrt(H(x, x) H(y, y)))``: the diagonal is taken out, so that the distance of a task from
    itself is 0. A short time gives multiples of a link, a long time lets heat arrive both ways round a cycle.

    Args:
        graph: Boolean ``(T, T)``, connected, such as from `nearest_graph`.
        time: of the diffusion, above 0.

    Raises:
        ParameterError: ``time`` is not above 0, or some heat never arrives: the graph has several parts.
    """
    time = check_positive("time", time)
    heat = expm(-time * laplacian(graph))
    own = np.sqrt(np.diag(heat))
    if heat.min() <= _TINY:
        raise ParameterError("heat does not reach every task: the graph has several parts, or the time is too short")
    distances = np.sqrt(np.maximum(-4 * time * np.log(heat / np.outer(own, own)), 0))
    np.fill_diagonal(distances, 0)
    return (distances + distances.T) / 2


def angles_from_distances(distances: np.ndarray) -> np.ndarray:
    """Angles ``(T,)`` in degrees of tasks in the plane that fits distances ``(T, T)`` best: classical scaling.

    Distances on a circle determine angles up to the choice of the zero and of the direction.

    Raises:
        ParameterError: the matrix is not one of distances, or fewer than three tasks.
    """
    distances = check_distances(distances)
    T = len(distances)
    if T < 3:
        raise ParameterError(f"a circle needs at least three tasks; got {T}")
    centre = np.eye(T) - 1 / T
    values, vectors = np.linalg.eigh(-centre @ distances**2 @ centre / 2)
    x, y = (vectors[:, -2:] * np.sqrt(values[-2:].clip(min=0))).T
    return np.degrees(np.arctan2(y, x)) % 360


@finite_arguments
def angle_error(angles: np.ndarray, known: np.ndarray) -> float:
    """Mean difference in degrees, 0 to 90, of angles ``(T,)`` from the known ones, at the best turn and direction.

    Angles at random have an error of nearly 90 degrees, a little less because the best turn is taken.

    Raises:
        ParameterError: there are not as many angles as known ones.
    """
    angles, known = np.asarray(angles, dtype=float), np.asarray(known, dtype=float)
    if angles.shape != known.shape or angles.ndim != 1:
        raise ParameterError(f"there are {known.size} known angles but {angles.size} others")
    # The mean difference is smallest where one of the differences is 0 (a median), so these turns are tried.
    apart = np.concatenate([sign * angles - known for sign in (1, -1)]).reshape(2, 1, -1)
    turned = (apart - apart.reshape(2, -1, 1) + 180) % 360 - 180
    return float(np.abs(turned).mean(2).min())


@finite_arguments
def distance_error(distances: np.ndarray, known: np.ndarray) -> float:
    """Mean difference of distances ``(T, T)`` from known ones, over all pairs, in the unit of the known ones.

    Distances are multiplied by the factor that fits the known ones best (least squares).

    Raises:
        ParameterError: the shapes differ, or all distances are 0.
    """
    distances, known = check_distances(distances), check_distances(known)
    if distances.shape != known.shape:
        raise ParameterError(f"distances have shape {distances.shape}, the known ones {known.shape}")
    pairs = np.triu_indices(len(known), 1)
    found, true = distances[pairs], known[pairs]
    if not found.any():
        raise ParameterError("all distances are 0")
    return float(np.abs(found * (found @ true) / (found @ found) - true).mean())
