"""Histograms of similarities and of distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.figures._style import BLUE, FILLED, ORANGE, subplots


def similarity_histograms(pairs: Sequence[tuple[Tensor, Tensor]], titles: Sequence[str]) -> Figure:
    """Histograms of intra- and inter-task cosine similarity (Fig. 2(a)), one panel for each ``(intra, inter)``."""
    figure, axes = subplots(1, len(pairs), size=(3.6 * len(pairs), 2.9), sharex=True, sharey=True, squeeze=False)
    lowest = min(float(values.min()) for pair in pairs for values in pair)
    bins = np.linspace(min(lowest, 0), 1, 80)
    for ax, (intra, inter), title in zip(axes[0], pairs, titles, strict=True):
        ax.hist(inter.numpy(), bins, **FILLED, color=ORANGE, alpha=0.75, label="inter: same label, other task")
        ax.hist(intra.numpy(), bins, **FILLED, color=BLUE, alpha=0.75, label="intra: same task, other label")
        ax.set(title=title, xlabel="cosine similarity")
    axes[0, 0].set_ylabel("density")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure
