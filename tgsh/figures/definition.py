"""Figures of Definition 1 and of the matrix R."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from tgsh.figures.style import BLUE, GREY, ORANGE, RED, subplots
from tgsh.hashing import TgshReport


def definition_angles(reports: Mapping[str, TgshReport]) -> Figure:
    """Both halves of Definition 1 as mean angles with their intervals, a row for each named report."""
    figure, ax = subplots(size=(7.4, 0.42 * len(reports) + 1.3))
    rows = np.arange(len(reports))[::-1]
    halves = (("within", BLUE, "(a) same task, any classes"), ("between", ORANGE, "(b) two tasks, any classes"))
    for kind, colour, name in halves:
        angles = [getattr(report, kind).angle for report in reports.values()]
        value = np.array([angle.value for angle in angles])
        ends = np.array([(angle.value - angle.low, angle.high - angle.value) for angle in angles]).T
        ax.errorbar(value, rows, xerr=ends, fmt="o", ms=5, color=colour, capsize=3, label=name)
    ax.axvline(60, color=GREY, lw=0.8, ls=":")
    ax.axvline(90, color=GREY, lw=0.8, ls="--")
    ax.set_yticks(rows, list(reports))
    ax.set(xlabel="mean angle between representations (degrees)", ylim=(-0.6, len(rows) - 0.4))
    ax.grid(False)
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def row_cosines(widths: Sequence[int], measured: np.ndarray) -> Figure:
    """Root mean square cosine between the rows of R, ``(widths, seeds)``, over its width, with 1 / sqrt(H)."""
    figure, ax = subplots(size=(6.0, 3.0))
    ax.plot(widths, 1 / np.sqrt(widths), color=GREY, lw=1, label="$1/\\sqrt{H}$")
    ax.plot(np.repeat(widths, measured.shape[1]), measured.ravel(), ls="none", marker="o", mfc="none", color=BLUE)
    ax.plot([], [], ls="none", marker="o", mfc="none", color=BLUE, label="measured, one network each")
    ax.set(xscale="log", yscale="log", xlabel="hidden units H", ylabel="root mean square cosine")
    ax.set_xticks(widths, [str(width) for width in widths])
    ax.minorticks_off()
    ax.set_ylim(measured.min() / 1.5, measured.max() * 1.5)
    ticks = [tick for tick in (0.005, 0.01, 0.02, 0.05, 0.1) if measured.min() / 1.5 < tick < measured.max() * 1.5]
    ax.set_yticks(ticks, [str(tick) for tick in ticks])
    ax.legend()
    return figure


def two_networks(positions: np.ndarray, accuracies: Mapping[str, np.ndarray], unit: str) -> Figure:
    """Test accuracy of named networks, each ``(seeds, T)``, over the positions of the tasks."""
    figure, ax = subplots(size=(7.2, 2.9))
    for (name, accuracy), colour in zip(accuracies.items(), (BLUE, RED), strict=True):
        ax.plot(positions, 100 * accuracy.mean(0), marker=".", color=colour, label=name)
        ax.fill_between(positions, 100 * accuracy.min(0), 100 * accuracy.max(0), color=colour, alpha=0.2, lw=0)
    ax.set(xlabel=f"task ({unit})", ylabel="test accuracy (%)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure
