"""What a representation of points on manifolds keeps of the manifold, and what of the place on it (paper, Section 2.1).

Everywhere a representation is ``(M, P, d)``: P points on each of M manifolds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import RidgeCV
from torch import Tensor

from tgsh.errors import ParameterError, check_int
from tgsh.hashing import separability
from tgsh.manifolds import ManifoldSample
from tgsh.seeding import generator

ALPHAS = (1e-3, 1e-1, 1e1, 1e3)  # strengths of ridge regression to choose from


@torch.no_grad()
def pair_distances(r: Tensor) -> tuple[Tensor, Tensor]:
    """Distances, in [0, 2], of all pairs of points, each scaled to norm 1: within a manifold, and between two.

    Returns:
        within ``(M * P * (P - 1) / 2,)`` and between ``(M * (M - 1) / 2 * P * P,)``.
    """
    M, P, _ = r.shape
    distances = torch.pdist(F.normalize(r.flatten(0, 1).double(), dim=1))
    i, j = torch.triu_indices(M * P, M * P, offset=1)
    same = torch.div(i, P, rounding_mode="floor") == torch.div(j, P, rounding_mode="floor")
    return distances[same], distances[~same]


@torch.no_grad()
def distance_by_identifier(r: Tensor, gamma: Tensor, edges: np.ndarray) -> np.ndarray:
    """Mean distance of points of two manifolds, points scaled to norm 1, by how far their identifiers are apart.

    Args:
        gamma: ``(M, d)`` identifiers.
        edges: ``(n + 1,)`` ascending distances between identifiers that bound the bins.

    Returns:
        ``(n,)``, nan where no pair of manifolds falls into a bin.
    """
    M, P, _ = r.shape
    points = F.normalize(r.flatten(0, 1).double(), dim=1)
    between = torch.cdist(points, points).reshape(M, P, M, P).mean((1, 3)).numpy()
    i, j = np.triu_indices(M, k=1)
    apart = torch.cdist(gamma.double(), gamma.double()).numpy()[i, j]
    which = np.digitize(apart, edges) - 1
    return np.array([between[i, j][which == b].mean() if (which == b).any() else np.nan for b in range(len(edges) - 1)])


@torch.no_grad()
def linear_recovery(train: Tensor, train_gamma: Tensor, test: Tensor, test_gamma: Tensor) -> float:
    """R^2 of the identifier gamma predicted by a linear map from ``r``, on manifolds it was not fitted on.

    Ridge regression; its strength is chosen by leaving every third manifold out. R^2 is averaged over the coordinates
    of gamma: 1 is perfect, 0 as good as the mean, below 0 worse.

    Args:
        train, test: ``(M, P, d)``.
        train_gamma, test_gamma: ``(M, d_gamma)``.

    Raises:
        ParameterError: fewer than three manifolds to fit on.
    """
    if len(train) < 3:
        raise ParameterError(f"a linear map needs at least 3 manifolds to be fitted on; got {len(train)}")
    X, Y, group = _rows(train, train_gamma)
    left_out = group % 3 == 1
    folds = [(np.flatnonzero(~left_out), np.flatnonzero(left_out))]
    # One scale for all coordinates: a coordinate that hardly varies here may vary elsewhere, and must not be blown up.
    scale = X.std()
    model = RidgeCV(alphas=ALPHAS, cv=folds).fit(X / scale, Y)
    X_test, Y_test, _ = _rows(test, test_gamma)
    return float(model.score(X_test / scale, Y_test))


def _rows(r: Tensor, gamma: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # One row a point: what is known of it, the identifier of its manifold, the number of its manifold.
    P = r.shape[1]
    group = np.arange(len(r)).repeat(P)
    return r.flatten(0, 1).double().numpy(), gamma.double().numpy()[group], group


@torch.no_grad()
def one_shot_accuracy(r: Tensor, n_way: int = 20, episodes: int = 200, seed: int = 0) -> float:
    """Share in [0, 1] of points given to the right one of ``n_way`` manifolds, of each of which one point is known.

    An episode draws ``n_way`` manifolds and one point of each, its prototype; every other point of these goes to
    the prototype at the smallest angle. Guessing gives ``1 / n_way``.

    Raises:
        ParameterError: fewer than ``n_way`` manifolds or fewer than two points on each.
    """
    M, P, _ = r.shape
    check_int("n_way", n_way, 2, M)
    check_int("episodes", episodes, 1)
    check_int("points on a manifold", P, 2)
    source = generator(seed, "one-shot")
    unit = F.normalize(r.double(), dim=2)
    correct = 0
    for _ in range(episodes):
        chosen = torch.randperm(M, generator=source)[:n_way]
        known = torch.randint(P, (n_way,), generator=source)
        prototypes = unit[chosen, known]
        right = (unit[chosen] @ prototypes.T).argmax(2) == torch.arange(n_way)[:, None]
        right[torch.arange(n_way), known] = False  # the prototype itself is no question
        correct += int(right.sum())
    return correct / (episodes * n_way * (P - 1))


@torch.no_grad()
def effective_rank(r: Tensor) -> float:
    """Participation ratio of the variances of ``r`` along principal axes: d where all are equal, 1 where one rules."""
    flat = r.flatten(0, 1).double()
    variances = torch.linalg.svdvals(flat - flat.mean(0)).square()
    return float(variances.sum().square() / variances.square().sum())


@dataclass(frozen=True)
class Kept:
    """What one representation keeps; each distance is of points scaled to norm 1.

    Attributes:
        ratio_seen, ratio_unseen: mean distance within a manifold over mean distance between manifolds; 0 where only the
            manifold matters, 1 where it does not matter.
        nearer_unseen: probability that a pair within an unseen manifold is nearer than a pair between two.
        r2: `linear_recovery` of gamma, fitted on seen manifolds and scored on unseen ones.
        one_shot: `one_shot_accuracy` on unseen manifolds.
        rank: `effective_rank` on unseen manifolds.
    """

    ratio_seen: float
    ratio_unseen: float
    nearer_unseen: float
    r2: float
    one_shot: float
    rank: float


@torch.no_grad()
def what_is_kept(
    represent: Callable[[Tensor], Tensor],
    fit: ManifoldSample,
    seen: ManifoldSample,
    unseen: ManifoldSample,
    n_way: int = 20,
    seed: int = 0,
) -> Kept:
    """Every measurement of this module, of ``represent``: ``(..., n)`` to ``(..., d)``.

    Args:
        fit: points that the linear map is fitted on.
        seen: other points of the same manifolds. As many manifolds as ``unseen`` has are compared.
        unseen: points of manifolds that ``represent`` was not trained on.
        n_way, seed: of `one_shot_accuracy`.
    """
    r_seen, r_unseen = represent(seen.x[: len(unseen.x)]), represent(unseen.x)
    ratios = []
    for r in (r_seen, r_unseen):
        within, between = pair_distances(r)
        ratios.append(float(within.mean() / between.mean()))
    return Kept(
        *ratios,
        nearer_unseen=separability(-within, -between),
        r2=linear_recovery(represent(fit.x), fit.gamma, r_unseen, unseen.gamma),
        one_shot=one_shot_accuracy(r_unseen, n_way, seed=seed),
        rank=effective_rank(r_unseen),
    )
