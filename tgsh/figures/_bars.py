"""Bars over seeds, and curves of time and memory over size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tgsh.figures._style import BLUE, RED, subplots


def bars_with_range(panels: Mapping[str, Mapping[str, Sequence[float]]], chance: Mapping[str, float]) -> Figure:
    """Horizontal bars of means, one panel for each title, a bar for each name, with its value; a dot for each seed.

    Chance is dashed.
    """
    figure, axes = subplots(1, len(panels), size=(7.4, 2.7), sharey=True, squeeze=False)
    for ax, (title, rows) in zip(axes[0], panels.items(), strict=True):
        for place, (name, values) in enumerate(rows.items()):
            colour = BLUE if name.startswith("trained r") else "#bbbbbb"
            labelled_bar(ax, place, values, ".2f", color=colour)
        ax.set_yticks(range(len(rows)), list(rows))
        ax.grid(True, axis="x")
        ax.grid(False, axis="y")
        ax.set(title=title)
        ax.set(xlim=(0, 1.16), xticks=np.linspace(0, 1, 6))
        if title in chance:
            ax.axvline(chance[title], color=RED, ls="--", lw=1, label="chance")
    axes[0, 0].invert_yaxis()
    return figure


def labelled_bar(ax: Axes, place: float, values: Sequence[float], form: str, **style: object) -> None:
    """Draw a horizontal bar to the mean of ``values``, a dot for each of them, and the mean as a number beside both."""
    mean = float(np.mean(values))
    ax.barh(place, mean, label="mean", **style)
    ax.plot(values, [place] * len(values), ls="none", marker=".", color="black", ms=5, label="a seed")
    text = format(mean, form).replace("-", "\N{MINUS SIGN}")
    end = max(0, mean, *values), place
    ax.annotate(text, end, xytext=(5, 0), textcoords="offset points", va="center", fontsize=8)


def growth_curves(rows: list[dict]) -> Figure:
    """Seconds (blue, left axis) and peak memory (red, right axis) of a stream, one panel for each size that grows."""
    titles = {"n_tasks": "tasks", "width_mult": "width (units per pixel)", "n_train": "samples", "epochs": "epochs"}
    figure, axes = subplots(1, 4, size=(11, 2.7))
    for ax, (name, title) in zip(axes, titles.items(), strict=True):
        points = sorted(
            (row["value"], row["seconds"], row["peak_memory"] / 1e9) for row in rows if row["along"] == name
        )
        value, seconds, memory = np.array(points).T
        ax.plot(value, seconds, color=BLUE, marker="o")
        ax.set(xlabel=title, ylim=(0, 1.15 * seconds.max()), xlim=(0, 1.08 * value.max()))
        right = ax.twinx()
        right.plot(value, memory, color=RED, marker=".", ls="--")
        right.set_ylim(0, 2 * max(row["peak_memory"] for row in rows) / 1e9)
        right.spines["right"].set_visible(True)
        if name == "n_tasks":
            ax.set_ylabel("seconds", color=BLUE)
        if name == "epochs":
            right.set_ylabel("peak memory (GB)", color=RED)
    return figure
