"""Definition 1 of the paper (Section 2.1), measured on representations.

A representation is T-GSH for a set of task manifolds if (a) two points of one task manifold are close, and (b) two
points of two well separated task manifolds are far, both whatever the classes of the points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int
from tgsh.measures._bootstrap import bin_edges, binned_auc, bootstrap_counts, cell_histograms, estimate
from tgsh.measures._separability import separability
from tgsh.measures._similarity import cosine_matrix
from tgsh.runs import Estimate


@dataclass(frozen=True)
class PairSummary:
    """Similarity of the two representations of a pair, averaged over the pairs of one kind.

    Attributes:
        n_pairs: number of pairs.
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
    """Result of `tgsh_test`.

    Attributes:
        within, between: pairs of one task and pairs of two tasks, whatever the classes, as in Definition 1.
        intra, inter: pairs of one task and two labels, and pairs of two tasks and one label, as in Fig. 2(a).
        auc: probability that a pair of ``within`` is more similar than a pair of ``between``.
        auc_paper: probability that a pair of ``intra`` is more similar than a pair of ``inter``.
        ratio: mean distance of ``within`` divided by that of ``between``: 0 if a representation depends on the task
            only, 1 if it does not depend on it. It needs no line between close and far.
    """

    within: PairSummary
    between: PairSummary
    intra: PairSummary
    inter: PairSummary
    auc: Estimate
    auc_paper: Estimate
    ratio: Estimate

    @property
    def half_a(self) -> Estimate:
        """Definition 1 (a): share of the pairs on one task manifold that are close."""
        return self.within.close

    @property
    def half_b(self) -> Estimate:
        """Definition 1 (b): share of the pairs on two task manifolds that are not close.

        Points that are far from all others meet it, whatever their tasks: read it beside `half_a` and ``ratio``.
        """
        close = self.between.close
        return Estimate(1 - close.value, 1 - close.high, 1 - close.low)


CLOSE = 1.0  # distance on the unit sphere


@torch.no_grad()
def tgsh_test(
    representations: Tensor, task: Tensor, label: Tensor, *, n_resamples: int = 400, seed: int = 0
) -> TgshReport:
    """Test Definition 1: are points of one task close, and points of two tasks far, whatever their classes?

    The definition gives no scale. Ours is the length of the representations: two points are *close* if, normalised,
    they are nearer to each other than to the origin (distance below 1, cosine above 1/2, angle below 60 degrees). The
    AUC and the ratio of distances need no scale.

    Pairs are dependent, because a point or a task is part of many of them. The bootstrap therefore draws tasks and
    classes with replacement, and counts a pair as often as its tasks and its classes were drawn. Two copies of one task
    (class) count as one task (class), never as two. Intervals run from the 2.5th to the 97.5th percentile; with fewer
    than about ten tasks they are rough.

    Args:
        representations: ``(n, H)``, from `sample_representations`.
        task, label: ``(n,)``, any whole numbers. The label can be any group of points.
        n_resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ParameterError: fewer than two tasks or two labels, or a task and label with fewer than two points.
    """
    n_resamples, n = check_int("n_resamples", n_resamples, 1), len(representations)
    if len(task) != n or len(label) != n:
        raise ParameterError(f"each of {n} points has a task and a label; got {len(task)} and {len(label)}")
    cell = [np.unique(ids.cpu().numpy(), return_inverse=True)[1] for ids in (task, label)]
    T, K = (int(ids.max()) + 1 for ids in cell)
    if T < 2 or K < 2:
        raise ParameterError(f"Definition 1 compares tasks and classes; got {T} task(s) and {K} class(es)")
    if np.bincount(cell[0] * K + cell[1], minlength=T * K).min() < 2:
        raise ParameterError("every class needs at least two points in every task")

    once = np.triu(np.ones((len(task), len(task)), dtype=bool), 1)
    cosine = cosine_matrix(representations).numpy()[once]
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
        auc=estimate(value, binned_auc(within[1:, 5:], between[1:, 5:])),
        auc_paper=estimate(value_paper, binned_auc(intra[1:, 5:], inter[1:, 5:])),
        ratio=_ratio(within, between),
    )


def _sums(cosine: np.ndarray, same_task: np.ndarray, cell: np.ndarray, n_cells: int) -> np.ndarray:
    # (n_cells, 5 + N_BINS): number of pairs, sums of cosine, angle, distance and closeness, histogram of the cosine.
    distance = np.sqrt(2 - 2 * cosine)
    values = (cosine, np.degrees(np.arccos(cosine)), distance, distance < CLOSE)
    edges = bin_edges(cosine[same_task], cosine[~same_task])
    moments = [np.bincount(cell, minlength=n_cells), *(np.bincount(cell, value, n_cells) for value in values)]
    histograms = cell_histograms(cosine, cell, n_cells, edges)
    return np.concatenate([np.stack(moments, 1), histograms], axis=1).astype(np.float32)


def _pair_weights(size: int, n_resamples: int, seed: int, purpose: str) -> dict[bool, np.ndarray]:
    # How often each pair (of tasks, or of classes) is drawn, {same: (1 + n_resamples, size * size), different: ...}.
    counts = np.concatenate([np.ones((1, size), np.float32), bootstrap_counts(size, n_resamples, seed, purpose)])
    identity = np.eye(size, dtype=np.float32)
    same, different = counts[:, :, None] * identity, counts[:, :, None] * counts[:, None, :] * (1 - identity)
    return {True: same.reshape(len(counts), -1), False: different.reshape(len(counts), -1)}


def _weighted(sums: np.ndarray, tasks: np.ndarray, classes: np.ndarray) -> np.ndarray:
    by_class = (tasks @ sums.reshape(len(sums), -1)).reshape(len(tasks), *sums.shape[1:])
    return (by_class * classes[:, :, None]).sum(1, dtype=np.float64)


def _ratio(within: np.ndarray, between: np.ndarray) -> Estimate:
    with np.errstate(invalid="ignore"):
        ratio = (within[:, 3] / within[:, 0]) / (between[:, 3] / between[:, 0])
    return estimate(ratio[0], ratio[1:])


def _summary(sums: np.ndarray) -> PairSummary:
    with np.errstate(invalid="ignore"):  # a resample of a single task has no pairs of two
        means = sums[:, 1:5] / sums[:, :1]
    return PairSummary(int(sums[0, 0]), *(estimate(column[0], column[1:]) for column in means.T))
