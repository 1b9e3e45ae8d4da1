"""Similarity within and between task manifolds (paper, Definition 1 and Fig. 2a)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_int
from tgsh.models import FlyNet
from tgsh.neuromod import NeuroModNet
from tgsh.seeding import generator


@torch.no_grad()
def sample_representations(
    net: FlyNet | NeuroModNet, stream: TaskStream, per_class: int, seed: int = 0, contexts: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Representations ``r_t(x)`` of test images drawn afresh for every task, equally many per class.

    Args:
        per_class: images of each class in each task.
        contexts: ``(T, H)`` to use instead of the network's own.

    Returns:
        representations ``(n, H)``, task ``(n,)`` and label ``(n,)``, n = T * 10 * per_class.

    Raises:
        ParameterError: some class has fewer than ``per_class`` test images.
    """
    check_int("per_class", per_class, 1)
    contexts = net.context_vectors() if contexts is None else contexts
    device, dtype = net.W2.device, net.W2.dtype
    parts, labels = [], []
    for t in range(len(stream)):
        images, y = stream.test(t)
        shuffled = torch.randperm(len(y), generator=generator(seed, "sample", t))
        chosen = [shuffled[y[shuffled] == k][:per_class] for k in range(stream.dataset.n_classes)]
        if min(len(of_class) for of_class in chosen) < per_class:
            raise ParameterError(f"per_class is {per_class}, but some class has fewer test images; choose less")
        index = torch.cat(chosen)
        parts.append(net.represent(normalise(images[index].to(device), dtype), contexts[t].to(device, dtype)))
        labels.append(y[index])
    task = torch.arange(len(stream)).repeat_interleave(len(labels[0]))
    return torch.cat(parts), task, torch.cat(labels)


