"""Persistent homology: the holes of a set of points, at every scale of distance (Lin, Kriegeskorte 2023).

Join all points that are closer than a distance d, fill in triangles and tetrahedra, and let d grow. A hole appears at
one distance (its birth) and is filled at another (its death). A circle has one loop that lives long; a torus has two
loops and one cavity. The ratio of death to birth does not depend on the scale of the points, so holes of different sets
can be compared by it; the short-lived holes of noise have a ratio near 1 (Bobrowski, Skraba 2023).
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from tgsh.errors import ParameterError, check_int, check_positive, finite_arguments
from tgsh.measures import context_similarity


def chord_distances(contexts: Tensor) -> np.ndarray:
    """Euclidean distances ``(T, T)`` between contexts ``(T, H)`` of length 1, ``sqrt(2 - 2 cosine)``: from 0 to 2."""
    distances = np.sqrt(2 - 2 * context_similarity(contexts))
    np.fill_diagonal(distances, 0)
    return distances


@finite_arguments
def check_distances(distances: np.ndarray) -> np.ndarray:
    """Check that a matrix ``(T, T)`` holds distances, and return it as floats.

    Raises:
        ParameterError: it is not square and symmetric with a diagonal of zeros, or a distance is negative.
    """
    distances = np.asarray(distances, dtype=float)
    square = distances.ndim == 2 and distances.shape[0] == distances.shape[1]
    if not square or not np.allclose(distances, distances.T) or np.diag(distances).any() or distances.min() < 0:
        raise ParameterError("distances must be a symmetric matrix, 0 on the diagonal and not negative elsewhere")
    return distances


def persistent_holes(distances: np.ndarray, max_dimension: int = 1, limit: float | None = None) -> list[np.ndarray]:
    """Holes of each dimension by ripser (Bauer 2021): loops (dimension 1), cavities (dimension 2) and so on.

    Args:
        distances: ``(T, T)`` distances between points.
        max_dimension: the highest dimension. Time and memory grow as ``T ** (max_dimension + 2)``.
        limit: the distance at which the search ends; a hole that is open then dies there. Default: none. A limit below
            most of the distances saves most of the time.

    Returns:
        for each dimension from 1 on, ``(n, 2)`` births and deaths, in descending order of their ratio.

    Raises:
        ParameterError: the matrix is not one of distances, a setting is out of range, or ripser is not installed.
    """
    distances = check_distances(distances)
    max_dimension = check_int("max_dimension", max_dimension, 1)
    limit = float(distances.max()) if limit is None else check_positive("limit", limit)
    try:
        from ripser import ripser
    except ImportError:
        raise ParameterError("persistent homology needs ripser: pip install .[lenses]") from None
    found = ripser(distances, maxdim=max_dimension, thresh=limit, distance_matrix=True)["dgms"][1:]
    cut = [np.minimum(holes.astype(float), limit) for holes in found]  # ripser gives an open hole an infinite death
    return [holes[np.argsort(-persistence(holes), kind="stable")] for holes in cut]


@finite_arguments
def persistence(holes: np.ndarray) -> np.ndarray:
    """Ratio ``(n,)`` of death to birth of holes ``(n, 2)``, at least 1; a hole of points that coincide has infinity."""
    births, deaths = np.asarray(holes, dtype=float).reshape(-1, 2).T
    return np.divide(deaths, births, out=np.full(len(births), np.inf), where=births > 0)


def count_holes(holes: np.ndarray, ratio: float) -> int:
    """Number of the holes ``(n, 2)`` whose death is at least ``ratio`` times their birth: a Betti number.

    Raises:
        ParameterError: ``ratio`` is not above 1.
    """
    if not ratio > 1:
        raise ParameterError(f"ratio must be above 1; got {ratio!r}")
    return int((persistence(holes) >= ratio).sum())
