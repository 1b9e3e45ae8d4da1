"""Figures of what is learned and what is given: Definition 1 under controls, and by the distance between tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.figures.manifolds import COLOURS, MARKERS
from tgsh.figures.style import BLUE, FILLED, GREY, ORANGE, subplots
from tgsh.separation import SeparabilityProfile


def dots_by_row(panels: Mapping[str, Mapping[str, Sequence[float]]], marks: Mapping[str, float]) -> Figure:
    """A panel a title, a row a name: the mean over the seeds as a dot, their range as a line.

    Args:
        panels: title -> name -> one value a seed; every panel has the same names.
        marks: title -> where a dashed line stands.
    """
    names = list(next(iter(panels.values())))
    figure, axes = subplots(1, len(panels), size=(8.0, 0.36 * len(names) + 1.0), sharey=True, squeeze=False)
    rows = np.arange(len(names))[::-1]
    for ax, (title, values) in zip(axes[0], panels.items(), strict=True):
        for row, name in zip(rows, names, strict=True):
            colour = BLUE if name == "trained" else GREY
            ax.plot([min(values[name]), max(values[name])], [row, row], color=colour, lw=2)
            ax.plot(np.mean(values[name]), row, marker="o", color=colour, ms=6)
        if title in marks:
            ax.axvline(marks[title], color="black", lw=0.8, ls="--")
        ax.set(title=title, xlim=(-0.04, 1.04), ylim=(-0.6, len(names) - 0.4))
        ax.set_yticks(rows, names)
        ax.grid(True, axis="x")
    return figure


def separability_curves(
    panels: Mapping[str, Mapping[str, Sequence[SeparabilityProfile]]], units: Sequence[str]
) -> Figure:
    """AUC over the distance between tasks; a panel a stream, a line a condition.

    The line is the mean over the seeds; shaded is the widest of the range over the seeds and the first seed's
    bootstrap interval.
    """
    figure, axes = subplots(1, len(panels), size=(8.2, 3.4), sharey=True, squeeze=False)
    for ax, (title, conditions), unit in zip(axes[0], panels.items(), units, strict=True):
        for number, (name, profiles) in enumerate(conditions.items()):
            values = np.stack([profile.auc for profile in profiles])
            low = np.minimum(values.min(0), profiles[0].low)
            high = np.maximum(values.max(0), profiles[0].high)
            x, colour = profiles[0].distance, COLOURS[number]
            ax.plot(x, values.mean(0), color=colour, marker=MARKERS[number], ms=3.5, label=name)
            ax.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
        ax.axhline(0.5, color="black", lw=0.8, ls="--")
        ax.set(title=title, xlabel=f"distance between the tasks ({unit})", ylim=(0, 1.03))
    axes[0, 0].set_ylabel("AUC of intra over inter")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5, fontsize=9)
    return figure


def pairs_at_distance(panels: Mapping[str, tuple[Tensor, Tensor, float]], title: str, lowest: float) -> Figure:
    """One frame: histograms of intra pairs and of the inter pairs at one distance, with their AUC; a panel a condition.

    Args:
        panels: condition -> intra similarities, inter similarities, AUC.
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


def against_prediction(pairs: Mapping[str, tuple[np.ndarray, np.ndarray]], xlabel: str, ylabel: str) -> Figure:
    """Measured over predicted values with the line on which they would lie; a panel a condition."""
    figure, axes = subplots(
        1, len(pairs), size=(min(2.15 * len(pairs) + 0.4, 9.2), 2.6), sharex=True, sharey=True, squeeze=False
    )
    for ax, (name, (predicted, measured)) in zip(axes[0], pairs.items(), strict=True):
        _scatter(ax, predicted, measured)
        ax.set(title=name)
    figure.supxlabel(xlabel, fontsize=10)
    axes[0, 0].set_ylabel(ylabel)
    return figure


def _scatter(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    ends = [min(x.min(), y.min()), max(x.max(), y.max())]
    ax.plot(ends, ends, color=GREY, lw=0.8)
    ax.plot(x, y, ls="none", marker=".", ms=3, color=BLUE, alpha=0.6, rasterized=True)
