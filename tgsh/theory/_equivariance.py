"""Symmetry: what the exchangeable pixels of FlyNet imply for contexts of permuted images (ours; not in the paper).

The rows of W1 are drawn independently of where a pixel lies: W1 and W1 P have the same distribution for every
permutation matrix P. FlyNet sees an image only through W1 x, and ``W1 (P x) = (W1 P) x``. So a network on permuted
images is another network, drawn from the same distribution, on the images as they are (`with_permuted_pixels`).
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
        ParameterError: ``source`` is not a permutation of the pixels.
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

    Of T tasks at equal steps round a circle, ``shift`` 1 gives the circulant part, up to the two ways round the circle;
    of 36 rotations, ``shift`` 9 averages over the quarter turns.

    Raises:
        ParameterError: ``shift`` is not from 1 to T, or T is not a multiple of it.
    """
    T = len(similarity)
    shift = check_int("shift", shift, 1, T)
    if T % shift:
        raise ParameterError(f"shift must divide the number of tasks, {T}; got {shift}")
    return np.mean([np.roll(similarity, (k, k), (0, 1)) for k in range(0, T, shift)], axis=0)


@finite_arguments
def shared_residual(matrices: Sequence[np.ndarray]) -> np.ndarray:
    """Correlation between networks of what the distance of two tasks does not explain, for each cyclic relabelling.

    The circulant part is subtracted from each matrix. The mean residual of every second network is correlated with that
    of the others, whose tasks are relabelled by 0, 1, 2 and so on. If the distribution of the matrices is invariant
    under relabelling, no relabelling differs from any other: the first number is as likely as each of them to be the
    largest. So its rank among them is an exact permutation test.

    Args:
        matrices: similarity matrices ``(T, T)`` of two or more independent networks.

    Returns:
        ``(T,)``; the first without relabelling.

    Raises:
        ParameterError: there are fewer than two matrices.
    """
    check_int("the number of matrices", len(matrices), 2)
    rests = [matrix - circulant_part(matrix) for matrix in matrices]
    one, other = np.mean(rests[::2], axis=0), np.mean(rests[1::2], axis=0)
    turned = [np.roll(other, (k, k), (0, 1)) for k in range(len(other))]
    return np.array([np.corrcoef(pairs_of(one), pairs_of(rest))[0, 1] for rest in turned])
