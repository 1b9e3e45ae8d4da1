"""Single frames of the explorers: each is drawn once for every position of a slider, always at one size and scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.figures.style import BLUE, GREY, RED, subplots


def task_and_context(
    stream: TaskStream, task: int, samples: Sequence[int], trained: np.ndarray, untrained: np.ndarray | None = None
) -> Figure:
    """What task ``task`` makes of the test images ``samples``, beside its context's similarity to all the others.

    Args:
        samples: indices of an even number of test images.
        trained: ``(T, T)`` cosine similarity of the contexts; ``untrained``: the same before training, as a control.
    """
    figure, (left, right) = subplots(1, 2, size=(7.2, 3.0), width_ratios=[1, 2.4])
    left.imshow(_mosaic(stream[task](stream.dataset.test_images[list(samples)]).cpu()), cmap="gray", vmin=0, vmax=255)
    left.set_title(f"task {stream[task].name}")
    left.axis("off")

    others = np.arange(len(stream)) != task
    for matrix, colour, label in ((untrained, GREY, "untrained"), (trained, BLUE, "trained")):
        if matrix is not None:
            # broken at the task itself, where it is 1 by definition
            right.plot(stream.positions, np.where(others, matrix[task], np.nan), ".-", color=colour, label=label)
    right.axvline(stream.positions[task], color=RED, lw=1.5, label="this task")
    right.axhline(0, color="black", lw=0.8)
    off_diagonal = trained[~np.eye(len(trained), dtype=bool)]
    low, high = min(off_diagonal.min(), 0) - 0.1, off_diagonal.max() + 0.1
    right.set(xlabel=f"other task ({stream.unit})", ylabel="cosine similarity of contexts", ylim=(low, high))
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return figure


def _mosaic(images: Tensor) -> np.ndarray:
    # (2n, h, w) as two rows of n images
    n, (height, width) = len(images) // 2, images.shape[1:]
    return images.reshape(2, n, height, width).transpose(1, 2).reshape(2 * height, n * width).numpy()
