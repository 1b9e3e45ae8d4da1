"""Histograms of similarities and of distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.figures._style import BLUE, FILLED, ORANGE, subplots

_AMBER = "#a36a00"  # hatching on orange


def two_histograms(ax: Axes, between: Tensor, within: Tensor, bins: np.ndarray, labels: tuple[str, str]) -> None:
    """Two densities in one panel, told apart by colour and by hatching: ``between`` behind (orange, hatched)."""
    hatched = {"facecolor": ORANGE, "edgecolor": _AMBER, "hatch": "////", "linewidth": 0}
    ax.hist(np.asarray(between), bins, **FILLED, **hatched, alpha=0.75, label=labels[0])
    ax.hist(np.asarray(within), bins, **FILLED, color=BLUE, alpha=0.75, label=labels[1])


def similarity_histograms(
    pairs: Sequence[tuple[Tensor, Tensor]], titles: Sequence[str], groups: Sequence[str] = ("label",)
) -> Figure:
    """Histograms of intra- and inter-task cosine similarity (Fig. 2(a)), one panel for each ``(intra, inter)``.

    Args:
        pairs: intra and inter similarities of each panel.
        titles: one for each panel.
        groups: what the samples of a task are grouped by: one word for all panels, or one for each, which then has a
            legend of its own.
    """
    tall = 2.9 if len(groups) == 1 else 3.2
    figure, axes = subplots(1, len(pairs), size=(3.6 * len(pairs), tall), sharex=True, sharey=True, squeeze=False)
    lowest = min(float(values.min()) for pair in pairs for values in pair)
    bins = np.linspace(min(lowest, 0), 1, 80)
    words = [*groups] if len(groups) > 1 else [*groups] * len(pairs)
    for ax, (intra, inter), title, word in zip(axes[0], pairs, titles, words, strict=True):
        labels = f"inter: same {word}, other task", f"intra: same task, other {word}"
        two_histograms(ax, inter, intra, bins, labels)
        ax.set(title=title, xlabel="cosine similarity")
        if len(groups) > 1:
            ax.legend(loc="upper right", fontsize=9, frameon=False)
    axes[0, 0].set_ylabel("density")
    if len(groups) == 1:
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure
