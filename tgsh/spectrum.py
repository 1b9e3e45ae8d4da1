"""The shape of contexts whose tasks lie evenly on a circle: Fourier spectrum, embedding, dimension (our question).

Where similarity depends on the distance of two tasks only, the similarity matrix of tasks at equal steps round a circle
is circulant: every row is the one above it, moved by one. Its eigenvectors are then sines and cosines, whatever the
similarities are, and its eigenvalues the Fourier transform of one row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from scipy.sparse.csgraph import shortest_path
from torch import Tensor

from tgsh.errors import ParameterError, check_int
from tgsh.geometry import by_distance, pairs_of


def circulant_part(similarity: np.ndarray) -> np.ndarray:
    """The symmetric circulant matrix closest to a matrix ``(T, T)``: the mean along each wrapped diagonal."""
    step = np.arange(len(similarity))
    apart = np.abs(step[:, None] - step)
    return by_distance(similarity, np.minimum(apart, len(step) - apart))


def circulant_share(similarity: np.ndarray) -> float:
    """Share of the variance of the pairs of different tasks that their distance explains, at most 1."""
    pairs = pairs_of(similarity)
    rest = pairs - pairs_of(circulant_part(similarity))
    return float(1 - rest.var() / pairs.var()) if pairs.var() > 0 else float("nan")


def fourier_power(similarity: np.ndarray) -> np.ndarray:
    """Share of every frequency 0 to T // 2 in the trace of a similarity matrix ``(T, T)``: ``(T // 2 + 1,)``.

    The eigenvalues of its circulant part, those of a frequency (one sine, one cosine) added up, over their sum. Of
    cosine similarities of contexts none is below 0; of similarities between two runs, noise may be.
    """
    T = len(similarity)
    eigenvalues = np.fft.rfft(circulant_part(similarity)[0]).real
    twice = np.ones(len(eigenvalues))
    twice[1 : (T + 1) // 2] = 2
    return twice * eigenvalues / np.trace(similarity)


def fourier_coordinates(contexts: Tensor, reference: Tensor, frequency: int) -> np.ndarray:
    """Where contexts ``(T, H)`` lie in the plane of one frequency of the contexts ``reference`` ``(T, H)``: ``(T, 2)``.

    The plane is spanned by the sums of the reference's normalised contexts, weighted with the cosine and the sine of
    ``frequency`` turns over the circle of tasks; 1 is the length of a context. Where similarity depends on the distance
    of tasks only, contexts lie evenly on a circle in it and go round ``frequency`` times.

    Take the reference from another run. In a plane of their own *any* T unrelated contexts lie on a circle, of radius
    sqrt(2 / T): each has a share in the sums. In the plane of another run, unrelated contexts lie near 0.

    Raises:
        ParameterError: a frequency that is not from 1 to (T - 1) // 2.
    """
    T = len(contexts)
    check_int("frequency", frequency, 1, (T - 1) // 2)
    angle = 2 * np.pi * frequency * np.arange(T) / T
    weights = np.stack([np.cos(angle), np.sin(angle)])
    axes = weights @ _unit(reference)
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return _unit(contexts) @ axes.T


def _unit(contexts: Tensor) -> np.ndarray:
    return F.normalize(contexts.detach().double().cpu(), dim=1).numpy()


def between_runs(one: Tensor, other: Tensor) -> np.ndarray:
    """Similarity of the contexts of two runs, ``(T, T)``, made symmetric, from ``(T, H)`` each.

    Both runs share W1 and W2. What is particular to a run does not repeat, so it adds nothing to the mean of these
    numbers, the diagonal included, whereas within a run it puts 1 on the diagonal.
    """
    cross = _unit(one) @ _unit(other).T
    return (cross + cross.T) / 2


def linear_dimension(similarity: np.ndarray) -> float:
    """Participation ratio of the eigenvalues, (sum)^2 / sum of squares: how many directions the contexts fill."""
    return float(np.trace(similarity) ** 2 / (similarity**2).sum())


def neighbour_graph(similarity: np.ndarray, n_neighbours: int = 2) -> np.ndarray:
    """Boolean ``(T, T)``: whether one of two tasks is among the ``n_neighbours`` tasks most similar to the other."""
    T = len(similarity)
    check_int("n_neighbours", n_neighbours, 1, T - 1)
    others = np.where(np.eye(T, dtype=bool), -np.inf, similarity)
    nearest = np.argsort(-others, axis=1)[:, :n_neighbours]
    graph = np.zeros((T, T), dtype=bool)
    np.put_along_axis(graph, nearest, True, axis=1)
    return graph | graph.T


@dataclass(frozen=True)
class NeighbourShape:
    """What the graph of nearest contexts looks like, the similarities themselves forgotten.

    Attributes:
        is_ring: whether it is one closed chain that holds every task.
        recovered: share of the tasks that are next to each other on the circle and are joined in the graph.
        dimension: growth of neighbourhoods. If the mean number of tasks within r links grows as r^d, this is d: 1 on a
            ring, 2 on a sheet. nan where the graph is too small, or in pieces.
    """

    is_ring: bool
    recovered: float
    dimension: float


def neighbour_shape(similarity: np.ndarray, n_neighbours: int = 2) -> NeighbourShape:
    """Read the shape of contexts off their nearest neighbours: tasks at equal steps round a circle, in order.

    Raises:
        ParameterError: fewer than four tasks.
    """
    T = len(similarity)
    if T < 4:
        raise ParameterError(f"a ring needs at least four tasks; got {T}")
    graph = neighbour_graph(similarity, n_neighbours)
    links = shortest_path(graph, unweighted=True)
    connected = bool(np.isfinite(links).all())
    next_one = (np.arange(T) + 1) % T
    return NeighbourShape(
        is_ring=connected and bool((graph.sum(1) == 2).all()),
        recovered=float(graph[np.arange(T), next_one].mean()),
        dimension=_growth(links) if connected else float("nan"),
    )


def _growth(links: np.ndarray) -> float:
    # Slope of log(neighbours within r links) over log r, up to half of the largest distance: beyond it, a closed
    # shape runs out of tasks.
    radii = np.arange(1, links.max() // 2 + 1)
    if len(radii) < 2:
        return float("nan")
    within = np.array([(links <= r).sum(1).mean() - 1 for r in radii])
    return float(np.polyfit(np.log(radii), np.log(within), 1)[0])
