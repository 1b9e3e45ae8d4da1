"""Points with intervals, scatter plots, and curves in the plane and in space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.figures._style import BLUE, COLOURS, GREY, MARKERS, ORANGE, subplots
from tgsh.measures import TgshReport


def definition_angles(reports: Mapping[str, TgshReport]) -> Figure:
    """Definition 1 (a) and (b) as mean angles with their intervals, one row for each named report."""
    figure, ax = subplots(size=(7.4, 0.42 * len(reports) + 1.3))
    rows = np.arange(len(reports))[::-1]
    # Filled circles and open squares: the halves are told apart without colour, too.
    halves = {
        "within": {"fmt": "o", "color": BLUE, "label": "(a) same task, any classes"},
        "between": {"fmt": "s", "color": ORANGE, "mfc": "white", "mew": 1.5, "label": "(b) two tasks, any classes"},
    }
    for kind, style in halves.items():
        angles = [getattr(report, kind).angle for report in reports.values()]
        value = np.array([angle.value for angle in angles])
        ends = np.array([(angle.value - angle.low, angle.high - angle.value) for angle in angles]).T
        ax.errorbar(value, rows, xerr=ends, ms=6, capsize=3, **style)
    ax.axvline(60, color=GREY, lw=0.8, ls=":")
    ax.axvline(90, color=GREY, lw=0.8, ls="--")
    ax.set_yticks(rows, list(reports))
    ax.set(xlabel="mean angle between representations (degrees)", ylim=(-0.6, len(rows) - 0.4))
    ax.grid(False)
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def against_prediction(pairs: Mapping[str, tuple[np.ndarray, np.ndarray]], xlabel: str, ylabel: str) -> Figure:
    """Measured over predicted values, with the line of equality; one panel for each condition."""
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


def manifolds_on_sphere(points: Tensor, names: Sequence[str], turn: float = 0) -> Figure:
    """Task manifolds ``(T, K, P, 3)`` on the unit sphere: a colour for each task, a closed line for each class.

    A mark, of another form for each task, is the centre of each class. The sphere is seen from the direction of most
    points, turned by ``turn`` degrees. Lines on its far side are thin and pale.
    """
    figure, ax = subplots(size=(5.6, 4.0), subplot_kw={"projection": "3d"})
    elevation, azimuth, eye = _seen_from(points, turn)
    u, v = np.mgrid[0 : 2 * np.pi : 49j, 0 : np.pi : 25j]
    sphere = np.stack([np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v)], axis=2)
    wires = _one_line([*sphere[:-1:4], *sphere[:, 4:-1:4].swapaxes(0, 1)])
    is_near = (wires @ eye > 0)[:, None]
    ax.plot(*np.where(is_near, np.nan, wires).T, color="#eeeeee", lw=0.5)
    ax.plot(*np.where(is_near, wires, np.nan).T, color="#cccccc", lw=0.6)
    for task, name, colour, marker in zip(points.numpy(), names, COLOURS, MARKERS, strict=False):
        ax.plot([], [], color=colour, lw=1.6, marker=marker, ms=5, label=name)
        closed = np.concatenate([task, task[:, :1]], axis=1)
        is_near = task.mean(1) @ eye > 0
        for side, style in ((is_near, {"lw": 1.6}), (~is_near, {"lw": 1.0, "alpha": 0.35})):
            if side.any():
                ax.plot(*_one_line(closed[side]).T, color=colour, **style)
                ax.plot(*task[side].mean(1).T, marker, color=colour, ms=4, alpha=style.get("alpha"))
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
    """Whether the centre of each task manifold of `manifolds_on_sphere` is on the near side, Boolean ``(T,)``."""
    return points.mean((1, 2)).numpy() @ _seen_from(points, turn)[2] > 0


def _seen_from(points: Tensor, turn: float) -> tuple[float, float, np.ndarray]:
    # Elevation and azimuth in radians, and the same as a unit vector.
    x, y, z = points.mean((0, 1, 2)).tolist()
    up, round_ = np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x) + np.radians(turn)
    return up, round_, np.array([np.cos(up) * np.cos(round_), np.cos(up) * np.sin(round_), np.sin(up)])


def context_plane(places: np.ndarray, control: np.ndarray, labels: Sequence[str], title: str, limit: float) -> Figure:
    """One frame: contexts ``(T, 2)`` in the plane of a frequency, joined in the order of their tasks.

    Args:
        places: trained contexts.
        control: untrained contexts.
        labels: one for each task; some of them are written.
        title: of the figure.
        limit: of both axes, the same in every frame.
    """
    figure, axes = subplots(1, 2, size=(7.6, 3.9), sharex=True, sharey=True)
    colours = matplotlib.colormaps["twilight_shifted"](np.arange(len(places)) / len(places))
    for ax, points, name in zip(axes, (places, control), ("trained", "untrained"), strict=True):
        closed = np.concatenate([points, points[:1]])
        ax.plot(*closed.T, color="#bbbbbb", lw=0.8, zorder=1)
        ax.scatter(*points.T, c=colours, s=34, zorder=2, edgecolors=GREY, linewidths=0.4)
        for t in range(0, len(points), max(1, len(points) // 8)):
            ax.annotate(labels[t], points[t], xytext=(4, 4), textcoords="offset points", fontsize=8)
        ax.axhline(0, color="#dddddd", lw=0.6, zorder=0)
        ax.axvline(0, color="#dddddd", lw=0.6, zorder=0)
        ax.set(title=name, xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xlabel="cosine part")
        ax.grid(False)
    axes[0].set_ylabel("sine part")
    figure.suptitle(title, fontsize=10)
    return figure
