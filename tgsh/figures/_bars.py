"""Bars, and the figure of the benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from tgsh.figures._style import BLUE, GREEN, GREY, ORANGE, RED, subplots

_COLOURS = {"plain": ORANGE, "fast": BLUE}


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


def stage_bars(stages: dict[str, dict[str, float]]) -> Figure:
    """Milliseconds of each stage of a batch, one stacked bar for each path."""
    figure, axes = subplots(2, 1, size=(7.2, 4.6))
    figure.get_layout_engine().set(hspace=0.3)
    for ax, (path, parts) in zip(axes, stages.items(), strict=True):
        left = 0.0
        for colour, (name, milliseconds) in zip((GREEN, _COLOURS[path], GREY), parts.items(), strict=True):
            ax.barh(0, milliseconds, left=left, color=colour, label=f"{name} ({milliseconds:.2f} ms)")
            left += milliseconds
        ax.set(yticks=[], xlabel="ms per batch of 128", title=f"{path} path: {left:.1f} ms per batch")
        ax.grid(False)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.45), ncols=3, frameon=False, fontsize=8)
    return figure


def roofline(points: list[dict], ceilings: dict[str, float]) -> Figure:
    """Roofline: stages below the ceilings of the machine, memory bandwidth (slope) and arithmetic (flat); log axes."""
    figure, ax = subplots(size=(6.8, 3.6))
    intensity = np.logspace(-1, 3, 100)
    roof = np.minimum(intensity * ceilings["bandwidth"], ceilings["arithmetic"])
    ax.loglog(intensity, roof / 1e9, color="black", lw=1.5)
    for point, marker in zip(points, ("s", "o", "D"), strict=True):
        colour = _COLOURS[point["path"]]
        label = f"{point['path']}: {point['stage']}"
        ax.loglog(point["intensity"], point["achieved"] / 1e9, marker, color=colour, ms=8, label=label)
    ax.set(xlabel="operations per byte moved", ylabel="billion operations per second")
    ax.legend(frameon=False, fontsize=8)
    ax.grid(True, which="major", axis="both")
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
