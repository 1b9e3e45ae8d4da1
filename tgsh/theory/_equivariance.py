"""Symmetry: what the exchangeable pixels of FlyNet imply for contexts of permuted images (ours; not in the paper).

The rows of W1 are drawn independently of where a pixel lies: W1 and W1 P have one law for every permutation matrix P.
FlyNet sees an image only through W1 x, and ``W1 (P x) = (W1 P) x``. So a network on permuted images is another network,
drawn from the same law, on the images as they are (`with_permuted_pixels`).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.measures import circulant_part, pairs_of
from tgsh.networks import FlyNet


@torch.no_grad()
def with_permuted_pixels(net: FlyNet, source: Tensor) -> FlyNet:
    """Make the network with W1 P in place of W1: on an image x it computes what ``net`` computes on P x.

    Args:
        net: the network; it stays as it is.
        source: ``(784,)`` number of the pixel that each pixel of P x takes its value from,
            ``(P x)[i] = x[source[i]]``, as `tgsh.benchmarks.Permutation.source`.

    Raises:
        ParameterError: ``source`` is no permutation of the pixels.
    """
    source = torch.as_tensor(source)
    whole = not source.is_floating_point() and source.dtype != torch.bool
    if not whole or not torch.equal(source.sort().values.cpu(), torch.arange(net.n_inputs).to(source.dtype)):
        raise ParameterError(f"source must hold each number from 0 to {net.n_inputs - 1} once")
    other, source = deepcopy(net), source.long().to(net.W2.device)
    if net.projection == "sparse":
        other.pixels = source[net.pixels]
    else:
        other.dense = torch.empty_like(net.dense).index_copy_(1, source, net.dense)
    return other


@finite_arguments
def group_average(similarity: np.ndarray, shift: int) -> np.ndarray:
    """The mean of a similarity matrix ``(T, T)`` over all cyclic relabellings of its tasks by multiples of ``shift``.

    Of T tasks at equal steps round a circle, `shift` 1 gives the circulant part, up to the two ways round the circle;
    of 36 rotations, `shift` 9 averages over the quarter turns.

    Raises:
        ParameterError: ``shift`` is not from 1 to T, or T is no multiple of it.
    """
    T = len(similarity)
    shift = check_int("shift", shift, 1, T)
    if T % shift:
        raise ParameterError(f"shift must divide the number of tasks, {T}; got {shift}")
    return np.mean([np.roll(similarity, (k, k), (0, 1)) for k in range(0, T, shift)], axis=0)


@finite_arguments
def shared_residual(matrices: Sequence[np.ndarray], shift: int = 1) -> np.ndarray:
    """Correlation between networks of what the distance of two tasks does not explain, for each relabelling.

    Each matrix loses its circulant part. The rest of one network is correlated with the rest of another whose tasks are
    relabelled by a multiple of ``shift``, and the correlations are averaged over all pairs of networks. Where the law
    of the matrices is invariant under relabelling, every relabelling, none included, has the same law: the first number
    is one of several that are equally likely to be the largest. This is an exact permutation test.

    Args:
        matrices: similarity matrices ``(T, T)`` of two or more independent networks.
        shift: tasks between successive relabellings.

    Returns:
        ``(T / shift,)``; the first without relabelling.

    Raises:
        ParameterError: there are fewer than two matrices, or ``shift`` does not divide T.
    """
    check_int("the number of matrices", len(matrices), 2)
    T = len(matrices[0])
    shift = check_int("shift", shift, 1, T)
    if T % shift:
        raise ParameterError(f"shift must divide the number of tasks, {T}; got {shift}")
    rests = [matrix - circulant_part(matrix) for matrix in matrices]

    def correlation(a: int, b: int, k: int) -> float:
        turned = np.roll(rests[b], (k, k), (0, 1))
        return float(np.corrcoef(pairs_of(rests[a]), pairs_of(turned))[0, 1])

    pairs = [(a, b) for a in range(len(rests)) for b in range(a)]
    return np.array([np.mean([correlation(a, b, k) for a, b in pairs]) for k in range(0, T, shift)])
