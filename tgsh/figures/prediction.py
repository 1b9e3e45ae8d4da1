"""Figures of contexts that were predicted, not trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from torch import Tensor

from tgsh.figures.style import BLUE, GREEN, GREY, ORANGE, RED, subplots

_STYLES = ((RED, "^"), (ORANGE, "s"), (BLUE, "o"), (GREEN, "D"), (GREY, "v"))


def accuracy_over(
    values: Sequence[float],
    curves: Mapping[str, Sequence[np.ndarray]],
    xlabel: str,
    references: Mapping[str, float],
    log: bool = False,
) -> Figure:
    """Test accuracy over a setting: mean and range of ``(n_seeds, len(values))`` a name; references are dashed."""
    figure, ax = subplots(size=(7.2, 3.4))
    for (name, stacked), (colour, marker) in zip(curves.items(), _STYLES, strict=False):
        percent = 100 * np.asarray(stacked, dtype=float)
        ax.plot(values, percent.mean(0), color=colour, marker=marker, ms=4, label=name)
        ax.fill_between(values, percent.min(0), percent.max(0), color=colour, alpha=0.2, lw=0)
    for (name, level), dashes in zip(references.items(), ("--", ":"), strict=False):
        ax.axhline(100 * level, color="black", lw=1, ls=dashes, label=name)
    if log:
        ax.set_xscale("log")
    ax.set_xticks(values, [f"{value:g}" for value in values], minor=False)
    ax.set(xlabel=xlabel, ylabel="test accuracy (%)")
    _legend(ax, 3)
    return figure


def accuracy_round(
    positions: np.ndarray,
    panels: Mapping[str, Mapping[str, np.ndarray]],
    trained_at: Sequence[np.ndarray],
    reference: tuple[np.ndarray, np.ndarray],
    unit: str,
) -> Figure:
    """Test accuracy all the way round, a panel each.

    Args:
        panels: title -> name -> accuracy ``(len(positions),)``.
        trained_at: for every panel the positions of the contexts that the others are predicted from.
        reference: positions and accuracies of contexts trained on the task itself.
    """
    figure, axes = subplots(
        len(panels), 1, size=(7.4, 2.3 * len(panels) + 0.5), sharex=True, sharey=True, squeeze=False
    )
    for ax, (title, curves), known in zip(axes[:, 0], panels.items(), trained_at, strict=True):
        _draw_round(ax, positions, curves, reference)
        low = min(100 * curve.min() for curve in curves.values())
        ax.plot(known, np.full(len(known), low - 1), ls="none", marker="|", color="black", ms=5)
        ax.set(title=title, ylabel="test accuracy (%)")
    axes[-1, 0].set_xlabel(f"task ({unit})")
    if unit == "degrees":
        axes[-1, 0].xaxis.set_major_locator(MultipleLocator(30))
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    return figure


def unseen_frame(
    at: float,
    images: Tensor,
    labels: Sequence[int],
    readings: Mapping[str, Sequence[int]],
    positions: np.ndarray,
    curves: Mapping[str, np.ndarray],
    reference: tuple[np.ndarray, np.ndarray],
    unit: str = "°",
) -> Figure:
    """One task of the explorer: test images, what each context reads in them, and where the task lies on the curves.

    Args:
        images: ``(n, 28, 28)`` as the task shows them; ``labels``: what they are.
        readings: name of a context -> the class it reads in each image.
        curves, reference: as in `accuracy_round`.
    """
    n = len(labels)
    figure, axes = subplots(2, 1, size=(7.2, 4.3), height_ratios=[1, 1.25])
    top, bottom = axes
    side = images.shape[-1]
    top.imshow(np.concatenate([image.cpu().numpy() for image in images], axis=1), cmap="gray", aspect="equal")
    top.set(yticks=[], xticks=[], title=f"digits turned by {at:g}{unit}" if unit == "°" else f"task {at:g}{unit}")
    top.spines[:].set_visible(False)
    top.grid(False)
    for row, (name, read) in enumerate(readings.items()):
        y = side * (1.45 + 0.7 * row)
        top.text(-side * 0.2, y, name, ha="right", va="center", fontsize=9)
        for i in range(n):
            right = read[i] == labels[i]
            top.text(side * (i + 0.5), y, str(int(read[i])), ha="center", va="center", fontsize=11,
                     color="black" if right else RED, fontweight="normal" if right else "bold")  # fmt: skip
    top.set(xlim=(-side * 2.4, side * n), ylim=(side * (1.2 + 0.7 * len(readings)), 0))
    _draw_round(bottom, positions, curves, reference)
    bottom.axvline(at, color="black", lw=1.2)
    bottom.set(xlabel="angle of the task (degrees)", ylabel="test accuracy (%)")
    _legend(bottom, 3)
    return figure


def _draw_round(
    ax: Axes, positions: np.ndarray, curves: Mapping[str, np.ndarray], reference: tuple[np.ndarray, np.ndarray]
) -> None:
    for (name, curve), colour in zip(curves.items(), (ORANGE, BLUE), strict=True):
        ax.plot(positions, 100 * curve, color=colour, lw=1.3, label=name)
    ax.plot(reference[0], 100 * reference[1], ls="none", marker=".", ms=5, color="black", label="trained on the task")


def _legend(ax: Axes, columns: int) -> None:
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, frameon=False)
