"""Coding rate of points, and its gain by groups (Yu, Chan, You, Song, Ma 2020; Ding and others 2023).

The coding rate counts the bits that a point takes, if points are coded up to a distortion: many where they fill many
directions. The *gain* of a division into groups is the rate of all points less the mean rate within the groups: large
where groups lie in directions of their own, and each in few. Any division gains something, because few points fill few
directions; so a gain is read beside that of random groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import check_int, check_labels, check_positive, finite_arguments
from tgsh.seeding import generator


@torch.no_grad()
@finite_arguments
def coding_rate(points: Tensor, dimension: int | None = None, distortion: float = 0.5) -> float:
    """Coding rate ``R = 1/2 log2 det(I + d / (n distortion) Z Z^T)``, in bits, of points at unit length.

    Args:
        points: ``(n, d)``; each is divided by its length.
        dimension: d in the formula; default: that of the points. Representations in spaces of different dimension
            compare at one d, which fixes the error for each direction: ``distortion / d``.
        distortion: squared error that is accepted for a point, in units of its squared length.

    Raises:
        ParameterError: ``dimension`` is below 1, or ``distortion`` not above 0.
    """
    return _rate(_gram(points), *_settings(points, dimension, distortion))


@dataclass(frozen=True)
class Gain:
    """Gain of coding rate by a division into groups, in bits.

    Attributes:
        value: ``R(all) - sum_j n_j / n R(group j)``; 0 or more.
        chance: mean gain of random groups of the same sizes.
    """

    value: float
    chance: float

    @property
    def above_chance(self) -> float:
        """Gain less that of random groups, in bits; 0 in expectation where groups say nothing."""
        return self.value - self.chance


@torch.no_grad()
@finite_arguments
def rate_gain(
    points: Tensor,
    groups: Sequence[Tensor],
    dimension: int | None = None,
    distortion: float = 0.5,
    n_draws: int = 10,
    seed: int = 0,
) -> list[Gain]:
    """Compute the gain of coding rate by each of several divisions of the same points into groups.

    Args:
        points: ``(n, d)``; each is divided by its length.
        groups: divisions, each ``(n,)`` whole numbers from 0 on.
        dimension, distortion: as in `coding_rate`.
        n_draws: number of random divisions for the gain by chance.
        seed: of these.

    Raises:
        ParameterError: there are not n groups, ``n_draws`` is below 1, or as in `coding_rate`.
    """
    n_draws, n = check_int("n_draws", n_draws, 1), len(points)
    settings, found = _settings(points, dimension, distortion), []
    groups = [check_labels("group", group, n).numpy() for group in groups]
    gram = _gram(points)
    everything = _rate(gram, *settings)
    for group in groups:
        source = generator(seed, "random groups")
        orders = [torch.randperm(n, generator=source).numpy() for _ in range(n_draws)]
        random = np.mean([_within(gram, group[order], *settings) for order in orders])
        found.append(Gain(everything - _within(gram, group, *settings), everything - float(random)))
    return found


def _settings(points: Tensor, dimension: int | None, distortion: float) -> tuple[int, float]:
    d = points.shape[1] if dimension is None else check_int("dimension", dimension, 1)
    return d, check_positive("distortion", distortion)


def _gram(points: Tensor) -> np.ndarray:
    unit = F.normalize(points.detach().cpu(), dim=1)
    return (unit @ unit.T).double().numpy()


def _rate(gram: np.ndarray, d: int, distortion: float) -> float:
    # det(I + Z Z^T) = det(I + Z^T Z), and there are fewer points than dimensions.
    n = len(gram)
    return float(np.linalg.slogdet(np.eye(n) + d / (n * distortion) * gram)[1] / (2 * np.log(2)))


def _within(gram: np.ndarray, group: np.ndarray, d: int, distortion: float) -> float:
    rate = 0.0
    for j in np.unique(group):
        own = np.flatnonzero(group == j)
        rate += len(own) / len(group) * _rate(gram[np.ix_(own, own)], d, distortion)
    return rate
