"""Accuracy of contexts, and what images made from them show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from tgsh.figures._style import BLUE, GREY, ORANGE, subplots


def legibility(
    accuracy: Sequence[float],
    read: Mapping[str, Sequence[float]],
    names: Sequence[str],
    marks: Mapping[str, tuple[float, float]],
    chance: float,
) -> Figure:
    """Share of images read correctly over the accuracy of the contexts that they were made from.

    Args:
        accuracy: ``(L,)`` in [0, 1], of L kinds of contexts.
        read: name of an inverse -> shares ``(L,)`` in [0, 1].
        names: of the kinds of contexts.
        marks: name -> a single point (accuracy, share).
        chance: share read correctly by guessing.
    """
    figure, ax = subplots(size=(7.2, 3.4))
    for (name, shares), colour in zip(read.items(), (BLUE, ORANGE), strict=False):
        ax.plot(accuracy, shares, "o-", color=colour, ms=5, label=name)
    for (name, at), marker, colour in zip(marks.items(), "*D", (BLUE, ORANGE), strict=False):
        ax.plot(*at, marker, ms=11 if marker == "*" else 7, color=colour, mec="black", ls="none", label=name)
    for i, (x, y, name) in enumerate(zip(accuracy, next(iter(read.values())), names, strict=True)):
        away = (0, (7, -14, 18)[i % 3])  # neighbours can lie close to each other
        ax.annotate(name, (x, y), xytext=away, textcoords="offset points", ha="center", fontsize=8)
    ax.axhline(chance, color=GREY, ls="--", lw=1, label="guessing")
    ax.set(xlabel="test accuracy of the context", ylabel="pictures read as their digit", ylim=(0, 1.18))
    ax.legend(fontsize=8, loc="lower left")
    return figure
