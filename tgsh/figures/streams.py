"""Figures of task streams: tasks, accuracies, similarities."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.figures.style import BLUE, FILLED, GREY, ORANGE, RED, SIMILARITY_MAP, subplots
from tgsh.geometry import Profile


def show_tasks(stream: TaskStream, tasks: Sequence[int], samples: Sequence[int]) -> Figure:
    """Test images ``samples`` (a row each) as the given tasks (a column each) show them."""
    titles = [fill(stream[t].name, width=12) for t in tasks]
    width = 1.0 if max(map(len, titles)) > 8 else 0.75
    size = (width * len(tasks), (width + 0.05) * len(samples) + 0.2 * max(title.count("\n") + 1 for title in titles))
    figure, axes = subplots(len(samples), len(tasks), size=size, squeeze=False)
    for column, t in enumerate(tasks):
        images, _ = stream.test(t)
        white = 1 if images.is_floating_point() else 255
        for row, i in enumerate(samples):
            axes[row, column].imshow(images[i].cpu(), cmap="gray", vmin=0, vmax=white)
            axes[row, column].axis("off")
        axes[0, column].set_title(titles[column], fontsize=9)
    return figure


def accuracy_by_task(positions: np.ndarray, accuracies: Sequence[Tensor], labels: Sequence[str], unit: str) -> Figure:
    """Test accuracy over the tasks' positions, one marker style a measurement."""
    figure, ax = subplots(size=(7.2, 2.9))
    styles = [{"marker": "o", "ms": 7, "mfc": "none", "color": BLUE}, {"marker": ".", "ms": 5, "color": RED}]
    for accuracy, label, style in zip(accuracies, labels, styles, strict=True):
        ax.plot(positions, 100 * np.asarray(accuracy), ls="none", label=label, **style)
    ax.set(xlabel=f"task ({unit})", ylabel="test accuracy (%)")
    _whole_steps(ax, unit)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    return figure


def similarity_histograms(pairs: Sequence[tuple[Tensor, Tensor]], titles: Sequence[str]) -> Figure:
    """Histograms of intra- and inter-task cosine similarity, one panel for each ``(intra, inter)``."""
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


def similarity_matrices(matrices: Sequence[np.ndarray], titles: Sequence[str], stream: TaskStream) -> Figure:
    """Similarity matrices ``(T, T)`` side by side on one colour scale from -1 to 1."""
    figure, axes = subplots(1, len(matrices), size=(3.9 * len(matrices) + 0.5, 3.7), squeeze=False)
    for ax, matrix, title in zip(axes[0], matrices, titles, strict=True):
        image = draw_similarity(ax, matrix, stream)
        ax.set_title(title)
    figure.colorbar(image, ax=axes[0].tolist(), label="cosine similarity", shrink=0.85)
    return figure


def draw_similarity(ax: Axes, matrix: np.ndarray, stream: TaskStream) -> object:
    """One similarity matrix with the tasks' positions on both axes; returns the image, for a colour bar."""
    image = ax.imshow(matrix, cmap=SIMILARITY_MAP, vmin=-1, vmax=1, interpolation="nearest")
    ticks = np.arange(0, len(matrix), max(1, len(matrix) // 6) if stream.unit else 1)
    names = [stream.labels[t] for t in ticks]
    ax.set_xticks(ticks, names, rotation=90 if max(map(len, names)) > 4 else 0)
    ax.set_yticks(ticks, names)
    ax.grid(False)
    ax.set(xlabel=stream.axis, ylabel=stream.axis)
    return image


def similarity_profiles(profiles: Sequence[Profile], labels: Sequence[str], unit: str) -> Figure:
    """Similarity of contexts over the distance of their tasks: mean, and 5th to 95th percentile of the pairs."""
    figure, ax = subplots(size=(7.2, 3.0))
    for profile, label, colour in zip(profiles, labels, (BLUE, GREY), strict=True):
        ax.plot(profile.distance, profile.mean, color=colour, marker=".", label=label)
        ax.fill_between(profile.distance, profile.low, profile.high, color=colour, alpha=0.25, lw=0)
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel=f"distance between tasks ({unit})", ylabel="cosine similarity of contexts")
    _whole_steps(ax, unit)
    ax.legend(frameon=False)
    return figure


def accuracy_by_distance(distance: np.ndarray, curves: Sequence[np.ndarray], chance: float, unit: str) -> Figure:
    """Accuracy of a context over the distance ``(D,)`` to the task it is tried on: mean and range of the curves."""
    figure, ax = subplots(size=(7.2, 2.9))
    percent = 100 * np.stack(curves)
    ax.plot(distance, percent.mean(0), color=BLUE, marker=".")
    ax.fill_between(distance, percent.min(0), percent.max(0), color=BLUE, alpha=0.25, lw=0)
    ax.axhline(100 * chance, color="black", lw=0.8, ls="--")
    ax.set(xlabel=f"distance between tasks ({unit})", ylabel="test accuracy (%)", ylim=(0, 100))
    _whole_steps(ax, unit)
    return figure


def _whole_steps(ax: Axes, unit: str) -> None:
    # Ticks at angles a reader thinks in.
    low, high = ax.get_xlim()
    if unit == "degrees" and high - low > 90:
        ax.xaxis.set_major_locator(MultipleLocator(30))
