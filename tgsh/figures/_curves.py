"""Curves over tasks, over the distance between tasks, and over a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator

from tgsh.errors import ParameterError
from tgsh.figures._style import BLUE, COLOURS, DASHES, GREY, MARKERS, subplots
from tgsh.measures import Profile


def similarity_profiles(profiles: Sequence[Profile], labels: Sequence[str], unit: str) -> Figure:
    """Similarity of contexts over the distance between tasks: mean, and 5th to 95th percentile over the pairs."""
    figure, ax = subplots(size=(7.2, 3.0))
    styles = ({"color": BLUE, "marker": "o", "ms": 4}, {"color": GREY, "marker": "s", "ms": 4, "ls": "--"})
    for profile, label, style in zip(profiles, labels, styles, strict=True):
        ax.plot(profile.distance, profile.mean, label=label, **style)
        ax.fill_between(profile.distance, profile.low, profile.high, color=style["color"], alpha=0.25, lw=0)
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


def mean_and_range(
    ax: Axes, x: np.ndarray, curves: Sequence[np.ndarray], label: str, number: int, marked: bool = True
) -> None:
    """Draw the mean and the range over the seeds of ``curves`` ``(n_seeds, len(x))``.

    ``number`` picks the colour and the marker; where the points of a curve are too many to be ``marked``, the dashes.
    """
    stacked = np.asarray(curves, dtype=float)
    colour = COLOURS[number]
    style = {"marker": MARKERS[number], "ms": 4} if marked else {"ls": DASHES[number % len(DASHES)]}
    ax.plot(x, stacked.mean(0), color=colour, label=label, **style)
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


def over_parameters(
    columns: Mapping[str, Sequence],
    parameters: Sequence[str],
    results: Sequence[str],
    shown: Sequence[str] | None = None,
) -> Figure | None:
    """The results of a sweep over its parameters: a panel for each number; mean, and range over the other parameters.

    The horizontal axis is the parameter with most values, seeds aside; colours are the one with most values of the
    others, up to seven.

    Args:
        columns: values by name, one for each run; None where a run has none.
        parameters: names of the columns that are parameters.
        results: names of those that are results.
        shown: names of the results to draw; default: the first 12 numbers that differ between runs, or that there are.

    Returns:
        None where no result is a number.

    Raises:
        ParameterError: a name in ``shown`` is not that of a result, or the result is not a number.
    """
    numbers = [name for name in results if _is_number(columns[name])]
    for name in shown or ():
        if name not in numbers:
            raise ParameterError(f"{name} is not a number that was recorded; choose among {', '.join(numbers)}")
    shown = list(shown or [name for name in numbers if len(set(columns[name])) > 1][:12] or numbers[:12])
    if not shown:
        return None
    by_size = sorted(parameters, key=lambda name: (name != "seed", len(set(columns[name]))), reverse=True)
    by_size = [name for name in by_size if len(set(columns[name])) > 1] or by_size
    across = next((name for name in by_size if _is_number(columns[name])), by_size[0] if by_size else None)
    others = [name for name in by_size if name not in (across, "seed") and 1 < len(set(columns[name])) <= len(COLOURS)]
    wide = min(3, len(shown))
    rows = -(-len(shown) // wide)
    figure, axes = subplots(rows, wide, size=(3.2 * wide + 1, 2.4 * rows + 0.4), squeeze=False)
    for ax, name in zip(axes.flat, shown, strict=False):
        _draw_over(ax, columns, name, across, others[0] if others else None)
    for ax in axes.flat[len(shown) :]:
        ax.set_visible(False)
    if others:
        figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside right upper", title=others[0])
    return figure


def _is_number(values: Sequence) -> bool:
    there = [value for value in values if value is not None]
    return bool(there) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in there)


def _draw_over(ax: Axes, columns: Mapping[str, Sequence], name: str, across: str | None, colour: str | None) -> None:
    # One panel: the mean at each value of ``across``, and the range of all runs there.
    n = len(columns[name])
    places = columns[across] if across else [""] * n
    groups = columns[colour] if colour else [""] * n
    as_text = not _is_number(places)
    for number, group in enumerate(dict.fromkeys(groups)):
        points: dict = {}
        for x, one, y in zip(places, groups, columns[name], strict=True):
            if one == group and y is not None and (as_text or x is not None):
                points.setdefault(str(x) if as_text else x, []).append(y)
        x = list(points) if as_text else sorted(points)
        low, mean, high = ([end(points[at]) for at in x] for end in (min, np.mean, max))
        line = "none" if across == "seed" else "-"  # seeds have no order
        ax.plot(x, mean, color=COLOURS[number], marker=MARKERS[number], ms=4, ls=line, label=str(group))
        if across != "seed":
            ax.fill_between(x, low, high, color=COLOURS[number], alpha=0.25, lw=0)
    if not as_text and all(isinstance(x, int) for x in places):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(title=name, xlabel=across or "")
