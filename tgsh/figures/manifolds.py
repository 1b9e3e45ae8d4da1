"""Figures of manifolds, synthetic and of images, and of what representations keep of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.figures.style import BLUE, FILLED, GREEN, GREY, ORANGE, RED, subplots

COLOURS = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", GREY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def manifolds_on_sphere(points: Tensor, names: Sequence[str], turn: float = 0) -> Figure:
    """Task manifolds on the unit sphere: ``(T, K, P, 3)``, a colour a task, a closed line a class, a dot its centre.

    The sphere is seen from where most of the points are, ``turn`` degrees further round. What lies on its far side is
    thin and pale.
    """
    figure, ax = subplots(size=(5.6, 4.0), subplot_kw={"projection": "3d"})
    elevation, azimuth, eye = _seen_from(points, turn)
    u, v = np.mgrid[0 : 2 * np.pi : 49j, 0 : np.pi : 25j]
    sphere = np.stack([np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v)], axis=2)
    wires = _one_line([*sphere[:-1:4], *sphere[:, 4:-1:4].swapaxes(0, 1)])
    is_near = (wires @ eye > 0)[:, None]
    ax.plot(*np.where(is_near, np.nan, wires).T, color="#eeeeee", lw=0.5)
    ax.plot(*np.where(is_near, wires, np.nan).T, color="#cccccc", lw=0.6)
    for task, name, colour in zip(points.numpy(), names, COLOURS, strict=False):
        ax.plot([], [], color=colour, lw=1.6, label=name)
        closed = np.concatenate([task, task[:, :1]], axis=1)
        is_near = task.mean(1) @ eye > 0
        for side, style in ((is_near, {"lw": 1.6}), (~is_near, {"lw": 1.0, "alpha": 0.35})):
            if side.any():
                ax.plot(*_one_line(closed[side]).T, color=colour, **style)
                ax.plot(*task[side].mean(1).T, ".", color=colour, ms=5, alpha=style.get("alpha"))
    ax.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
    ax.set_box_aspect((1, 1, 1), zoom=1.4)
    ax.set_axis_off()
    ax.view_init(elev=np.degrees(elevation), azim=np.degrees(azimuth))
    ax.legend(loc="center left", bbox_to_anchor=(0.95, 0.5))
    return figure


def _one_line(curves: Sequence[np.ndarray]) -> np.ndarray:
    # Curves (n, 3) as a single broken line: every line costs time to draw.
    return np.concatenate([np.concatenate([curve, np.full((1, 3), np.nan)]) for curve in curves])


def in_front(points: Tensor, turn: float = 0) -> np.ndarray:
    """Which of the T task manifolds of `manifolds_on_sphere` have their centre on the near side, ``(T,)``."""
    return points.mean((1, 2)).numpy() @ _seen_from(points, turn)[2] > 0


def _seen_from(points: Tensor, turn: float) -> tuple[float, float, np.ndarray]:
    # Elevation and azimuth in radians, and the same as a unit vector.
    x, y, z = points.mean((0, 1, 2)).tolist()
    up, round_ = np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x) + np.radians(turn)
    return up, round_, np.array([np.cos(up) * np.cos(round_), np.cos(up) * np.sin(round_), np.sin(up)])


def orbits(curves: Sequence[np.ndarray], titles: Sequence[str], marked: np.ndarray) -> Figure:
    """Closed curves ``(n, 3)`` in three dimensions, one a panel; ``marked`` points are dots, the first one large."""
    figure, axes = subplots(
        1, len(curves), size=(3.3 * len(curves), 3.1), subplot_kw={"projection": "3d"}, squeeze=False
    )
    for ax, curve, title in zip(axes[0], curves, titles, strict=True):
        closed = np.concatenate([curve, curve[:1]])
        ax.plot(*closed.T, color=BLUE, lw=1.2)
        ax.scatter(*curve[marked].T, color=ORANGE, s=9, depthshade=False)
        ax.scatter(*curve[0], color=RED, s=45, depthshade=False)
        ax.set_title(title)
        ax.tick_params(labelsize=7, pad=-2)
    return figure


def stacked_shares(shares: Mapping[str, Mapping[str, float]]) -> Figure:
    """Horizontal stacked bars, one a row of ``shares``: name -> source -> share in [0, 1]."""
    figure, ax = subplots(size=(7.2, 0.55 * len(shares) + 1.0))
    left = np.zeros(len(shares))
    names = list(shares)
    for source, colour in zip(shares[names[0]], (BLUE, ORANGE, GREEN, "#bbbbbb"), strict=True):
        width = np.array([100 * shares[name][source] for name in names])
        ax.barh(names, width, left=left, color=colour, label=source)
        left += width
    ax.invert_yaxis()
    ax.grid(False)
    ax.set(xlabel="share of the variance (%)", xlim=(0, 100))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def mean_and_range(ax: Axes, x: np.ndarray, curves: Sequence[np.ndarray], label: str, number: int) -> None:
    """One line with its range over the seeds: ``curves`` is ``(n_seeds, len(x))``; ``number`` picks the colour."""
    stacked = np.asarray(curves, dtype=float)
    colour = COLOURS[number]
    ax.plot(x, stacked.mean(0), color=colour, marker=MARKERS[number], ms=4, label=label)
    ax.fill_between(x, stacked.min(0), stacked.max(0), color=colour, alpha=0.25, lw=0)


def curves_with_range(
    x: np.ndarray, curves: Mapping[str, Sequence[np.ndarray]], xlabel: str, ylabel: str, **axis: object
) -> Figure:
    """Lines over ``x`` with their range over the seeds, one a name; ``axis`` goes to ``Axes.set``."""
    figure, ax = subplots(size=(7.2, 3.1))
    for number, (label, values) in enumerate(curves.items()):
        mean_and_range(ax, x, values, label, number)
    ax.set(xlabel=xlabel, ylabel=ylabel, **axis)
    ax.legend()
    return figure


def sweep(
    values: Sequence[float],
    panels: Mapping[str, Mapping[str, Sequence[np.ndarray]]],
    xlabel: str,
    controls: Mapping[str, float],
) -> Figure:
    """Measurements over the values of a setting, evenly spaced: a panel each, lines with their range over the seeds.

    Args:
        panels: title -> label -> ``(n_seeds, len(values))``.
        controls: title -> level of a dashed line, where the panel has one.
    """
    figure, axes = subplots(1, len(panels), size=(3.3 * len(panels), 3.2), squeeze=False)
    x = np.arange(len(values))
    for ax, (title, curves) in zip(axes[0], panels.items(), strict=True):
        for number, (label, stacked) in enumerate(curves.items()):
            mean_and_range(ax, x, stacked, label, number)
        if title in controls:
            ax.axhline(controls[title], color="black", ls="--", lw=0.9, label="raw input")
        ax.set_xticks(x, [f"{value:g}" for value in values], rotation=45)
        ax.set(title=title, xlabel=xlabel)
        ax.set_ylim(0)
        ax.legend(fontsize=8)
    return figure


def distance_histograms(pairs: Mapping[str, Sequence[tuple[Tensor, Tensor]]], titles: Sequence[str]) -> Figure:
    """Histograms of distances within and between manifolds: a row a name, a column a title."""
    figure, axes = subplots(
        len(pairs), len(titles), size=(3.1 * len(titles), 1.9 * len(pairs) + 0.6), sharex=True, squeeze=False
    )
    bins = np.linspace(0, 2, 80)
    for row, (name, columns) in zip(axes, pairs.items(), strict=True):
        for ax, (within, between) in zip(row, columns, strict=True):
            ax.hist(between.numpy(), bins, **FILLED, color=ORANGE, alpha=0.75, label="between two manifolds")
            ax.hist(within.numpy(), bins, **FILLED, color=BLUE, alpha=0.75, label="within a manifold")
            ax.set_yticks([])
        row[0].set_ylabel(name)
    for top, bottom, title in zip(axes[0], axes[-1], titles, strict=True):
        top.set_title(title)
        bottom.set_xlabel("distance, points of norm 1")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def bars_with_range(panels: Mapping[str, Mapping[str, Sequence[float]]], chance: Mapping[str, float]) -> Figure:
    """Horizontal bars: a panel a title, a bar a name with a dot for each seed; a dashed line where guessing lies."""
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


def log_log(x: np.ndarray, curves: Mapping[str, np.ndarray], xlabel: str, ylabel: str) -> Figure:
    """Lines on logarithmic axes, one a name, over ``x``."""
    figure, ax = subplots(size=(6.0, 3.3))
    for number, (label, y) in enumerate(curves.items()):
        ax.loglog(x, y, color=COLOURS[number], marker=MARKERS[number], ms=4, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return figure
