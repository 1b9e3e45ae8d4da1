"""Ollivier-Ricci curvature of the edges of a graph (Ollivier 2009; used on graphs of EEG channels by Choi 2025).

Start a random walk at either end of an edge. Where the two walks come closer in one step, the curvature is positive,
as on a sphere; where they stay as far apart it is 0, as on a cycle or a grid; where they part it is negative, as on a
tree.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse.csgraph import shortest_path

from tgsh.errors import ParameterError, finite_arguments


@finite_arguments
def transport_cost(source: np.ndarray, target: np.ndarray, costs: np.ndarray) -> float:
    """Wasserstein distance of order 1 between two distributions, as a linear program (SciPy's HiGHS).

    Args:
        source: ``(n,)`` probabilities.
        target: ``(m,)`` probabilities.
        costs: ``(n, m)`` distances between their points.

    Raises:
        ParameterError: the two do not sum to the same, or the shapes do not fit.
    """
    source, target, costs = (np.asarray(part, dtype=float) for part in (source, target, costs))
    if costs.shape != (len(source), len(target)):
        raise ParameterError(f"costs must have shape {(len(source), len(target))}; got {costs.shape}")
    if not np.isclose(source.sum(), target.sum()):
        raise ParameterError(f"both distributions must have one sum; got {source.sum():g} and {target.sum():g}")
    n, m = costs.shape
    leaves, arrives = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    # The last equation follows from the others.
    given = linprog(costs.ravel(), A_eq=np.vstack([leaves, arrives])[:-1], b_eq=np.append(source, target)[:-1])
    return float(given.fun)


def ollivier_ricci(graph: np.ndarray, idleness: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Curvature of each edge: 1 less the transport distance between the steps of two walks that start at its ends.

    Args:
        graph: Boolean, symmetric ``(T, T)``, with no task joined to itself. Distances are numbers of links.
        idleness: probability in [0, 1) that a walk stays where it is.

    Returns:
        ``(E, 2)`` edges, the smaller number first, and their curvatures ``(E,)``, from -2 to 1.

    Raises:
        ParameterError: ``graph`` is not such a matrix, or ``idleness`` is out of range.
    """
    graph = np.asarray(graph, dtype=bool)
    if graph.ndim != 2 or not np.array_equal(graph, graph.T) or graph.diagonal().any():
        raise ParameterError("graph must be a symmetric matrix in which no task is joined to itself")
    if not 0 <= idleness < 1:
        raise ParameterError(f"idleness must be at least 0 and below 1; got {idleness!r}")
    links = shortest_path(graph.astype(float), unweighted=True)
    degrees = graph.sum(1, keepdims=True)
    steps = idleness * np.eye(len(graph)) + (1 - idleness) * graph / np.maximum(degrees, 1)
    edges = np.argwhere(np.triu(graph))
    supports = [np.flatnonzero(row) for row in steps]
    costs = [
        transport_cost(steps[i, a], steps[j, b], links[np.ix_(a, b)])
        for i, j in edges
        for a, b in [(supports[i], supports[j])]
    ]
    return edges, 1 - np.array(costs)
