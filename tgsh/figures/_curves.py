"""Curves over tasks, over the distance between tasks, and over a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from tgsh.figures._style import BLUE, COLOURS, GREY, MARKERS, subplots
from tgsh.measures import Profile, SeparabilityProfile


def similarity_profiles(profiles: Sequence[Profile], labels: Sequence[str], unit: str) -> Figure:
    """Similarity of contexts over the distance between tasks: mean, and 5th to 95th percentile over the pairs."""
    figure, ax = subplots(size=(7.2, 3.0))
    for profile, label, colour in zip(profiles, labels, (BLUE, GREY), strict=True):
        ax.plot(profile.distance, profile.mean, color=colour, marker=".", label=label)
        ax.fill_between(profile.distance, profile.low, profile.high, color=colour, alpha=0.25, lw=0)
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel=f"distance between tasks ({unit})", ylabel="cosine similarity of contexts")
    _whole_steps(ax, unit)
    ax.legend(frameon=False)
    return figure


def _whole_steps(ax: Axes, unit: str) -> None:
    # Ticks at multiples of 30 degrees.
    low, high = ax.get_xlim()
    if unit == "degrees" and high - low > 90:
        ax.xaxis.set_major_locator(MultipleLocator(30))


def separability_curves(
    panels: Mapping[str, Mapping[str, Sequence[SeparabilityProfile]]], units: Sequence[str]
) -> Figure:
    """AUC over the distance between tasks: one panel for each stream, one line for each condition.

    Line: mean over the seeds. Shading: union of the range over the seeds and the bootstrap interval of the first seed.

    Args:
        panels: title -> condition -> one profile for each seed.
        units: unit of the distance, for each panel.
    """
    figure, axes = subplots(1, len(panels), size=(8.2, 3.4), sharey=True, squeeze=False)
    for ax, (title, conditions), unit in zip(axes[0], panels.items(), units, strict=True):
        for number, (name, profiles) in enumerate(conditions.items()):
            values = np.stack([profile.auc for profile in profiles])
            low = np.minimum(values.min(0), profiles[0].low)
            high = np.maximum(values.max(0), profiles[0].high)
            x, colour = profiles[0].distance, COLOURS[number]
            ax.plot(x, values.mean(0), color=colour, marker=MARKERS[number], ms=3.5, label=name)
            ax.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
        ax.axhline(0.5, color="black", lw=0.8, ls="--")
        ax.set(title=title, xlabel=f"distance between the tasks ({unit})", ylim=(0, 1.03))
    axes[0, 0].set_ylabel("AUC of intra over inter")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5, fontsize=9)
    return figure


def mean_and_range(ax: Axes, x: np.ndarray, curves: Sequence[np.ndarray], label: str, number: int) -> None:
    """Draw the mean and the range over the seeds of ``curves`` ``(n_seeds, len(x))``; ``number`` picks the colour."""
    stacked = np.asarray(curves, dtype=float)
    colour = COLOURS[number]
    ax.plot(x, stacked.mean(0), color=colour, marker=MARKERS[number], ms=4, label=label)
    ax.fill_between(x, stacked.min(0), stacked.max(0), color=colour, alpha=0.25, lw=0)


def curves_with_range(
    x: np.ndarray, curves: Mapping[str, Sequence[np.ndarray]], xlabel: str, ylabel: str, **axis: object
) -> Figure:
    """Lines over ``x``, name -> ``(n_seeds, len(x))``, with their range; ``axis`` is passed to ``Axes.set``."""
    figure, ax = subplots(size=(7.2, 3.1))
    for number, (label, values) in enumerate(curves.items()):
        mean_and_range(ax, x, values, label, number)
    ax.set(xlabel=xlabel, ylabel=ylabel, **axis)
    ax.legend()
    return figure
