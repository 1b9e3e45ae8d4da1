"""Relative representations: cosines with anchors as coordinates that networks share (Moschella and others 2023).

Two networks with other W1 and W2 have unrelated contexts. But their contexts of the same tasks have similar cosines. So
the cosines of a context with the contexts of a few *anchor* tasks are coordinates that mean the same in every network.
Known: they do not change under a rotation and a scale of all points, so two spaces that differ by these agree exactly.
"""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import Positions
from tgsh.errors import ParameterError, check_positive, finite_arguments
from tgsh.measures import context_similarity


def relative_coordinates(points: Tensor, anchors: Tensor) -> np.ndarray:
    """Cosines ``(N, A)``, in [-1, 1], of points ``(N, H)`` with the anchors ``(A, H)`` of their own network.

    Raises:
        ParameterError: points and anchors have different lengths, or a number is NaN or infinite.
    """
    if points.ndim != 2 or anchors.ndim != 2 or points.shape[1] != anchors.shape[1]:
        raise ParameterError(
            f"points and anchors must be rows of one length; got {tuple(points.shape)} and {tuple(anchors.shape)}"
        )
    return context_similarity(points, anchors)


@finite_arguments
def name_positions(queries: np.ndarray, known: np.ndarray, positions: Positions) -> np.ndarray:
    """Give each query the position of the known point in the most similar direction, by cosine.

    Args:
        queries: ``(Q, A)``, for example of one network in relative coordinates.
        known: ``(N, A)``, for example of another network.
        positions: ``(N,)`` of the known points.

    Returns:
        ``(Q,)``.

    Raises:
        ParameterError: queries and known points have different lengths, or there are not N positions.
    """
    positions = np.asarray(positions, float)
    if queries.shape[1:] != known.shape[1:] or positions.shape != (len(known),):
        raise ParameterError(
            f"queries {queries.shape}, known points {known.shape} and positions {positions.shape} do not fit together"
        )
    return positions[(_unit(queries) @ _unit(known).T).argmax(1)]


@finite_arguments
def mean_positions(coordinates: np.ndarray, positions: Positions, period: float) -> np.ndarray:
    """Mean position ``(Q,)`` of the anchors on their circle, weighted by cosine: an estimate without a second network.

    Args:
        coordinates: ``(Q, A)``, from `relative_coordinates`.
        positions: ``(A,)`` of the anchors.
        period: length of the circle.

    Raises:
        ParameterError: there are not A positions, or ``period`` is not above 0.
    """
    turn, positions = 2 * np.pi / check_positive("period", period), np.asarray(positions, float)
    if positions.shape != coordinates.shape[1:]:
        raise ParameterError(f"there are {coordinates.shape[1]} anchors but {positions.size} positions")
    return np.angle(coordinates @ np.exp(1j * turn * positions)) / turn % period


@finite_arguments
def carry_over(points: Tensor, anchors: Tensor, other_anchors: Tensor) -> Tensor:
    """Carry points of one network over to another that shares only the tasks of the anchors.

    Each point is written as the combination of its anchors that has its cosines with all of them, which is its
    projection on their span. The same combination of the other network's anchors is its image there.

    Args:
        points: ``(N, H)`` of the first network.
        anchors: ``(A, H)`` of the first network.
        other_anchors: ``(A, H')`` of the second network, of the same tasks in the same order.

    Returns:
        ``(N, H')``; lengths have no meaning, because cosines carry none.

    Raises:
        ParameterError: the numbers of anchors differ.
    """
    if len(anchors) != len(other_anchors):
        raise ParameterError(f"both networks need the same anchors; got {len(anchors)} and {len(other_anchors)}")
    gram, cosines = relative_coordinates(anchors, anchors), relative_coordinates(points, anchors)
    weights = np.linalg.lstsq(gram, cosines.T, rcond=1e-10)[0].T
    other = F.normalize(other_anchors.double(), dim=1)
    return (other.new_tensor(weights) @ other).to(other_anchors.dtype)


def _unit(points: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.where(lengths > 0, lengths, 1)
