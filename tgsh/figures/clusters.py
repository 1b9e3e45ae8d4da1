"""Figures of how similarity matrices are grouped, and of how well two of them agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from tgsh.figures.style import BLUE, GREEN, GREY, ORANGE, RED, SIMILARITY_MAP, subplots
from tgsh.geometry import dendrogram_order, pairs_of, relabel


def clustered_similarity(similarity: np.ndarray, tree: np.ndarray, names: Sequence[str]) -> Figure:
    """A similarity matrix in the order of its dendrogram, the dendrogram beside it, row by row."""
    order = dendrogram_order(tree)
    figure, (left, right) = subplots(1, 2, size=(7.6, 4.4), width_ratios=(1, 2.4))
    dendrogram(tree, orientation="left", ax=left, no_labels=True, color_threshold=0, above_threshold_color=BLUE)
    left.set(xlabel="cosine distance at joining", ylim=(10 * len(order), 0))
    left.spines["left"].set_visible(False)
    left.grid(False)
    image = _draw_numbers(right, relabel(similarity, order), [names[t] for t in order])
    figure.colorbar(image, ax=right, label="cosine similarity")
    return figure


def similarity_variants(matrices: Mapping[str, np.ndarray], names: Sequence[str]) -> Figure:
    """Similarity matrices of the same tasks under different conditions, each with its numbers, in the tasks' order."""
    columns = 2
    rows = -(-len(matrices) // columns)
    figure, axes = subplots(rows, columns, size=(8.2, 3.7 * rows), squeeze=False)
    for ax in axes.flat[len(matrices) :]:
        ax.axis("off")
    for ax, (title, matrix) in zip(axes.flat, matrices.items(), strict=False):
        _draw_numbers(ax, matrix, names)
        ax.set_title(title)
    return figure


def _draw_numbers(ax: Axes, matrix: np.ndarray, names: Sequence[str]) -> object:
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


def similarity_and_push(epochs: Sequence[int], similarity: np.ndarray, push: np.ndarray) -> Figure:
    """The similarity of T1's and T7's contexts over the epochs, and the cosine of their gradients, from 0 epochs on."""
    figure, ax = subplots(size=(7.2, 3.0))
    ax.plot(epochs, similarity, color=BLUE, marker="o", label="of the contexts")
    ax.plot([0, *epochs], push, color=RED, marker="v", ls="--", label="of their gradients")
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel="epochs", ylabel="cosine of T1 and T7", xticks=[0, *epochs])
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def agreement_and_null(
    fine: np.ndarray, coarse: np.ndarray, null: np.ndarray, marks: Mapping[str, float], labels: tuple[str, str]
) -> Figure:
    """Two matrices ``(T, T)`` entry against entry; beside it where their correlation stands among others.

    Args:
        null: ``(n,)`` correlations under random permutations of the tasks.
        marks: name -> correlation, drawn as vertical lines.
        labels: of the two matrices.
    """
    figure, (left, right) = subplots(1, 2, size=(8.2, 3.4))
    x, y = pairs_of(fine), pairs_of(coarse)
    ends = [min(x.min(), y.min()) - 0.02, max(x.max(), y.max()) + 0.02]
    left.plot(ends, ends, color=GREY, lw=0.8)
    left.plot(x, y, ls="none", marker=".", color=BLUE, alpha=0.7)
    left.set(xlabel=f"similarity, {labels[0]}", ylabel=f"similarity, {labels[1]}")
    right.hist(null, bins=40, color=GREY, alpha=0.5, density=True, label="tasks permuted at random")
    for (name, value), colour in zip(marks.items(), (BLUE, RED, ORANGE, GREEN), strict=False):
        right.axvline(value, color=colour, lw=1.6, label=name)
    right.set(xlabel="correlation of the entries", ylabel="density", xlim=(-0.6, 1.05))
    figure.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=9)
    return figure
