"""Figures of pictures that were judged: what is legible, and at what price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.benchmarks import SIDE
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
    for i, (x, y, name) in enumerate(zip(accuracy, next(iter(read.values())), names, strict=True)):
        away = (0, (7, -14, 18)[i % 3])  # neighbours can lie close to each other
        ax.annotate(name, (x, y), xytext=away, textcoords="offset points", ha="center", fontsize=8)
    ax.axhline(chance, color=GREY, ls="--", lw=1, label="guessing")
    ax.set(xlabel="test accuracy of the context", ylabel="pictures read as their digit", ylim=(0, 1.18))
    ax.legend(fontsize=8, loc="lower left")
    return figure


def picture_rows(rows: Mapping[str, Tensor], columns: Sequence[str], title: str = "") -> Figure:
    """Named rows ``(columns, 784)`` of pictures from 0, black, to 1, white; all of one size for one set of names.

    One image, where `image_rows` has axes for each picture: quick enough for the frames of an explorer.
    """
    figure, ax = subplots(size=(0.62 * len(columns) + 1.7, 0.62 * len(rows) + 0.6))
    pictures = np.stack([images.reshape(-1, SIDE, SIDE).cpu().numpy() for images in rows.values()])
    # a white line between pictures
    framed = np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=1)
    side = SIDE + 2
    ax.imshow(framed.transpose(0, 2, 1, 3).reshape(len(rows) * side, -1), cmap="gray", vmin=0, vmax=1)
    ax.set_xticks(side * (np.arange(len(columns)) + 0.5) - 0.5, columns)
    ax.set_yticks(side * (np.arange(len(rows)) + 0.5) - 0.5, list(rows), fontsize=9)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.set_frame_on(False)
    ax.set_title(title, fontsize=10)
    return figure
