"""Similarity matrices (paper, Figs. 2(b), 4, 5 and 7)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tgsh.benchmarks import TaskStream
from tgsh.figures._style import SIMILARITY_MAP, subplots


def draw_numbers(ax: Axes, matrix: np.ndarray, names: Sequence[str]) -> object:
    """Draw a similarity matrix with its numbers, names on both axes; return the image, for a colour bar."""
    image = ax.imshow(matrix, cmap=SIMILARITY_MAP, vmin=-1, vmax=1, interpolation="nearest", aspect="auto")
    for (row, column), value in np.ndenumerate(matrix):
        colour = "white" if abs(value) > 0.6 else "black"
        text = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
        ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)
    ticks = np.arange(len(matrix))
    ax.set_xticks(ticks, names, rotation=90 if max(map(len, names)) > 4 else 0)
    ax.set_yticks(ticks, names)
    ax.tick_params(length=0)
    ax.grid(False)
    return image


def similarity_matrices(matrices: Sequence[np.ndarray], titles: Sequence[str], stream: TaskStream) -> Figure:
    """Similarity matrices ``(T, T)`` side by side on one colour scale from -1 to 1."""
    figure, axes = subplots(1, len(matrices), size=(3.9 * len(matrices) + 0.5, 3.7), squeeze=False)
    for ax, matrix, title in zip(axes[0], matrices, titles, strict=True):
        image = draw_similarity(ax, matrix, stream)
        ax.set_title(title)
    figure.colorbar(image, ax=axes[0].tolist(), label="cosine similarity", shrink=0.85)
    return figure


def draw_similarity(ax: Axes, matrix: np.ndarray, stream: TaskStream) -> object:
    """Draw a similarity matrix with the positions of the tasks on both axes; return the image, for a colour bar."""
    image = ax.imshow(matrix, cmap=SIMILARITY_MAP, vmin=-1, vmax=1, interpolation="nearest")
    ticks = np.arange(0, len(matrix), max(1, len(matrix) // 6) if stream.unit else 1)
    names = [stream.tick_labels[t] for t in ticks]
    ax.set_xticks(ticks, names, rotation=90 if max(map(len, names)) > 4 else 0)
    ax.set_yticks(ticks, names)
    ax.grid(False)
    ax.set(xlabel=stream.axis_label, ylabel=stream.axis_label)
    return image
