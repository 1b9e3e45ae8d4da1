"""Pictures with which chapters open: a question that one sees before one reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.figures._style import BLUE, GREY, ORANGE, subplots

_MOST = 36  # tasks on a ring: more would be too small to see
_LARGEST = 0.46  # side of an image, in units of the radius of the ring
_CORE = 0.36  # radius of the network within it


def tasks_on_rings(rings: Mapping[str, TaskStream], sample: int, between: str = "") -> Figure:
    """One test image in all tasks of a stream, around the network that learns them: a ring for each stream.

    Tasks follow each other counter-clockwise from the top, evenly spaced; of more than 36, some are left out. Grey is
    random and fixed, orange is what a task learns.

    Args:
        rings: what is written into the middle of a ring -> its tasks.
        sample: index of the test image.
        between: a question, written between the first ring and the second.
    """
    longest = max(len(line) for stream in rings.values() for name in stream.names for line in _lines(name))
    reach = 1.3 + 0.045 * longest  # to the end of the longest name
    figure, axes = subplots(1, len(rings), size=(2.65 * reach * len(rings), 4.3), squeeze=False)
    for ax, (text, stream) in zip(axes[0], rings.items(), strict=True):
        _ring(ax, stream, sample)
        ax.add_patch(Circle((0, 0), _CORE, facecolor="#eeeeee", edgecolor=GREY, lw=1.2))
        ax.text(0, 0, text, ha="center", va="center", fontsize=11)
        ax.set(xlim=(-reach, reach), ylim=(-1.4, 1.4), aspect="equal")
        ax.axis("off")
    lines = [axes[0, 0].plot([], [], color=ORANGE, lw=2.2, label="context $m_t$ of a task: learned")[0]]
    lines += axes[0, 0].plot([], [], "o", ms=9, mfc="#eeeeee", mec=GREY, label="weights: random and fixed")
    figure.legend(handles=lines, loc="outside lower center", ncols=len(rings), frameon=False)
    if between:
        figure.text(0.5, 0.88, between, ha="center", va="center", fontsize=11)
    return figure


def _ring(ax: Axes, stream: TaskStream, sample: int) -> None:
    n = min(len(stream), _MOST)
    chosen = np.linspace(0, len(stream) - 1, num=n).astype(int)
    side = min(_LARGEST, 1.44 * np.sin(np.pi / n))  # squares of neighbours on the diagonal do not touch
    for place, t in enumerate(chosen):
        angle = np.pi / 2 + 2 * np.pi * place / n
        way = np.array([np.cos(angle), np.sin(angle)])
        ax.plot(*np.outer(way, [_CORE, 1 - 0.6 * side]), color=ORANGE, lw=2.2 if n < 15 else 1.4)
        image = stream.images(int(t), "test", torch.tensor([sample]))[0][0].cpu()
        white = 1 if image.is_floating_point() else 255
        (left, low), (right, high) = way - side / 2, way + side / 2
        ax.imshow(image, cmap="gray", vmin=0, vmax=white, extent=(left, right, low, high), zorder=2)
        ax.add_patch(Rectangle((left, low), side, side, fill=False, edgecolor=GREY, lw=0.5, zorder=3))
        if place % max(1, n // 12) == 0:
            _name(ax, way, side / 2 + 0.03, "\n".join(_lines(stream.names[t])))


def _lines(name: str) -> list[str]:
    return fill(name, width=12).splitlines()


def _name(ax: Axes, way: np.ndarray, gap: float, text: str) -> None:
    # Above or below an image near the top or the bottom of a ring, beside the others.
    x, y = way
    if abs(x) < 0.6:
        aligned = "center" if abs(x) < 0.1 else "left" if x > 0 else "right"
        ax.text(x, y + np.sign(y) * gap, text, ha=aligned, va="bottom" if y > 0 else "top", fontsize=9)
    else:
        ax.text(x + np.sign(x) * gap, y, text, ha="left" if x > 0 else "right", va="center", fontsize=9)


def clouds_of_tasks(clouds: Mapping[str, Sequence[np.ndarray]], names: Sequence[str], images: Tensor) -> Figure:
    """Points of a few tasks in the plane, a panel for each title, beside one image of each task.

    Args:
        clouds: title -> the points ``(n, 2)`` of each task.
        names: of the tasks.
        images: ``(n_tasks, 28, 28)``, one image in each task.
    """
    figure, axes = subplots(1, 1 + len(clouds), size=(7.6, 3.1), width_ratios=[0.36, *[1] * len(clouds)])
    forms = ({"marker": "o", "color": BLUE}, {"marker": "s", "color": ORANGE, "mfc": "none"})
    tiles = np.concatenate([np.pad(image.cpu().numpy(), 1, constant_values=0) for image in images])
    axes[0].imshow(tiles, cmap="gray")
    axes[0].set_yticks(14.5 + 30 * np.arange(len(names)), names)
    axes[0].tick_params(length=0)
    axes[0].set(xticks=[], frame_on=False)
    axes[0].grid(False)
    for ax, (title, points) in zip(axes[1:], clouds.items(), strict=True):
        for name, cloud, form in zip(names, points, forms, strict=True):
            ax.plot(*cloud.T, ls="none", ms=4, label=name, **form)
        ax.set(title=title, xticks=[], yticks=[], xlabel="first principal axis", ylabel="second principal axis")
        ax.grid(False)
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=len(names), frameon=False)
    return figure


def inversion_sketch(image: Tensor, task: str, title: str, k: int) -> Figure:
    """FlyNet forwards, from an image to its class, and Eq. 3 backwards, from a class and a context to a picture.

    Args:
        image: ``(28, 28)``, an image of class ``k`` in the task.
        task: name of the task.
        title: of the class, as in `ImageDataset.class_title`.
        k: the class.
    """
    figure, ax = subplots(size=(7.6, 3.9))
    ax.set(xlim=(-0.25, 11.6), ylim=(-0.35, 5.6), aspect="equal")
    ax.axis("off")
    rows = {3.75: ("$W_1$, ReLU", "$W_2$", GREY, "-|>"), 0.75: ("$W_1^{+}$", f"row {k} of $W_2$", BLUE, "<|-")}
    for y, (first, last, colour, way) in rows.items():
        for left, right in ((2.0, 3.0), (4.6, 5.3), (6.3, 7.0), (8.9, 9.7)):
            arrow = {"arrowstyle": way, "color": colour, "lw": 1.8, "mutation_scale": 16}
            ax.annotate("", (right, y), (left, y), arrowprops=arrow)
        for left, wide, text in ((3.0, 1.6, first), (7.0, 1.9, last)):
            ax.add_patch(Rectangle((left, y - 0.5), wide, 1.0, facecolor="#eeeeee", edgecolor=GREY))
            ax.text(left + wide / 2, y, text, ha="center", va="center", fontsize=10)
        ax.add_patch(Circle((5.8, y), 0.5, facecolor=ORANGE, edgecolor="none"))
        ax.text(5.8, y, "$m_t$", ha="center", va="center", fontsize=12)
        ax.add_patch(Rectangle((0, y - 1), 2, 2, facecolor="white", edgecolor=GREY, lw=1, zorder=1))
        ax.text(9.85, y, fill(title, 11), ha="left", va="center", fontsize=11)
    white = 1 if image.is_floating_point() else 255
    ax.imshow(image.cpu(), cmap="gray", vmin=0, vmax=white, extent=(0, 2, 2.75, 4.75), zorder=2)
    ax.text(1, 0.75, "?", ha="center", va="center", fontsize=30, color=BLUE)
    ax.text(0, 4.95, f"Forwards: which class is this image of task {task}?", fontsize=10, va="bottom", color="#444444")
    ax.text(0, 1.95, "Backwards: what does the context show of this class?", fontsize=10, va="bottom", color=BLUE)
    return figure
