"""Comparison of representations from few units and few images (Shi, Shea-Brown, Buice 2019), and noise ceilings.

A representation of n inputs is compared through its Gram matrix (centred kernel alignment, CKA; Kornblith and others
2019) or through its similarity matrix (representational similarity analysis; Kriegeskorte, Mur, Bandettini 2008). CKA
as usual grows with the number of units over the number of images, even where two representations are unrelated; with
the unbiased estimator of Song and others (2012) it does not. Known: CKA is 1 after a rotation, and the unbiased one is
0 on average for independent Gaussian points.

The noise ceiling (Nili and others 2014) says how well any one matrix can agree with those of several networks:
rsatoolbox computes it, but brings six further libraries, so it is written out here and was compared with version 0.3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.measures import matrix_agreement, pairs_of


@torch.no_grad()
@finite_arguments
def cka(one: Tensor, other: Tensor, unbiased: bool = True) -> float:
    """Linear centred kernel alignment of two representations of the same n inputs, at most 1.

    It is 1 if the inner products of the centred points are proportional. Labels are passed one-hot.

    Args:
        one: ``(n, H)``.
        other: ``(n, H')``, of the same inputs in the same order.
        unbiased: whether to use the unbiased estimator, which may be below 0; else the usual one, in [0, 1].

    Raises:
        ParameterError: the numbers of inputs differ, there are fewer than 4, or a representation is constant.
    """
    n = check_int("the number of inputs", len(one), 4)
    if len(other) != n:
        raise ParameterError(f"both representations must show the same inputs; got {n} and {len(other)}")
    K, L = (_centred_gram(points, unbiased) for points in (one, other))
    own, others = (float((gram * gram).sum()) for gram in (K, L))
    return float((K * L).sum()) / (own * others) ** 0.5


def _centred_gram(points: Tensor, unbiased: bool) -> Tensor:
    # Centring the points changes neither result, and leaves smaller numbers.
    centred = points.detach().cpu().double()
    centred = centred - centred.mean(0)
    if centred.norm() <= 1e-12 * points.double().norm():  # up to rounding
        raise ParameterError("a representation that is the same for all inputs has no alignment")
    gram, n = centred @ centred.T, len(points)
    if not unbiased:
        return gram
    # U-centring (Szekely and Rizzo 2014): the inner product of two such matrices is the unbiased HSIC, times n (n - 3).
    gram = gram.fill_diagonal_(0)
    rows = gram.sum(0) / (n - 2)
    centred = gram - rows[:, None] - rows + rows.sum() / (n - 1)
    return centred.fill_diagonal_(0)


@dataclass(frozen=True)
class NoiseCeiling:
    """Mean correlation of the matrix of each network with the mean matrix of the others, and of all.

    Attributes:
        lower: with the mean of the others; a model that reaches it agrees as well as other networks do.
        upper: with the mean of all, itself included; no model can agree better, up to a scale of each matrix.
    """

    lower: float
    upper: float


@finite_arguments
def noise_ceiling(matrices: Sequence[np.ndarray]) -> NoiseCeiling:
    """Bounds on the Pearson correlation of any model with the similarity matrices ``(T, T)`` of several networks.

    Pairs of different tasks count, each once. As in Nili and others (2014), pairs are standardised in each network
    before the mean is taken.

    Raises:
        ParameterError: there are fewer than two networks, or a matrix is constant.
    """
    check_int("the number of networks", len(matrices), 2)
    pairs = np.stack([pairs_of(np.asarray(matrix, float)) for matrix in matrices])
    spread = pairs.std(1, keepdims=True)
    if not (spread > 1e-12).all():
        raise ParameterError("a similarity matrix is constant, so nothing correlates with it")
    pairs = (pairs - pairs.mean(1, keepdims=True)) / spread
    total, n = pairs.sum(0), len(pairs)
    lower = [np.corrcoef(one, (total - one) / (n - 1))[0, 1] for one in pairs]
    upper = [np.corrcoef(one, total / n)[0, 1] for one in pairs]
    return NoiseCeiling(float(np.mean(lower)), float(np.mean(upper)))


@finite_arguments
def model_agreement(model: np.ndarray, matrices: Sequence[np.ndarray]) -> list[float]:
    """Pearson correlation of a model's matrix ``(T, T)`` with that of each network, over pairs of different tasks."""
    return [matrix_agreement(model, matrix).correlation for matrix in matrices]
