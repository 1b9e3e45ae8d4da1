"""Bars over seeds, and curves of time and memory over size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from tgsh.figures._style import BLUE, RED, subplots


def bars_with_range(panels: Mapping[str, Mapping[str, Sequence[float]]], chance: Mapping[str, float]) -> Figure:
    """Horizontal bars, one panel for each title, one bar for each name, a dot for each seed; chance is dashed."""
    figure, axes = subplots(1, len(panels), size=(7.4, 2.7), sharey=True, squeeze=False)
    for ax, (title, rows) in zip(axes[0], panels.items(), strict=True):
        for place, (name, values) in enumerate(rows.items()):
            ax.barh(place, np.mean(values), color=BLUE if name.startswith("trained r") else "#bbbbbb")
            ax.plot(values, [place] * len(values), ls="none", marker=".", color="black", ms=5)
        ax.set_yticks(range(len(rows)), list(rows))
        ax.grid(True, axis="x")
        ax.grid(False, axis="y")
        ax.set(title=title)
        ax.set_xlim(0, 1)
        if title in chance:
            ax.axvline(chance[title], color=RED, ls="--", lw=1)
    axes[0, 0].invert_yaxis()
    return figure


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
