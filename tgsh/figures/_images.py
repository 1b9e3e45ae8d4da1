"""Images: tasks, and reconstructions."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.benchmarks import SIDE, TaskStream
from tgsh.figures._style import subplots


def show_tasks(stream: TaskStream, tasks: Sequence[int], samples: Sequence[int]) -> Figure:
    """Test images in tasks: one row for each of ``samples``, one column for each of ``tasks``."""
    titles = [fill(stream[t].name, width=12) for t in tasks]
    width = 1.0 if max(map(len, titles)) > 8 else 0.75
    size = (width * len(tasks), (width + 0.05) * len(samples) + 0.2 * max(title.count("\n") + 1 for title in titles))
    figure, axes = subplots(len(samples), len(tasks), size=size, squeeze=False)
    for column, t in enumerate(tasks):
        images, _ = stream.images(t, "test", torch.tensor(list(samples)))
        white = 1 if images.is_floating_point() else 255
        for row, image in enumerate(images):
            axes[row, column].imshow(image.cpu(), cmap="gray", vmin=0, vmax=white)
            axes[row, column].axis("off")
        axes[0, column].set_title(titles[column], fontsize=9)
    return figure


def image_sheet(
    images: Tensor, names: Sequence[str], tasks_per_sheet: int = 18, classes: Sequence[str] | None = None
) -> Figure:
    """Images ``(T, K, 784)``: a column for each task, a row for each class, in strips of ``tasks_per_sheet`` tasks.

    ``names`` are those of the tasks; ``classes``, if given, those of the classes, else they are numbered.
    """
    T, K, _ = images.shape
    strips = -(-T // tasks_per_sheet)
    wide = min(T, tasks_per_sheet)
    figure, axes = subplots(strips, 1, size=(0.5 * wide + 0.4, (0.5 * K + 0.3) * strips), squeeze=False)
    low, high = images.quantile(0.02, dim=2, keepdim=True), images.quantile(0.995, dim=2, keepdim=True)
    grey = ((images - low) / (high - low)).clamp(0, 1).reshape(T, K, SIDE, SIDE).cpu().numpy()
    for strip, ax in enumerate(axes[:, 0]):
        part = slice(strip * tasks_per_sheet, (strip + 1) * tasks_per_sheet)
        tiles = grey[part]
        sheet = np.full((K * SIDE, wide * SIDE), np.nan)
        sheet[:, : len(tiles) * SIDE] = tiles.transpose(1, 2, 0, 3).reshape(K * SIDE, -1)
        ax.imshow(sheet, cmap="gray", vmin=0, vmax=1)
        centres = SIDE / 2 + SIDE * np.arange(max(K, wide))
        ax.set_xticks(centres[: len(tiles)], names[part], fontsize=7)
        ax.set_yticks(centres[:K], classes or [str(k) for k in range(K)], fontsize=8)
        ax.tick_params(length=0)
        ax.xaxis.tick_top()
        ax.grid(False)
        ax.set_frame_on(False)
    return figure
