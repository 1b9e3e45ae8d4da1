"""Contexts of tasks at equal steps round a circle: Fourier spectrum, plane of a frequency, dimension (ours).

Where similarity depends only on the distance of two tasks, the similarity matrix is circulant: each row is the row
above it, shifted by one. Its eigenvectors are then sines and cosines, whatever the similarities are, and its
eigenvalues are the Fourier transform of one row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.measures._similarity import by_distance, context_similarity, is_flat, pairs_of


def circulant_part(similarity: np.ndarray) -> np.ndarray:
    """The symmetric circulant matrix closest to a matrix ``(T, T)``: the mean along each wrapped diagonal."""
    step = np.arange(len(similarity))
    apart = np.abs(step[:, None] - step)
    return by_distance(similarity, np.minimum(apart, len(step) - apart))


def circulant_share(similarity: np.ndarray) -> float:
    """Share of the variance over pairs of different tasks that is explained by their distance, at most 1.

    It is nan where all pairs are equally similar.
    """
    pairs = pairs_of(similarity)
    rest = pairs - pairs_of(circulant_part(similarity))
    return float("nan") if is_flat(pairs) else float(1 - rest.var() / pairs.var())


@finite_arguments
def fourier_power(similarity: np.ndarray) -> np.ndarray:
    """Share of each frequency, 0 to T // 2, in the trace of a similarity matrix ``(T, T)``: ``(T // 2 + 1,)``.

    The eigenvalues of the circulant part, summed over the sine and the cosine of each frequency, divided by their
    total. For cosine similarities of contexts no share is negative; for similarities between two runs, noise can be.
    """
    T = len(similarity)
    eigenvalues = np.fft.rfft(circulant_part(similarity)[0]).real
    twice = np.ones(len(eigenvalues))
    twice[1 : (T + 1) // 2] = 2
    return twice * eigenvalues / np.trace(similarity)


@finite_arguments
def fourier_coordinates(contexts: Tensor, reference: Tensor, frequency: int) -> np.ndarray:
    """Coordinates ``(T, 2)`` of contexts ``(T, H)`` in the plane of one frequency of ``reference`` ``(T, H)``.

    The plane is spanned by two sums of the normalised contexts of the reference, weighted by the cosine and by the sine
    of ``frequency`` turns over the circle of tasks. Contexts are normalised too. Where similarity depends only on the
    distance of tasks, they lie at equal steps on a circle in this plane and go round it ``frequency`` times.

    Take the reference from another run. In the plane of their own run, *any* T unrelated contexts lie on a circle of
    radius sqrt(2 / T), because each contributes to the sums. In the plane of another run, they lie near 0.

    Raises:
        ParameterError: a frequency that is not from 1 to (T - 1) // 2, or the reference does not vary at it.
    """
    T = len(contexts)
    frequency = check_int("frequency", frequency, 1, (T - 1) // 2)
    angle = 2 * np.pi * frequency * np.arange(T) / T
    weights = np.stack([np.cos(angle), np.sin(angle)])
    axes = weights @ _unit(reference)
    length = np.linalg.norm(axes, axis=1, keepdims=True)
    if length.min() < 1e-6 * T:  # the rounding of contexts in single precision
        raise ParameterError(f"contexts of the reference do not vary with frequency {frequency}; are they all equal?")
    axes /= length
    return _unit(contexts) @ axes.T


def _unit(contexts: Tensor) -> np.ndarray:
    return F.normalize(contexts.detach().double().cpu(), dim=1).numpy()


def between_runs(one: Tensor, other: Tensor) -> np.ndarray:
    """Symmetrised similarity ``(T, T)`` of the contexts ``(T, H)`` of two runs that share W1 and W2.

    The part of a context that is specific to its run does not repeat, so it adds nothing to the mean of these numbers.
    Within one run the same part makes the diagonal 1.
    """
    cross = context_similarity(one, other)
    return (cross + cross.T) / 2


@finite_arguments
def linear_dimension(similarity: np.ndarray) -> float:
    """Participation ratio of the eigenvalues, (sum)^2 / sum of squares: number of directions that the contexts fill."""
    return float(np.trace(similarity) ** 2 / (similarity**2).sum())


def _neighbour_graph(similarity: np.ndarray, n_neighbours: int = 2) -> np.ndarray:
    """Boolean graph ``(T, T)``: one of two tasks is among the ``n_neighbours`` tasks most similar to the other."""
    T = len(similarity)
    check_int("n_neighbours", n_neighbours, 1, T - 1)
    others = np.where(np.eye(T, dtype=bool), -np.inf, similarity)
    nearest = np.argsort(-others, axis=1)[:, :n_neighbours]
    graph = np.zeros((T, T), dtype=bool)
    np.put_along_axis(graph, nearest, True, axis=1)
    return graph | graph.T


@dataclass(frozen=True)
class NeighbourShape:
    """Shape of the graph of nearest contexts.

    Attributes:
        is_ring: whether the graph is one closed chain of all tasks.
        recovered: share of the pairs of neighbours on the circle that are joined in the graph.
        dimension: exponent d where the mean number of tasks within r links grows as r^d: 1 on a ring, 2 on a sheet; nan
            where the graph is too small or not connected.
    """

    is_ring: bool
    recovered: float
    dimension: float


@finite_arguments
def neighbour_shape(similarity: np.ndarray, n_neighbours: int = 2) -> NeighbourShape:
    """Determine the shape of contexts from their nearest neighbours; tasks at equal steps round a circle, in order.

    Raises:
        ParameterError: fewer than four tasks, or all are equally similar.
    """
    T = len(similarity)
    if T < 4:
        raise ParameterError(f"a ring needs at least four tasks; got {T}")
    if is_flat(pairs_of(similarity)):
        raise ParameterError("all tasks are equally similar, so none is a neighbour of another")
    from scipy.sparse.csgraph import shortest_path

    graph = _neighbour_graph(similarity, n_neighbours)
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
