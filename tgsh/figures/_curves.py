"""Curves over tasks, over the distance between tasks, and over a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from tgsh.figures._style import BLUE, COLOURS, GREY, MARKERS, subplots
from tgsh.measures import Profile


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
