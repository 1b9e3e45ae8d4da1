"""Equivariance error: how far a family of contexts is from moving as its tasks do (Bronstein and others 2021).

A group acts on the tasks: a turn by 10 degrees takes each rotation to the next. Contexts are *equivariant* if some
orthogonal map takes the context of every task to that of the moved task. Such a map exists exactly where the move
leaves all similarities as they are. So the error of the best map follows from similarities alone: it is the Bures
distance of two Gram matrices (orthogonal Procrustes problem). Contexts that are all orthogonal allow every move, so an
error means something only beside that of moves that are no symmetry.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import torch

from tgsh.benchmarks import SIDE
from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.measures import relabel
from tgsh.networks import FlyNet


@finite_arguments
def procrustes_error(similarity: np.ndarray, other: np.ndarray) -> float:
    """Relative error in [0, 1] of the best orthogonal map from one set of T points to another, from their similarities.

    ``sqrt(|A - B R|^2 / (|A|^2 + |B|^2))`` at the orthogonal R that minimises it, for points A, B with these matrices.

    Args:
        similarity: ``(T, T)`` Gram matrix of A, such as cosines of contexts.
        other: ``(T, T)`` that of B.

    Raises:
        ParameterError: the shapes differ, or a matrix is not a Gram matrix.
    """
    if np.shape(similarity) != np.shape(other):
        raise ParameterError(f"similarities have shapes {np.shape(similarity)} and {np.shape(other)}")
    overlap = np.linalg.svd(_root(similarity) @ _root(other), compute_uv=False).sum()
    total = np.trace(similarity) + np.trace(other)
    return float(np.sqrt(max(1 - 2 * overlap / total, 0)))


def _root(similarity: np.ndarray) -> np.ndarray:
    # The symmetric square root: points whose Gram matrix this is.
    values, vectors = np.linalg.eigh(np.asarray(similarity, dtype=float))
    if values[0] < -1e-6 * values[-1]:
        raise ParameterError("a matrix of similarities must have no negative eigenvalue")
    return vectors * np.sqrt(values.clip(min=0)) @ vectors.T


def move_error(similarity: np.ndarray, order: np.ndarray) -> float:
    """Equivariance error of contexts under one move of their tasks: `procrustes_error` before and after it.

    Args:
        similarity: ``(T, T)`` cosines of contexts.
        order: ``(T,)`` number of the task that each task is moved to.

    Raises:
        ParameterError: ``order`` does not hold each task once.
    """
    if sorted(np.asarray(order).tolist()) != list(range(len(similarity))):
        raise ParameterError(f"order must hold each number from 0 to {len(similarity) - 1} once")
    return procrustes_error(similarity, relabel(similarity, np.asarray(order)))


@torch.no_grad()
def with_shift_orbits(net: FlyNet) -> FlyNet:
    """Make a network that is equivariant by construction under periodic shifts: a group convolution.

    The units of a group of 28 read the pixels of its first unit, shifted by 0 to 27 pixels, and share their weights in
    W2 and in the initial contexts. A shift of the image then permutes the units of each group, and nothing else.

    Args:
        net: a FlyNet with a sparse W1; it stays as it is.

    Raises:
        ParameterError: W1 is not sparse, or the number of units is not a multiple of 28.
    """
    if net.projection != "sparse":
        raise ParameterError("units can be shifted only where W1 is sparse")
    check_int("n_hidden % 28", net.n_hidden % SIDE, 0, 0)
    other, groups = deepcopy(net), net.n_hidden // SIDE
    rows, columns = net.pixels[:groups] // SIDE, net.pixels[:groups] % SIDE  # (groups, 7)
    shifts = torch.arange(SIDE, device=net.pixels.device)[None, :, None]
    other.pixels = (rows[:, None] * SIDE + (columns[:, None] + shifts) % SIDE).flatten(0, 1)
    other.W2 = net.W2[:, :groups].repeat_interleave(SIDE, dim=1)
    for c in other.c:
        c.copy_(c[:groups].clone().repeat_interleave(SIDE))
    return other
