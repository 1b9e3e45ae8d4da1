"""The graph of tasks: each joined to its nearest; eigenfunctions of its Laplacian (Koestler and others 2022).

On a cycle the eigenfunctions are sines and cosines, the slowest first. So a graph that was made from contexts alone
says how its tasks are arranged: its slowest eigenfunctions are functions of the angle, if there is one.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import subspace_angles

from tgsh.errors import ParameterError, check_int, check_positive, finite_arguments
from tgsh.extensions.lenses._shape._topology import check_distances


def nearest_graph(distances: np.ndarray, n_neighbours: int = 2) -> np.ndarray:
    """Boolean graph ``(T, T)``: one of two tasks is among the ``n_neighbours`` tasks nearest to the other.

    Args:
        distances: ``(T, T)``. Of equally near tasks the first are taken.
        n_neighbours: from 1 to T - 1.

    Raises:
        ParameterError: the matrix is not one of distances, or ``n_neighbours`` is out of range.
    """
    distances = check_distances(distances)
    T = len(distances)
    check_int("n_neighbours", n_neighbours, 1, T - 1)
    others = np.where(np.eye(T, dtype=bool), np.inf, distances)
    graph = np.zeros((T, T), dtype=bool)
    np.put_along_axis(graph, np.argsort(others, axis=1, kind="stable")[:, :n_neighbours], True, axis=1)
    return graph | graph.T


def laplacian(graph: np.ndarray) -> np.ndarray:
    """Laplacian ``(T, T)`` of a graph: number of neighbours on the diagonal, -1 for each edge."""
    weights = np.asarray(graph, dtype=float)
    return np.diag(weights.sum(1)) - weights


@finite_arguments
def laplacian_modes(graph: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues ``(T,)`` of the Laplacian, ascending, and eigenfunctions ``(T, T)``, the columns.

    There are as many zeros among the eigenvalues as connected parts of the graph.
    """
    return np.linalg.eigh(laplacian(graph))


@finite_arguments
def harmonic_share(modes: np.ndarray, positions: np.ndarray, period: float, n_frequencies: int) -> float:
    """Share in [0, 1] of the slowest eigenfunctions that sines and cosines of the position explain.

    The eigenfunctions are the first ``2 * n_frequencies`` after the constant, the waves those of the frequencies 1 to
    ``n_frequencies``. It is 1 on a cycle; of unrelated functions of T tasks it is about ``2 * n_frequencies / T``.

    Args:
        modes: ``(T, T)``, from `laplacian_modes`.
        positions: ``(T,)`` positions of the tasks on a circle.
        period: length of the circle.
        n_frequencies: from 1 to ``(T - 1) // 2``.

    Raises:
        ParameterError: there are not T positions, or a setting is out of range.
    """
    T, period = len(modes), check_positive("period", period)
    positions = np.asarray(positions, dtype=float)
    if positions.shape != (T,):
        raise ParameterError(f"there are {T} tasks but {positions.size} positions")
    n = check_int("n_frequencies", n_frequencies, 1, (T - 1) // 2)
    angle = 2 * np.pi / period * np.outer(positions, np.arange(1, n + 1))
    waves = np.hstack([np.cos(angle), np.sin(angle)])
    return float((np.cos(subspace_angles(modes[:, 1 : 2 * n + 1], waves)) ** 2).mean())
