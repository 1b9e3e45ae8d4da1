"""Separability of similarity within tasks from similarity between tasks (paper, Fig. 2(a))."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import ParameterError, check_int, check_labels, finite_arguments
from tgsh.measures._bootstrap import bin_edges, binned_auc, bootstrap_counts, cell_histograms, estimate
from tgsh.measures._pairs import pair_masks
from tgsh.measures._similarity import cosine_matrix, distinct
from tgsh.runs import ByValue
from tgsh.seeding import generator


def _row(name: str, values: Tensor | np.ndarray) -> np.ndarray:
    # Similarities as an array of NumPy, which has no bfloat16: single precision holds its numbers exactly.
    row = torch.as_tensor(values) if isinstance(values, np.ndarray) and values.dtype.kind in "fiu" else values
    if not isinstance(row, Tensor) or row.ndim != 1 or not len(row) or row.is_complex() or row.dtype == torch.bool:
        found = f"{row.dtype} {tuple(row.shape)}" if isinstance(row, Tensor) else type(values).__name__
        raise ParameterError(f"{name} must be a row of real numbers, of PyTorch or NumPy; got {found}")
    return row.detach().cpu().to(torch.float32 if row.dtype == torch.bfloat16 else row.dtype).numpy()


@finite_arguments
def separability(intra: Tensor, inter: Tensor) -> float:
    """Probability that a random intra-task pair is more similar than a random inter-task pair (AUC), in [0, 1].

    Raises:
        ParameterError: one of the two kinds has no pair or is no row of real numbers, or a similarity is NaN or
            infinite.
    """
    if not (len(intra) and len(inter)):
        raise ParameterError(f"pairs of both kinds are compared; got {len(intra)} intra and {len(inter)} inter pairs")
    # The Mann-Whitney U by two sorted lists: SciPy's also ranks all pairs together and looks up a p-value, which takes
    # several times as long (tests hold the two together).
    high, low = (np.sort(_row(name, side)) for name, side in (("intra", intra), ("inter", inter)))
    below = sum(int(np.searchsorted(low, high, side).sum()) for side in ("left", "right"))  # ties count one half
    return below / 2 / (len(high) * len(low))


def derangement(n: int, seed: int) -> Tensor:
    """Random cyclic permutation ``(n,)`` of 0 to n - 1: no element keeps its place.

    Raises:
        ParameterError: ``n`` is below 2.
    """
    check_int("n", n, 2)
    order = torch.randperm(n, generator=generator(seed, "derangement"))
    moved = torch.empty_like(order)
    moved[order] = order.roll(-1)
    return moved


@dataclass(frozen=True, eq=False)
class SeparabilityProfile(ByValue):
    """Separability of similarity within tasks from similarity between tasks, by the distance of the tasks.

    Attributes:
        distance: ``(D,)`` distances that occur between different tasks, ascending.
        auc: ``(D,)`` probability that an intra pair, of any task, is more similar than an inter pair of tasks at that
            distance. 1/2: not separable; below 1/2: points of two tasks are closer than points of one task.
        low, high: ``(D,)`` 95 % bootstrap interval of the AUC.
        inter: ``(D,)`` mean cosine of the inter pairs.
        intra: mean cosine of the intra pairs.
    """

    distance: np.ndarray
    auc: np.ndarray
    low: np.ndarray
    high: np.ndarray
    inter: np.ndarray
    intra: float


@torch.no_grad()
@finite_arguments
def separability_by_distance(
    representations: Tensor,
    task: Tensor,
    label: Tensor,
    distances: np.ndarray,
    *,
    n_resamples: int = 200,
    seed: int = 0,
) -> SeparabilityProfile:
    """Separability of intra pairs (one task, two labels) from inter pairs (one label, two tasks), by distance.

    The bootstrap is that of `tgsh_test`.

    Args:
        representations: ``(n, H)``.
        task: ``(n,)`` from 0 to T - 1.
        label: ``(n,)`` from 0 to K - 1.
        distances: ``(T, T)`` between tasks, from `tgsh.benchmarks.TaskStream.distances`.
        n_resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ParameterError: the distances do not fit the tasks, or there are fewer than two tasks or two labels.
    """
    n_resamples = check_int("n_resamples", n_resamples, 1)
    task, label = (check_labels(name, ids, len(representations)) for name, ids in (("task", task), ("label", label)))
    T, K = int(task.max()) + 1, int(label.max()) + 1
    if T < 2 or K < 2 or distances.shape != (T, T):
        raise ParameterError(f"needs two tasks, two labels and (T, T) distances; got T={T}, K={K}, {distances.shape}")
    cosine = cosine_matrix(representations)
    masks = pair_masks(task, label)
    (intra, inter), ends = [cosine[m] for m in masks], [m.nonzero(as_tuple=True) for m in masks]
    (i, j), (k, m) = ends
    values, apart = distinct(distances)
    of_pair = apart[task[k].numpy(), task[m].numpy()]
    steps = np.unique(of_pair)

    edges = bin_edges(intra.numpy(), inter.numpy())
    cells = [(task[i] * K + label[i]) * K + label[j], (task[k] * T + task[m]) * K + label[k]]
    within = cell_histograms(intra.numpy(), cells[0].numpy(), T * K * K, edges).reshape(T, K * K, -1)
    between = cell_histograms(inter.numpy(), cells[1].numpy(), T * T * K, edges).reshape(T * T, K, -1)
    tasks, classes = (bootstrap_counts(size, n_resamples, seed, of) for size, of in ((T, "tasks"), (K, "classes")))
    pairs_of_classes = (classes[:, :, None] * classes[:, None, :]).reshape(len(classes), -1)
    p = np.einsum("rc,rcb->rb", pairs_of_classes, np.tensordot(tasks, within, 1))
    pairs_of_tasks = (tasks[:, :, None] * tasks[:, None, :]).reshape(len(tasks), -1)

    found, mean = [], []
    for step in steps:
        here, these = (apart == step).ravel(), inter[torch.from_numpy(of_pair == step)]
        of_classes = np.tensordot(pairs_of_tasks[:, here], between[here], 1)
        resampled = binned_auc(p, np.einsum("rc,rcb->rb", classes, of_classes))
        found.append(estimate(separability(intra, these), resampled))
        mean.append(float(these.mean()))
    auc = (np.array([getattr(one, end) for one in found]) for end in ("value", "low", "high"))
    return SeparabilityProfile(values[steps], *auc, np.array(mean), intra=float(intra.mean()))


@torch.no_grad()
@finite_arguments
def mean_similarity(representations: Tensor, task: Tensor, label: Tensor) -> np.ndarray:
    """Mean cosine similarity of the pairs of each two tasks, ``(T, T)``, with the pairs of Fig. 2(a).

    Between two tasks, pairs have one label; within a task, two labels. Every class of every task must have the same
    number of points. The mean over the pairs of two groups is then the product of their mean unit vectors, so no pair
    is formed.

    Args:
        representations: ``(n, H)``.
        task, label: ``(n,)``.

    Raises:
        ParameterError: a class of a task has another number of points, or there is only one class.
    """
    task, label = (check_labels(name, ids, len(representations)) for name, ids in (("task", task), ("label", label)))
    T, K = int(task.max()) + 1, int(label.max()) + 1
    if K < 2 or len((task * K + label).bincount(minlength=T * K).unique()) != 1:
        raise ParameterError("there must be two classes, and in every task as many points of each")
    unit = F.normalize(representations, dim=1).double()
    centres = unit.new_zeros(T * K, unit.shape[1]).index_add_(0, (task * K + label).to(unit.device), unit)
    centres = centres.reshape(T, K, -1) / (len(task) / (T * K))
    between = torch.einsum("tkh,ukh->tu", centres, centres) / K
    total = torch.einsum("tkh,tmh->t", centres, centres)
    own = (total - between.diagonal() * K) / (K * (K - 1))
    return (between - torch.diag(between.diagonal()) + torch.diag(own)).cpu().numpy()


@finite_arguments
def overlap(intra: Tensor, inter: Tensor) -> float:
    """Overlap of two distributions, in [0, 1]: 0 if a threshold separates them, 1 if they are the same.

    It is 1 minus the Kolmogorov-Smirnov distance: the sum of the two shares on the wrong side of the best threshold.
    Where the two densities cross only once, it is also the area under both. It needs no bins.

    Args:
        intra, inter: similarities, 1-D.

    Raises:
        ParameterError: a side is no row of real numbers, is empty, or holds NaN or infinity.
    """
    from scipy.stats import ks_2samp  # here, since importing it takes half a second

    return 1 - float(ks_2samp(_row("intra", intra), _row("inter", inter), method="asymp").statistic)
