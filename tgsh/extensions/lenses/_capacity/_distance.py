"""Distances on a graph of tasks, distance to a manifold, and the radius of a set of samples.

Three short instruments: transfer over a graph of domains (after multi-domain graph gluing), the unsigned distance of a
point from a surface that is known by samples (Chibane, Mir, Pons-Moll 2020), and the empirical radius of a manifold,
which is finite only if it stops growing with the number of samples (Di Santi 2025).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse.csgraph import shortest_path
from torch import Tensor

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.extensions.lenses._shape._graph import nearest_graph
from tgsh.seeding import generator


@finite_arguments
def graph_distances(distances: np.ndarray, n_neighbours: int = 2) -> np.ndarray:
    """Length ``(T, T)`` of the shortest path between tasks, over edges from each task to its nearest neighbours.

    Args:
        distances: ``(T, T)``, symmetric, the lengths of possible edges; 0 only on the diagonal.
        n_neighbours: edges that each task has at least. It is raised until the graph is connected.

    Raises:
        ParameterError: the matrix is not one of distances, or ``n_neighbours`` is not from 1 to T - 1.
    """
    T = len(distances)
    n_neighbours = check_int("n_neighbours", n_neighbours, 1, T - 1)
    for n in range(n_neighbours, T):
        links = nearest_graph(distances, n)
        found = shortest_path(np.where(links, distances, 0), directed=False)
        if np.isfinite(found).all():
            break
    return found


@finite_arguments
def manifold_distances(points: Tensor, manifolds: Sequence[Tensor]) -> np.ndarray:
    """Euclidean distance ``(n, T)`` of points ``(n, d)`` from manifolds: from the nearest of the samples ``(M, d)``.

    Raises:
        ParameterError: there is no manifold.
    """
    from sklearn.neighbors import NearestNeighbors  # here, since importing it takes half a second

    if not len(manifolds):
        raise ParameterError("distances need a manifold; got none")
    columns = [NearestNeighbors(n_neighbors=1).fit(m.numpy()).kneighbors(points.numpy())[0][:, 0] for m in manifolds]
    return np.stack(columns, axis=1)


@torch.no_grad()
@finite_arguments
def empirical_radius(points: Tensor, sizes: Sequence[int], n_draws: int = 20, seed: int = 0) -> np.ndarray:
    """Largest distance from the centre among the first n of N points in random order, for each of several n.

    The centre is the mean of all N points. A set of finite extent has a radius that saturates; that of a normal
    distribution grows without end.

    Args:
        points: ``(N, d)``.
        sizes: ``(S,)`` numbers n of points, from 1 to N.
        n_draws: number of random orders.
        seed: of these.

    Returns:
        ``(S,)``, mean over the orders.

    Raises:
        ParameterError: a size is out of range, or ``n_draws`` is below 1.
    """
    n_draws = check_int("n_draws", n_draws, 1)
    sizes = [check_int("sizes", n, 1, len(points)) for n in sizes]
    distance = (points.double() - points.double().mean(0)).norm(dim=1)
    source, grown = generator(seed, "radius"), []
    for _ in range(n_draws):
        order = torch.randperm(len(points), generator=source)
        grown.append(distance[order].cummax(0).values[[n - 1 for n in sizes]].numpy())
    return np.mean(grown, axis=0)