@torch.no_grad()
def sample_by_position(
    net: FlyNet | NeuroModNet, stream: TaskStream, per_position: int, seed: int = 0, contexts: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """What the published notebook does instead of `sample_representations`: position in the mini-batch for label.

    Of every task, ``per_position`` shuffled mini-batches of ten test images; the "label" of an image is its place in
    its batch, whatever it shows. Arguments and results otherwise as in `sample_representations`.

    Raises:
        ParameterError: there are fewer than ``10 * per_position`` test images.
    """
    groups, n_test = stream.dataset.n_classes, len(stream.dataset.test_labels)
    n = groups * check_int("per_position", per_position, 1, n_test // groups)
    contexts = net.context_vectors() if contexts is None else contexts
    device, dtype = net.W2.device, net.W2.dtype
    parts = []
    for t in range(len(stream)):
        index = torch.randperm(n_test, generator=generator(seed, "sample by position", t))[:n]
        x = normalise(stream.test(t)[0][index].to(device), dtype)
        parts.append(net.represent(x, contexts[t].to(device, dtype)))
    position = torch.arange(groups).repeat(per_position)
    return torch.cat(parts), torch.arange(len(stream)).repeat_interleave(n), position.repeat(len(stream))


def pair_masks(task: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Which pairs of points are compared: two masks ``(n, n)``, each pair once (above the diagonal).

    Intra-task pairs: same task, different label. Inter-task pairs: same label, different task (paper, Section 3.1).
    """
    same_task, same_label = task[:, None] == task[None, :], label[:, None] == label[None, :]
    once = torch.ones_like(same_task).triu(diagonal=1)
    return same_task & ~same_label & once, same_label & ~same_task & once


def intra_inter_similarity(representations: Tensor, task: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine similarity of every intra-task pair and of every inter-task pair, each 1-D, in [-1, 1]."""
    unit = torch.nn.functional.normalize(representations, dim=1)
    cosine = (unit @ unit.T).cpu()
    intra, inter = pair_masks(task, label)
    return cosine[intra], cosine[inter]


def separability(intra: Tensor, inter: Tensor) -> float:
    """Probability that a random intra-task pair is more similar than a random inter-task pair (AUC), in [0, 1].

    Raises:
        ParameterError: one of the two kinds has no pair.
    """
    if not (len(intra) and len(inter)):
        raise ParameterError(f"pairs of both kinds are compared; got {len(intra)} intra and {len(inter)} inter pairs")
    # The Mann-Whitney U by two sorted lists: SciPy's also ranks all pairs together and looks up a p-value, which takes
    # several times as long (tests hold the two together).
    high, low = (np.sort(side.numpy()) for side in (intra, inter))
    below = sum(int(np.searchsorted(low, high, side).sum()) for side in ("left", "right"))  # ties count one half
    return below / 2 / (len(high) * len(low))


@dataclass(frozen=True)
class Estimate:
    """A measured number and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PairSummary:
    """One kind of pairs: how alike the representations of their two points are, on average.

    Attributes:
        n_pairs: how many there are.
        cosine: mean cosine similarity, in [-1, 1].
        angle: mean angle in degrees, in [0, 180].
        distance: mean Euclidean distance of the normalised representations, in [0, 2].
        close: share of the pairs that are *close*, in [0, 1]; see `tgsh_test`.
    """

    n_pairs: int
    cosine: Estimate
    angle: Estimate
    distance: Estimate
    close: Estimate


@dataclass(frozen=True)
class TgshReport:
    """Definition 1, measured. What `tgsh_test` returns.

    Attributes:
        within, between: pairs of one task and pairs of two tasks, whatever the classes: the definition's reading.
        intra, inter: pairs of one task with different labels, and of one label in different tasks: Fig. 2(a)'s reading.
        auc: probability that a pair of ``within`` is more similar than a pair of ``between``.
        auc_paper: probability that a pair of ``intra`` is more similar than a pair of ``inter``.
    """

    within: PairSummary
    between: PairSummary
    intra: PairSummary
    inter: PairSummary
    auc: Estimate
    auc_paper: Estimate

    @property
    def half_a(self) -> Estimate:
        """Definition 1 (a), "small distance on one task manifold": the share of such pairs that are close."""
        return self.within.close

    @property
    def half_b(self) -> Estimate:
        """Definition 1 (b), "large distance on two task manifolds": the share of such pairs that are not close."""
        close = self.between.close
        return Estimate(1 - close.value, 1 - close.high, 1 - close.low)


_BINS = 64  # of the similarities, to resample the AUC
CLOSE = 1.0  # distance on the unit sphere


@torch.no_grad()
def tgsh_test(
    representations: Tensor, task: Tensor, label: Tensor, *, n_resamples: int = 400, seed: int = 0
) -> TgshReport:
    """Definition 1 as code: are points of one task close, and points of two tasks far, whatever their classes?

    The definition gives no scale, so ours is the representations' own length: two points are *close* if, normalised,
    they are nearer to each other than to the origin (distance below 1, cosine above 1/2, angle below 60 degrees).
    The AUC needs no such line.

    Pairs are dependent: one point is in many of them, and so is one task. The bootstrap therefore draws tasks, and
    classes, with replacement, and takes a pair as often as its tasks and its classes were drawn. Two copies of one
    task (class) count as that task (class), never as two different ones. Intervals are its 2.5th to 97.5th percentile;
    with fewer than about ten tasks they are rough.

    Args:
        representations: ``(n, H)``.
        task, label: ``(n,)``, any whole numbers. A "label" may be anything that points are grouped by.

    Raises:
        ParameterError: fewer than two tasks or two labels, or a task and label with fewer than two points.
    """
    check_int("n_resamples", n_resamples, 1)
    cell = [np.unique(ids.cpu().numpy(), return_inverse=True)[1] for ids in (task, label)]
    T, K = (int(ids.max()) + 1 for ids in cell)
    if T < 2 or K < 2:
        raise ParameterError(f"Definition 1 compares tasks and classes; got {T} task(s) and {K} class(es)")
    if np.bincount(cell[0] * K + cell[1], minlength=T * K).min() < 2:
        raise ParameterError("every class needs at least two points in every task")

    once = np.triu(np.ones((len(task), len(task)), dtype=bool), 1)
    unit = torch.nn.functional.normalize(representations, dim=1)
    cosine = (unit @ unit.T).cpu().numpy()[once].clip(-1, 1)
    same_task, same_label = ((ids[:, None] == ids)[once] for ids in cell)
    # Everything below is a sum over pairs, so the sums of each combination of tasks and classes are enough.
    of_first, of_second = cell[0] * T * K * K + cell[1] * K, cell[0] * K * K + cell[1]
    sums = _sums(cosine, same_task, (of_first[:, None] + of_second)[once], T * T * K * K).reshape(T * T, K * K, -1)
    tasks, classes = (_pair_weights(size, n_resamples, seed, of) for size, of in ((T, "tasks"), (K, "classes")))
    kinds = {
        (st, sl): _weighted(sums, tasks[st], classes[sl]) for st in (True, False) for sl in (True, False)
    }  # (1 + n_resamples, F) each; the first row counts every task and class once

    within, between = kinds[True, True] + kinds[True, False], kinds[False, True] + kinds[False, False]
    intra, inter = kinds[True, False], kinds[False, True]
    exact = torch.from_numpy(cosine)
    value = separability(exact[same_task], exact[~same_task])
    value_paper = separability(exact[same_task & ~same_label], exact[~same_task & same_label])
    return TgshReport(
        *(_summary(kind) for kind in (within, between, intra, inter)),
        auc=_estimate(binned_auc(within[:, 5:], between[:, 5:]), value),
        auc_paper=_estimate(binned_auc(intra[:, 5:], inter[:, 5:]), value_paper),
    )


def _sums(cosine: np.ndarray, same_task: np.ndarray, cell: np.ndarray, n_cells: int) -> np.ndarray:
    # (n_cells, 5 + _BINS): number of pairs, sums of cosine, angle, distance and closeness, histogram of the cosine.
    distance = np.sqrt(2 - 2 * cosine)
    values = (cosine, np.degrees(np.arccos(cosine)), distance, distance < CLOSE)
    # Half of the edges for each side of the AUC. The least value of a side is an edge: sides that do not overlap
    # share no bin.
    quantiles = np.linspace(0, 1, _BINS // 2, endpoint=False)
    edges = np.sort(np.concatenate([np.quantile(cosine[side], quantiles) for side in (same_task, ~same_task)]))
    bins = np.searchsorted(edges, cosine, side="right") - 1
    histogram = np.bincount(cell * _BINS + bins, minlength=n_cells * _BINS)
    moments = [np.bincount(cell, minlength=n_cells), *(np.bincount(cell, value, n_cells) for value in values)]
    return np.concatenate([np.stack(moments, 1), histogram.reshape(n_cells, _BINS)], axis=1).astype(np.float32)


def _pair_weights(size: int, n_resamples: int, seed: int, purpose: str) -> dict[bool, np.ndarray]:
    # How often each pair (of tasks, or of classes) is drawn, {same: (1 + n_resamples, size * size), different: ...}.
    counts = np.concatenate([np.ones((1, size), np.float32), bootstrap_counts(size, n_resamples, seed, purpose)])
    identity = np.eye(size, dtype=np.float32)
    same, different = counts[:, :, None] * identity, counts[:, :, None] * counts[:, None, :] * (1 - identity)
    return {True: same.reshape(len(counts), -1), False: different.reshape(len(counts), -1)}


def _weighted(sums: np.ndarray, tasks: np.ndarray, classes: np.ndarray) -> np.ndarray:
    by_class = (tasks @ sums.reshape(len(sums), -1)).reshape(len(tasks), *sums.shape[1:])
    return (by_class * classes[:, :, None]).sum(1, dtype=np.float64)


def _summary(sums: np.ndarray) -> PairSummary:
    with np.errstate(invalid="ignore"):  # a resample of a single task has no pairs of two
        means = sums[:, 1:5] / sums[:, :1]
    return PairSummary(int(sums[0, 0]), *(_estimate(column) for column in means.T))


def binned_auc(similar: np.ndarray, other: np.ndarray) -> np.ndarray:
    """AUC of ``similar`` over ``other``, ``(R,)``, from histograms ``(R, bins)`` over the same bins; nan if no pair."""
    with np.errstate(invalid="ignore"):
        return (similar * (other.cumsum(1) - other / 2)).sum(1) / (similar.sum(1) * other.sum(1))


def bootstrap_counts(size: int, n_resamples: int, seed: int, purpose: str) -> np.ndarray:
    """How often each of ``size`` things (tasks, or classes) is drawn in each resample: ``(n_resamples, size)``."""
    draws = torch.randint(size, (n_resamples, size), generator=generator(seed, "bootstrap", purpose))
    return torch.nn.functional.one_hot(draws, size).sum(1).numpy().astype(np.float32)


def _estimate(resampled: np.ndarray, value: float | None = None) -> Estimate:
    value = float(resampled[0]) if value is None else value
    low, high = np.nanpercentile(resampled[1:], [2.5, 97.5])
    return Estimate(value, min(float(low), value), max(float(high), value))
