"""Figures of pictures that were judged: what is legible, and at what price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from tgsh.figures.style import BLUE, GREY, ORANGE, subplots


def legibility(
    accuracy: Sequence[float],
    read: Mapping[str, Sequence[float]],
    names: Sequence[str],
    marks: Mapping[str, tuple[float, float]],
    chance: float,
) -> Figure:
    """Share of pictures read rightly over the accuracy of the contexts that they were made from.

    Args:
        accuracy: ``(L,)`` in [0, 1], of L kinds of contexts, each with its name in ``names``.
        read: by inverse, ``(L,)`` shares in [0, 1].
        marks: single points (accuracy, share) to be set beside the curves.
        chance: share read rightly by guessing.
    """
    figure, ax = subplots(size=(7.2, 3.4))
    for (name, shares), colour in zip(read.items(), (BLUE, ORANGE), strict=False):
        ax.plot(accuracy, shares, "o-", color=colour, ms=5, label=name)
    for (name, at), marker, colour in zip(marks.items(), "*D", (BLUE, ORANGE), strict=False):
        ax.plot(*at, marker, ms=11 if marker == "*" else 7, color=colour, mec="black", ls="none", label=name)
    for x, y, name in zip(accuracy, next(iter(read.values())), names, strict=True):
        ax.annotate(name, (x, y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8)
    ax.axhline(chance, color=GREY, ls="--", lw=1, label="guessing")
    ax.set(xlabel="test accuracy of the context", ylabel="pictures read as their digit", ylim=(0, 1.12))
    ax.legend(fontsize=8, loc="lower left")
    return figure
