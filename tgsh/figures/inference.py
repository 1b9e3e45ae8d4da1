"""Figures of hash codes and of task inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tgsh.benchmarks import TaskStream
from tgsh.figures.manifolds import COLOURS, mean_and_range
from tgsh.figures.style import RED, subplots


def retrieval_by_length(
    n_bits: Sequence[int], panels: Mapping[str, Mapping[str, Sequence[np.ndarray]]], chance: float
) -> Figure:
    """Precision, recall and the like, in [0, 1], over the length of the code.

    Args:
        panels: title -> label -> ``(n_seeds, len(n_bits))``; all panels have the same labels.
        chance: level of a dashed line in the panel that is called precision.
    """
    figure, axes = subplots(1, len(panels), size=(3.6 * len(panels), 3.9), sharey=True, squeeze=False)
    for ax, (title, curves) in zip(axes[0], panels.items(), strict=True):
        for number, (label, values) in enumerate(curves.items()):
            mean_and_range(ax, np.asarray(n_bits), values, label, number)
        if "precision" in title:
            ax.axhline(chance, color="black", ls="--", lw=0.9)
        _powers_of_two(ax, n_bits)
        ax.set(title=title, xlabel="bits", ylim=(0, 1.03))
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def inference_by_number(n: Sequence[int], curves: Mapping[str, Sequence[np.ndarray]], chance: float) -> Figure:
    """Share of batches whose task is inferred, over the number ``n`` of inputs: label -> ``(n_seeds, len(n))``."""
    figure, ax = subplots(size=(7.2, 3.3))
    _draw_by_number(ax, n, curves, chance)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def task_confusion(
    confusion: np.ndarray, stream: TaskStream, at: int, n: Sequence[int], curves: Mapping[str, np.ndarray], shown: str
) -> Figure:
    """One frame of an explorer: which tasks are taken for which from ``n[at]`` inputs, beside the curves over n.

    Args:
        confusion: ``(T, T)``, rows the true task, columns the inferred one, each row summing to 1.
        curves: method -> ``(len(n),)``; ``shown`` is the one that the matrix belongs to.
    """
    figure, (left, right) = subplots(1, 2, size=(7.2, 3.3), width_ratios=[1.15, 1])
    left.imshow(confusion, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    ticks = np.arange(0, len(stream), max(1, len(stream) // 6))
    left.set_xticks(ticks, [stream.labels[t] for t in ticks])
    left.set_yticks(ticks, [stream.labels[t] for t in ticks])
    left.grid(False)
    left.set(xlabel=f"inferred {stream.axis}", ylabel=stream.axis, title=f"{shown}, n = {n[at]}")
    _draw_by_number(right, n, {name: [values] for name, values in curves.items()}, 1 / len(stream))
    right.plot(n[at], curves[shown][at], "o", mfc="none", color=RED, ms=13, mew=2)
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=8, frameon=False)
    return figure


def accuracies_by_scenario(rows: Mapping[str, Sequence[float]], given: float) -> Figure:
    """Horizontal bars of test accuracy, a dot a seed; a dashed line where the task is given."""
    figure, ax = subplots(size=(7.2, 0.36 * len(rows) + 0.9))
    for place, values in enumerate(rows.values()):
        ax.barh(place, 100 * np.mean(values), color=COLOURS[0], alpha=0.6)
        ax.plot(100 * np.asarray(values), [place] * len(values), ls="none", marker=".", color="black", ms=5)
    ax.axvline(100 * given, color=RED, ls="--", lw=1)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.invert_yaxis()
    ax.grid(True, axis="x")
    ax.grid(False, axis="y")
    ax.set(xlabel="test accuracy (%)", xlim=(0, 100))
    return figure


def _draw_by_number(ax: Axes, n: Sequence[int], curves: Mapping[str, Sequence[np.ndarray]], chance: float) -> None:
    for number, (label, values) in enumerate(curves.items()):
        mean_and_range(ax, np.asarray(n), values, label, number)
    ax.axhline(chance, color="black", ls="--", lw=0.9)
    _powers_of_two(ax, n)
    ax.set(xlabel="inputs that share a task, n", ylabel="task inferred exactly", ylim=(-0.02, 1.03))


def _powers_of_two(ax: Axes, values: Sequence[int]) -> None:
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(values), [str(value) for value in values])
    ax.minorticks_off()
