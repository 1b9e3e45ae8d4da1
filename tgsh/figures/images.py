"""Figures made of small images: reconstructions beside what they should show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.figures.style import BLUE, GREY, ORANGE, RED, subplots

_SIDE = 28


def image_rows(rows: Mapping[str, Tensor], columns: Sequence[str]) -> Figure:
    """Named rows ``(columns, 784)`` of images. Each image has its own grey scale, so only shapes can be compared."""
    figure, axes = subplots(
        len(rows), len(columns), size=(0.78 * len(columns) + 1.5, 0.8 * len(rows) + 0.3), squeeze=False
    )
    for row, (name, images) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(row, images, strict=True):
            ax.imshow(image.reshape(_SIDE, _SIDE).cpu(), cmap="gray")
            ax.set(xticks=[], yticks=[], frame_on=False)
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for ax, name in zip(axes[0], columns, strict=True):
        ax.set_title(name, fontsize=9)
    return figure


def image_sheet(images: Tensor, names: Sequence[str], tasks_per_sheet: int = 18) -> Figure:
    """All images ``(T, K, 784)``: a column a task, a row a class, broken into strips of so many tasks."""
    T, K, _ = images.shape
    strips = -(-T // tasks_per_sheet)
    wide = min(T, tasks_per_sheet)
    figure, axes = subplots(strips, 1, size=(0.5 * wide + 0.4, (0.5 * K + 0.3) * strips), squeeze=False)
    low, high = images.quantile(0.02, dim=2, keepdim=True), images.quantile(0.995, dim=2, keepdim=True)
    grey = ((images - low) / (high - low)).clamp(0, 1).reshape(T, K, _SIDE, _SIDE).cpu().numpy()
    for strip, ax in enumerate(axes[:, 0]):
        part = slice(strip * tasks_per_sheet, (strip + 1) * tasks_per_sheet)
        tiles = grey[part]
        sheet = np.full((K * _SIDE, wide * _SIDE), np.nan)
        sheet[:, : len(tiles) * _SIDE] = tiles.transpose(1, 2, 0, 3).reshape(K * _SIDE, -1)
        ax.imshow(sheet, cmap="gray", vmin=0, vmax=1)
        centres = _SIDE / 2 + _SIDE * np.arange(max(K, wide))
        ax.set_xticks(centres[: len(tiles)], names[part], fontsize=7)
        ax.set_yticks(centres[:K], [str(k) for k in range(K)], fontsize=8)
        ax.tick_params(length=0)
        ax.xaxis.tick_top()
        ax.grid(False)
        ax.set_frame_on(False)
    return figure


def agreement_profile(distance: np.ndarray, curves: Mapping[str, np.ndarray], unit: str) -> Figure:
    """Correlation of reconstructions with mean images over the distance of the tasks; curves are ``(D,)``."""
    figure, ax = subplots(size=(7.2, 2.9))
    for (name, curve), colour in zip(curves.items(), (BLUE, ORANGE, GREY), strict=False):
        ax.plot(distance, curve, marker=".", color=colour, label=name)
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel=f"angle from the reconstruction's task to the mean image's ({unit})", ylabel="correlation")
    ax.legend()
    return figure


def ridge_sweep(ridges: Sequence[float], correlation: Sequence[float], references: Mapping[str, float]) -> Figure:
    """Agreement of the divided reconstruction over its ridge, with other readouts as horizontal lines."""
    figure, ax = subplots(size=(7.2, 3.0))
    ax.plot(ridges, correlation, marker="o", ms=4, color=BLUE, label="$m_t$ undone, by its ridge")
    for (name, value), style in zip(references.items(), ((ORANGE, "-"), (RED, "--"), (GREY, ":")), strict=False):
        ax.axhline(value, color=style[0], ls=style[1], lw=1.2, label=name)
    ax.set(xscale="log", xlabel="ridge (mean square of $m_t$ = 1)", ylabel="correlation of contrasts")
    ax.legend(loc="lower right")
    return figure
