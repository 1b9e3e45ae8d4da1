"""Execution manifolds: how many directions a training path takes, and how many a random walk does.

Xu (2026) reports that transformers train along paths of dimension three to four. A path of few components is no finding
by itself: the first principal component of a random walk in many dimensions carries 6 / pi^2 of its variance
(Antognini, Sohl-Dickstein 2018). So every path is compared with a walk that makes steps of the same lengths.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.seeding import generator


def _centred(path: Tensor) -> Tensor:
    check_int("points of a path", len(path), 2)
    path = path.double()
    return path - path.mean(0)


@torch.no_grad()
@finite_arguments
def path_shares(path: Tensor) -> np.ndarray:
    """Share of each principal component in the variance of a path, in descending order; they sum to 1.

    Args:
        path: ``(S, H)`` points in the order in which they were passed.

    Returns:
        ``(S - 1,)``, or ``(H,)`` where H is smaller.

    Raises:
        ParameterError: the path has fewer than two points, or all points are the same.
    """
    moved = _centred(path)
    variances = torch.linalg.eigvalsh(moved @ moved.T).flip(0)[: min(len(path) - 1, path.shape[1])].clamp(min=0)
    if variances[0] == 0:
        raise ParameterError("the path does not move, so it has no principal components")
    return (variances / variances.sum()).numpy()


def random_walk_shares(n_points: int) -> np.ndarray:
    """Shares ``(n_points - 1,)`` of `path_shares` for a random walk of equal steps, in the limit of many dimensions.

    The eigenvalues are ``1 / (4 sin^2(pi k / (2 n)))``: for many points component k carries ``6 / (pi k)^2``.

    Raises:
        ParameterError: ``n_points`` is below 2.
    """
    n = check_int("n_points", n_points, 2)
    eigenvalues = np.sin(np.pi * np.arange(1, n) / (2 * n)) ** -2.0
    return eigenvalues / eigenvalues.sum()


@torch.no_grad()
@finite_arguments
def walk_like(path: Tensor, seed: int) -> Tensor:
    """Random walk ``(S, H)`` with the start and the step lengths of ``path`` ``(S, H)``, and independent directions."""
    check_int("points of a path", len(path), 2)
    steps = path.diff(dim=0)
    directions = torch.randn(steps.shape, generator=generator(seed, "walk"), dtype=torch.float32).to(path)
    directions *= (steps.norm(dim=1) / directions.norm(dim=1))[:, None]
    return torch.cat([path[:1], path[:1] + directions.cumsum(0)])


@finite_arguments
def components_for(shares: np.ndarray, share: float = 0.9) -> int:
    """Number of leading components whose ``shares`` sum to ``share`` or more.

    Raises:
        ParameterError: ``share`` is not in (0, 1).
    """
    if not 0 < share < 1:
        raise ParameterError(f"share must be above 0 and below 1; got {share!r}")
    return int(np.searchsorted(np.cumsum(shares), share - 1e-12) + 1)


@torch.no_grad()
@finite_arguments
def share_within(points: Tensor, basis: Tensor) -> float:
    """Share in [0, 1] of the squared length of ``points`` ``(S, H)`` that lies in the span of a basis ``(H, d)``.

    For random directions it is ``d / H``. The basis must be orthonormal, as `basis_of` makes it.

    Raises:
        ParameterError: all points are zero, or the lengths H differ.
    """
    if points.shape[1] != len(basis):
        raise ParameterError(f"points have {points.shape[1]} numbers, but the basis has {len(basis)} rows")
    points, basis = points.double(), basis.double()
    total = float(points.square().sum())
    if total == 0:
        raise ParameterError("all points are zero, so no share of them is defined")
    return float((points @ basis).square().sum()) / total


@finite_arguments
def path_within(path: Tensor, basis: Tensor) -> float:
    """Share in [0, 1] of the variance of a path ``(S, H)`` that lies in the span of a basis ``(H, d)``."""
    return share_within(_centred(path), basis)
