"""Capacity of manifolds: how many a linear readout of N units can tell apart (Chung, Lee, Sompolinsky 2018).

P manifolds in N dimensions get labels +1 and -1 at random. Up to ``P = alpha N`` of them a hyperplane through the
origin exists, with probability near 1, that has the manifolds of each label on its side; alpha is the capacity. The
mean-field theory has it from one manifold at a time: with the centre of the manifold as one coordinate of length 1, and
the points s around it in the others,

    1 / alpha = E F(T),    T ~ N(0, 1),    F(T) = min of (V - T)^2 over all V with V . s >= 0 for all points s.

The minimum is the squared length of the projection of -T on the cone of the points, which SciPy's non-negative least
squares finds. A single point has alpha = 2, which is Cover's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linprog, nnls
from torch import Tensor

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.runs import ByValue
from tgsh.seeding import generator

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Capacity(ByValue):
    """Capacity and geometry of P manifolds.

    Attributes:
        alpha: ``(P,)`` capacity of each, above 0; at most 2, as for a point.
        radius: ``(P,)`` root of the mean squared distance of the anchor points from the centre, in lengths of the
            centre. The anchor point is the one that decides where the hyperplane lies.
        dimension: ``(P,)`` mean square of T along the direction of the anchor point.
    """

    alpha: np.ndarray
    radius: np.ndarray
    dimension: np.ndarray

    @property
    def mean(self) -> float:
        """Capacity of the set of manifolds: the harmonic mean of theirs."""
        return float(1 / (1 / self.alpha).mean())


@torch.no_grad()
@finite_arguments
def manifold_capacity(manifolds: Sequence[Tensor], n_draws: int = 200, seed: int = 0) -> Capacity:
    """Compute the mean-field capacity of manifolds that are given by points.

    The theory assumes that the centres are independent. Subtract the mean of all points beforehand, so that they have
    no direction in common.

    Args:
        manifolds: P tensors ``(M, N)``, the points of each manifold.
        n_draws: number of random T for each manifold.
        seed: of these.

    Raises:
        ParameterError: there is no manifold, one has no point or its centre at the origin, or ``n_draws`` is below 1
            or too small for an estimate.
    """
    n_draws, found = check_int("n_draws", n_draws, 1), []
    if not len(manifolds):
        raise ParameterError("a capacity needs manifolds; got none")
    for number, points in enumerate(manifolds):
        cone = _coordinates(points, number)
        source = generator(seed, "capacity", number)
        T = torch.randn(n_draws, cone.shape[1], generator=source, dtype=torch.float64).numpy()
        found.append(_one_manifold(cone, T))
    return Capacity(*np.array(found).T)


def _coordinates(points: Tensor, number: int) -> np.ndarray:
    # (M, D + 1): coordinates of the points around their centre, and 1 for the centre, in lengths of the centre.
    points = points.detach().cpu().double()
    if points.ndim != 2 or not len(points):
        raise ParameterError(f"manifold {number} must be points (M, N); got {tuple(points.shape)}")
    centre = points.mean(0)
    length, around = centre.norm(), points - centre
    if length <= _ROUNDING * points.norm(dim=1).max() or length == 0:
        raise ParameterError(f"the centre of manifold {number} lies at the origin, so it has no direction")
    # M points span at most M - 1 directions around their centre, and the rest of T does not matter.
    U, size, _ = torch.linalg.svd(around, full_matrices=False)
    kept = size > _ROUNDING * points.norm()
    inner = (U * size)[:, kept] / length
    return torch.cat([inner, torch.ones(len(points), 1, dtype=torch.float64)], 1).numpy()


def _one_manifold(cone: np.ndarray, T: np.ndarray) -> tuple[float, float, float]:
    inverse, squared_radius, along = [], [], []
    for t in T:
        weights, _ = nnls(cone.T, -t)
        moved = cone.T @ weights
        inverse.append(moved @ moved)
        # Where T meets all conditions, the anchor is the point that comes nearest to breaking one.
        anchor = moved[:-1] / moved[-1] if moved[-1] > _ROUNDING else cone[np.argmin(cone @ t), :-1]
        length = np.linalg.norm(anchor)
        squared_radius.append(length**2)
        along.append((t[:-1] @ anchor / length) ** 2 if length > 0 else 0.0)
    if not any(inverse):
        raise ParameterError(f"none of {len(T)} random T meets a point, so there is no estimate; raise n_draws")
    return 1 / np.mean(inverse), np.sqrt(np.mean(squared_radius)), np.mean(along)


@finite_arguments
def counted_capacity(manifolds: Sequence[Tensor], n_dichotomies: int = 40, seed: int = 0) -> float:
    """Find the capacity of manifolds by counting, without a theory.

    Points are projected on N random directions, and manifolds get labels at random. The capacity is P / N at the
    smallest N for which a hyperplane through the origin separates the labels in half of the trials. A linear program
    decides each.

    Args:
        manifolds: P tensors ``(M, N)``, the points of each manifold.
        n_dichotomies: number of random labellings and projections for each N.
        seed: of these.

    Raises:
        ParameterError: there are fewer than two manifolds, ``n_dichotomies`` is below 1, or even all dimensions do not
            separate the labels.
    """
    n_dichotomies, P = check_int("n_dichotomies", n_dichotomies, 1), check_int("P", len(manifolds), 2)
    points = torch.cat([m.detach().cpu().double() for m in manifolds])
    of = torch.repeat_interleave(torch.arange(P), torch.tensor([len(m) for m in manifolds]))
    # The directions that the points span are enough, and few.
    U, size, _ = torch.linalg.svd(points, full_matrices=False)
    points = (U * size)[:, size > _ROUNDING * size[0]]
    points = points / points.norm(dim=1).mean()

    def is_separable(n: int, trial: int) -> bool:
        source = generator(seed, "dichotomy", n, trial)
        directions = torch.randn(points.shape[1], n, generator=source, dtype=torch.float64)
        sign = 2 * torch.randint(2, (P,), generator=source) - 1
        signed = (sign[of, None] * (points @ directions)).numpy() / n**0.5
        found = linprog(np.zeros(n), -signed, -np.ones(len(signed)), bounds=(None, None), method="highs")
        return found.status == 0

    low, high = 0, points.shape[1]  # not half of them; half of them
    while high - low > 1:
        middle = (low + high) // 2
        separated = sum(is_separable(middle, trial) for trial in range(n_dichotomies))
        low, high = (low, middle) if 2 * separated >= n_dichotomies else (middle, high)
    if high == points.shape[1] and not is_separable(high, 0):
        raise ParameterError("no hyperplane through the origin separates these manifolds, whatever the dimension")
    return P / high
