"""Probes of a representation of points on manifolds: what it keeps of the manifold and of the position on it.

They test the claims of GSH (Dikkala, Kaplun and Panigrahy 2021; paper, Section 2.1). A representation is always
``(M, P, d)``: P points on each of M manifolds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import ManifoldSample, TaskStream
from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.measures._separability import separability
from tgsh.networks import FlyNet
from tgsh.seeding import generator

ALPHAS = (1e-3, 1e-1, 1e1, 1e3)  # strengths of ridge regression to choose from


@torch.no_grad()
@finite_arguments
def pair_distances(r: Tensor) -> tuple[Tensor, Tensor]:
    """Distances, in [0, 2], of all pairs of normalised points: within a manifold, and between two manifolds.

    Returns:
        within ``(M * P * (P - 1) / 2,)`` and between ``(M * (M - 1) / 2 * P * P,)``.
    """
    M, P, _ = r.shape
    distances = torch.pdist(F.normalize(r.flatten(0, 1).double(), dim=1))
    i, j = torch.triu_indices(M * P, M * P, offset=1)
    same = torch.div(i, P, rounding_mode="floor") == torch.div(j, P, rounding_mode="floor")
    return distances[same], distances[~same]


@torch.no_grad()
@finite_arguments
def distance_by_identifier(r: Tensor, gamma: Tensor, edges: np.ndarray) -> np.ndarray:
    """Mean distance of normalised points of two manifolds, by the distance of the identifiers of the manifolds.

    Args:
        r: ``(M, P, d)``.
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
@finite_arguments
def linear_recovery(train: Tensor, train_gamma: Tensor, test: Tensor, test_gamma: Tensor) -> float:
    """R^2 of a linear map from ``r`` to the identifier gamma, on manifolds that it was not fitted on.

    The map is ridge regression, its strength chosen on every third manifold of ``train``. R^2 is averaged over the
    coordinates of gamma: 1 is perfect, 0 as good as the mean, below 0 worse than the mean.

    Args:
        train, test: ``(M, P, d)``.
        train_gamma, test_gamma: ``(M, d_gamma)``.

    Raises:
        ParameterError: fewer than three manifolds to fit on.
    """
    from sklearn.linear_model import RidgeCV  # here, since importing it takes half a second

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
@finite_arguments
def one_shot_accuracy(r: Tensor, n_way: int = 20, episodes: int = 200, seed: int = 0) -> float:
    """Share in [0, 1] of points assigned to the right one of ``n_way`` manifolds, with one known point of each.

    An episode draws ``n_way`` manifolds and one point of each, its prototype. Every other point of these manifolds is
    assigned to the prototype at the smallest angle. Guessing gives ``1 / n_way``.

    Raises:
        ParameterError: fewer than ``n_way`` manifolds or fewer than two points on each.
    """
    M, P, _ = r.shape
    n_way, episodes = check_int("n_way", n_way, 2, M), check_int("episodes", episodes, 1)
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
@finite_arguments
def effective_rank(r: Tensor) -> float:
    """Participation ratio of the variances of ``r`` along its principal axes: 1 (a single axis) to d (all equal)."""
    flat = r.flatten(0, 1).double()
    variances = torch.linalg.svdvals(flat - flat.mean(0)).square()
    return float(variances.sum().square() / variances.square().sum())


@dataclass(frozen=True)
class ManifoldProbes:
    """Results of `manifold_probes`; distances are those of normalised points.

    Attributes:
        ratio_seen, ratio_unseen: mean distance within a manifold divided by mean distance between manifolds: 0 if a
            representation depends on the manifold only, 1 if it does not depend on it.
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
def manifold_probes(
    represent: Callable[[Tensor], Tensor],
    fit: ManifoldSample,
    seen: ManifoldSample,
    unseen: ManifoldSample,
    n_way: int = 20,
    seed: int = 0,
) -> ManifoldProbes:
    """Apply all probes to a representation.

    Args:
        represent: maps points ``(..., n)`` to representations ``(..., d)``.
        fit: points that the linear map is fitted on.
        seen: other points of the same manifolds; only as many manifolds as ``unseen`` has are compared.
        unseen: points of manifolds that ``represent`` was not trained on.
        n_way, seed: of `one_shot_accuracy`.
    """
    r_seen, r_unseen = represent(seen.x[: len(unseen.x)]), represent(unseen.x)
    ratios = []
    for r in (r_seen, r_unseen):
        within, between = pair_distances(r)
        ratios.append(float(within.mean() / between.mean()))
    return ManifoldProbes(
        *ratios,
        nearer_unseen=separability(-within, -between),
        r2=linear_recovery(represent(fit.x), fit.gamma, r_unseen, unseen.gamma),
        one_shot=one_shot_accuracy(r_unseen, n_way, seed=seed),
        rank=effective_rank(r_unseen),
    )


@torch.no_grad()
def read_positions(
    stream: TaskStream, n_fit: int = 4000, n_read: int = 2000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Test Assumption 1: is gamma_t, here the position of a task on its circle, a smooth function of x?

    Kernel ridge regression with a Gaussian kernel, which is analytic, maps pixels to the cosine and sine of the
    position. It is fitted on training images and read on test images, each image in a random task.

    Args:
        stream: tasks on an axis.
        n_fit, n_read: numbers of images drawn, with replacement, to fit and to read.
        seed: of the draws.

    Returns:
        distance ``(n_read,)`` of the prediction from the true position, in the stream's unit, from 0 to half its
        period; and the same for a random guess.

    Raises:
        ParameterError: the tasks lie on no axis.
    """
    from sklearn.kernel_ridge import KernelRidge  # here, since importing it takes half a second

    stream.distances()  # there are some
    sides = []
    for purpose, n, part in (("fit", n_fit, "train"), ("read", n_read, "test")):
        source = generator(seed, "positions", purpose)
        task = torch.randint(len(stream), (n,), generator=source)
        chosen = torch.randint(stream.count(0, part), (n,), generator=source)
        x = torch.empty(n, FlyNet.n_inputs, dtype=torch.float32)
        for t in task.unique().tolist():
            x[task == t] = normalise(stream.images(t, part, chosen[task == t])[0])
        sides.append((x.numpy(), stream.positions[task.numpy()]))
    (x, at), (x_new, truth) = sides
    turn = 2 * np.pi / stream.period
    model = KernelRidge(alpha=0.1, kernel="rbf", gamma=0.5 / FlyNet.n_inputs)
    cos, sin = model.fit(x, np.stack([np.cos(turn * at), np.sin(turn * at)], 1)).predict(x_new).T
    guess = stream.positions[torch.randint(len(stream), (len(truth),), generator=source).numpy()]
    apart = np.abs(np.stack([np.arctan2(sin, cos) / turn, guess]) - truth) % stream.period
    return tuple(np.minimum(apart, stream.period - apart))
