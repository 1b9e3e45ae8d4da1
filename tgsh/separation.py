"""What contexts contribute to Definition 1: controls for them, and separability by the distance between tasks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import ParameterError, check_int
from tgsh.hashing import binned_auc, bootstrap_counts, pair_masks, separability
from tgsh.seeding import generator


def control_contexts(trained: Tensor, untrained: Tensor, seed: int = 0) -> dict[str, Tensor]:
    """Trained contexts ``(T, H)`` and what they are compared with, each ``(T, H)``, by name.

    - ``trained``, ``untrained``: as they are.
    - ``permuted``: the trained contexts, handed to other tasks at random; nobody keeps their own.
    - ``negated``: the trained contexts times -1.
    - ``flipped``: the trained contexts, every entry's sign drawn anew: the sizes are learned, the signs are not.
    - ``absolute``: the trained contexts without their signs.
    - ``shared``: the first task's trained context for all tasks.
    - ``none``: ones; the representation is then ``s(W1 x)``.

    Raises:
        ParameterError: fewer than two tasks.
    """
    if len(trained) < 2:
        raise ParameterError(f"contexts of at least two tasks are needed; got {len(trained)}")
    coins = torch.randint(2, trained.shape, generator=generator(seed, "signs")).to(trained)
    return {
        "trained": trained,
        "untrained": untrained,
        "permuted": trained[derangement(len(trained), seed).to(trained.device)],
        "negated": -trained,
        "flipped": trained * (2 * coins - 1),
        "absolute": trained.abs(),
        "shared": trained[:1].expand_as(trained),
        "none": torch.ones_like(trained),
    }


def derangement(n: int, seed: int) -> Tensor:
    """A random cyclic permutation ``(n,)`` of 0 to n - 1: no element stays where it was."""
    order = torch.randperm(n, generator=generator(seed, "derangement"))
    moved = torch.empty_like(order)
    moved[order] = order.roll(-1)
    return moved


@dataclass(frozen=True)
class SeparabilityProfile:
    """Similarity between tasks, and how well it is told from that within tasks, by the distance of the tasks.

    Attributes:
        distance: ``(D,)`` the distances that occur between two different tasks, ascending.
        auc: ``(D,)`` probability that an intra pair (of any task) is more similar than an inter pair of tasks that far
            apart. 1/2: not to be told apart; below 1/2: the two tasks' points are closer than the points of one task.
        low, high: ``(D,)`` its 95 % bootstrap interval.
        inter: ``(D,)`` mean cosine of the inter pairs.
        intra: mean cosine of the intra pairs.
    """

    distance: np.ndarray
    auc: np.ndarray
    low: np.ndarray
    high: np.ndarray
    inter: np.ndarray
    intra: float


_BINS = 64  # of the similarities, to resample the AUC


@torch.no_grad()
def separability_by_distance(
    representations: Tensor,
    task: Tensor,
    label: Tensor,
    distances: np.ndarray,
    *,
    n_resamples: int = 200,
    seed: int = 0,
) -> SeparabilityProfile:
    """Separability of intra pairs (one task, two labels) over inter pairs (one label, two tasks), by distance.

    The bootstrap is that of `tgsh.hashing.tgsh_test`: tasks and classes are drawn with replacement, and a pair counts
    as often as its tasks and classes were drawn.

    Args:
        representations: ``(n, H)``.
        task: ``(n,)`` from 0 to T - 1; label: ``(n,)`` from 0 to K - 1.
        distances: ``(T, T)`` between tasks, as `tgsh.benchmarks.TaskStream.distances` gives them.

    Raises:
        ParameterError: the distances do not fit the tasks, or there are fewer than two tasks or two labels.
    """
    check_int("n_resamples", n_resamples, 1)
    T, K = int(task.max()) + 1, int(label.max()) + 1
    if T < 2 or K < 2 or distances.shape != (T, T):
        raise ParameterError(f"needs two tasks, two labels and (T, T) distances; got T={T}, K={K}, {distances.shape}")
    unit = F.normalize(representations, dim=1)
    cosine = (unit @ unit.T).cpu()
    masks = pair_masks(task, label)
    (intra, inter), ends = [cosine[m] for m in masks], [m.nonzero(as_tuple=True) for m in masks]
    (i, j), (k, m) = ends
    apart = torch.from_numpy(distances)[task[k], task[m]].numpy()
    steps = np.unique(apart)

    edges = _edges(intra, inter)
    within = _histograms(intra, (task[i] * K + label[i]) * K + label[j], T * K * K, edges).reshape(T, K * K, -1)
    between = _histograms(inter, (task[k] * T + task[m]) * K + label[k], T * T * K, edges).reshape(T * T, K, -1)
    tasks, classes = (bootstrap_counts(size, n_resamples, seed, of) for size, of in ((T, "tasks"), (K, "classes")))
    pairs_of_classes = (classes[:, :, None] * classes[:, None, :]).reshape(len(classes), -1)
    p = np.einsum("rc,rcb->rb", pairs_of_classes, np.tensordot(tasks, within, 1))
    pairs_of_tasks = (tasks[:, :, None] * tasks[:, None, :]).reshape(len(tasks), -1)

    value, low, high, mean = [], [], [], []
    for step in steps:
        here = (distances == step).ravel()
        of_classes = np.tensordot(pairs_of_tasks[:, here], between[here], 1)
        resampled = binned_auc(p, np.einsum("rc,rcb->rb", classes, of_classes))
        exact = separability(intra, inter[torch.from_numpy(apart == step)])
        drawn = resampled[np.isfinite(resampled)]  # a resample may hold no pair at this distance
        interval = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (exact, exact)
        value.append(exact)
        low.append(min(exact, interval[0]))
        high.append(max(exact, interval[1]))
        mean.append(float(inter[torch.from_numpy(apart == step)].mean()))
    return SeparabilityProfile(steps, *map(np.array, (value, low, high, mean)), intra=float(intra.mean()))


def _edges(intra: Tensor, inter: Tensor) -> np.ndarray:
    # Half of the edges for each side, so that both are resolved where they lie.
    quantiles = np.linspace(0, 1, _BINS // 2, endpoint=False)
    return np.sort(np.concatenate([np.quantile(side.numpy(), quantiles) for side in (intra, inter)]))


def _histograms(cosine: Tensor, cell: Tensor, n_cells: int, edges: np.ndarray) -> np.ndarray:
    bins = np.searchsorted(edges, cosine.numpy(), side="right") - 1
    counts = np.bincount(cell.cpu().numpy() * _BINS + bins, minlength=n_cells * _BINS)
    return counts.reshape(n_cells, _BINS).astype(np.float32)


@torch.no_grad()
def mean_similarity(representations: Tensor, task: Tensor, label: Tensor) -> np.ndarray:
    """Mean cosine of the pairs of every two tasks, ``(T, T)``.

    Between two tasks the pairs of one label count, within a task those of two labels, as in the paper's Fig. 2(a).
    Equally many points of every class in every task are taken for granted; the mean over the pairs of two groups is
    then the product of the groups' mean unit vectors, and no pair is formed.
    """
    T, K = int(task.max()) + 1, int(label.max()) + 1
    unit = F.normalize(representations, dim=1).double()
    centres = unit.new_zeros(T * K, unit.shape[1]).index_add_(0, (task * K + label).to(unit.device), unit)
    centres = centres.reshape(T, K, -1) / (len(task) / (T * K))
    between = torch.einsum("tkh,ukh->tu", centres, centres) / K
    total = torch.einsum("tkh,tmh->t", centres, centres)
    own = (total - between.diagonal() * K) / (K * (K - 1))
    return (between - torch.diag(between.diagonal()) + torch.diag(own)).cpu().numpy()
