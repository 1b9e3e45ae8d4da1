"""Accuracy over all tasks of a circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from tgsh.figures._style import BLUE, ORANGE, subplots


def accuracy_round(
    positions: np.ndarray,
    panels: Mapping[str, Mapping[str, np.ndarray]],
    trained_at: Sequence[np.ndarray],
    reference: tuple[np.ndarray, np.ndarray],
    unit: str,
) -> Figure:
    """Test accuracy over all positions on the circle, one panel for each set of known contexts.

    Args:
        positions: ``(P,)``.
        panels: title -> name -> accuracy ``(P,)``.
        trained_at: for each panel, the positions of the known contexts.
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


def _draw_round(
    ax: Axes, positions: np.ndarray, curves: Mapping[str, np.ndarray], reference: tuple[np.ndarray, np.ndarray]
) -> None:
    for (name, curve), colour in zip(curves.items(), (ORANGE, BLUE), strict=True):
        ax.plot(positions, 100 * curve, color=colour, lw=1.3, label=name)
    ax.plot(reference[0], 100 * reference[1], ls="none", marker=".", ms=5, color="black", label="trained on the task")


def _legend(ax: Axes, columns: int) -> None:
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, frameon=False)
