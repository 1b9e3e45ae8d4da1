"""Histograms of similarities and of distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.figures._style import BLUE, FILLED, GREEN, GREY, ORANGE, RED, subplots
from tgsh.measures import pairs_of


def similarity_histograms(pairs: Sequence[tuple[Tensor, Tensor]], titles: Sequence[str]) -> Figure:
    """Histograms of intra- and inter-task cosine similarity (Fig. 2(a)), one panel for each ``(intra, inter)``."""
    figure, axes = subplots(1, len(pairs), size=(3.6 * len(pairs), 2.9), sharex=True, sharey=True, squeeze=False)
    lowest = min(float(values.min()) for pair in pairs for values in pair)
    bins = np.linspace(min(lowest, 0), 1, 80)
    for ax, (intra, inter), title in zip(axes[0], pairs, titles, strict=True):
        ax.hist(inter.numpy(), bins, **FILLED, color=ORANGE, alpha=0.75, label="inter: same label, other task")
        ax.hist(intra.numpy(), bins, **FILLED, color=BLUE, alpha=0.75, label="intra: same task, other label")
        ax.set(title=title, xlabel="cosine similarity")
    axes[0, 0].set_ylabel("density")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure


def agreement_and_null(
    fine: np.ndarray, coarse: np.ndarray, null: np.ndarray, marks: Mapping[str, float], labels: tuple[str, str]
) -> Figure:
    """Entries of two matrices ``(T, T)`` against each other, beside their correlation and a null distribution.

    Args:
        fine, coarse: the matrices.
        null: ``(n,)`` correlations under random permutations of the tasks.
        marks: name -> correlation, drawn as vertical lines.
        labels: names of the two matrices.
    """
    figure, (left, right) = subplots(1, 2, size=(8.2, 3.4))
    x, y = pairs_of(fine), pairs_of(coarse)
    ends = [min(x.min(), y.min()) - 0.02, max(x.max(), y.max()) + 0.02]
    left.plot(ends, ends, color=GREY, lw=0.8)
    left.plot(x, y, ls="none", marker=".", color=BLUE, alpha=0.7)
    left.set(xlabel=f"similarity, {labels[0]}", ylabel=f"similarity, {labels[1]}")
    right.hist(null, bins=40, color=GREY, alpha=0.5, density=True, label="tasks permuted at random")
    for (name, value), colour in zip(marks.items(), (BLUE, RED, ORANGE, GREEN), strict=False):
        right.axvline(value, color=colour, lw=1.6, label=name)
    right.set(xlabel="correlation of the entries", ylabel="density", xlim=(-0.6, 1.05))
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=9)
    return figure


def pairs_at_distance(panels: Mapping[str, tuple[Tensor, Tensor, float]], title: str, lowest: float) -> Figure:
    """One frame: intra pairs, and inter pairs at one distance, with their AUC; one panel for each condition.

    Args:
        panels: condition -> intra similarities, inter similarities, AUC.
        title: the distance, in words.
        lowest: left end of the axis, the same in every frame.
    """
    figure, axes = subplots(1, len(panels), size=(8.2, 2.6), sharex=True, squeeze=False)
    bins = np.linspace(lowest, 1, 70)
    for ax, (name, (intra, inter, auc)) in zip(axes[0], panels.items(), strict=True):
        ax.hist(inter.numpy(), bins, **FILLED, color=ORANGE, alpha=0.75, label=f"inter: two tasks {title} apart")
        ax.hist(intra.numpy(), bins, **FILLED, color=BLUE, alpha=0.75, label="intra: one task")
        ax.set(title=f"{name}: AUC {auc:.2f}", xlabel="cosine similarity", yticks=[])
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
