"""Figures of why the geometry of contexts repeats: optimum, widths, spectrum, the circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from tgsh.figures.manifolds import COLOURS, MARKERS
from tgsh.figures.style import BLUE, GREY, RED, subplots


def lines_between(where: np.ndarray, losses: Mapping[str, np.ndarray]) -> Figure:
    """Loss along straight lines from one context (0) to another (1): name -> ``(n_lines, len(where))``."""
    figure, ax = subplots(size=(7.2, 3.6))
    for number, (name, curves) in enumerate(losses.items()):
        ax.plot(where, curves.T, color=COLOURS[number], lw=1.2)
        ax.plot([], [], color=COLOURS[number], label=name)
    ax.axvline(0, color=GREY, lw=0.8, ls=":")
    ax.axvline(1, color=GREY, lw=0.8, ls=":")
    ax.set(xlabel="place on the line (0 and 1: the two contexts)", ylabel="cross entropy")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0))
    return figure


def named_profiles(profiles: Mapping[str, tuple[np.ndarray, np.ndarray]], unit: str, ylabel: str) -> Figure:
    """Curves with their range: name -> distance ``(D,)`` and values ``(n, D)``."""
    figure, ax = subplots(size=(7.2, 3.2))
    for number, (name, (distance, values)) in enumerate(profiles.items()):
        colour = COLOURS[number]
        ax.plot(distance, values.mean(0), color=colour, marker=MARKERS[number], ms=4, label=name)
        ax.fill_between(distance, values.min(0), values.max(0), color=colour, alpha=0.2, lw=0)
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel=f"distance between tasks ({unit})", ylabel=ylabel)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def gain_signs(first: np.ndarray, last: np.ndarray, accuracy: np.ndarray) -> Figure:
    """The gain g of every task before and after training, and the accuracy over the size of the first."""
    figure, (left, right) = subplots(1, 2, size=(8.0, 3.0))
    kept = np.sign(first) == np.sign(last)
    for mask, colour, name in ((kept, BLUE, "sign kept"), (~kept, RED, "sign changed")):
        if not mask.any():
            continue
        left.plot(first[mask], last[mask], ls="none", marker=".", color=colour, label=name)
        right.plot(np.abs(first[mask]), 100 * accuracy[mask], ls="none", marker=".", color=colour)
    for line in (left.axhline, left.axvline):
        line(0, color="black", lw=0.8)
    left.set(xlabel="$g_t$ before training", ylabel="$g_t$ after training")
    right.set(xlabel="size of $g_t$ before training", ylabel="test accuracy (%)")
    left.legend(loc="upper left", frameon=False)
    return figure


def spectra(power: Mapping[str, np.ndarray]) -> Figure:
    """Share of each Fourier frequency in the trace of similarity matrices: name -> ``(n, T // 2 + 1)``."""
    figure, (left, right) = subplots(1, 2, size=(8.2, 3.2), width_ratios=(1.4, 1))
    for number, (name, values) in enumerate(power.items()):
        frequency, colour = np.arange(values.shape[1]), COLOURS[number]
        left.plot(frequency, values.mean(0), color=colour, marker=MARKERS[number], ms=4, label=name)
        left.fill_between(frequency, values.min(0), values.max(0), color=colour, alpha=0.2, lw=0)
        right.plot(frequency, values.mean(0).cumsum(), color=colour, marker=MARKERS[number], ms=4)
    left.set(xlabel="frequency (turns over the circle)", ylabel="share of the trace")
    right.set(xlabel="up to this frequency", ylabel="share, summed", ylim=(0, 1.02))
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def context_plane(places: np.ndarray, control: np.ndarray, labels: Sequence[str], title: str, limit: float) -> Figure:
    """One frame: contexts ``(T, 2)`` in the plane of a frequency, joined in the order of their tasks; untrained beside.

    Args:
        labels: of every task; some are written.
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
