"""Single frames of the explorers: each is drawn once for every position of a slider, always at one size and scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.figures.style import BLUE, GREY, ORANGE, RED, subplots


def task_and_context(
    stream: TaskStream,
    task: int,
    samples: Sequence[int],
    trained: np.ndarray,
    untrained: np.ndarray | None = None,
    seen: Tensor | None = None,
) -> Figure:
    """What task ``task`` makes of some test images, what its context makes of their classes, and whom it resembles.

    Args:
        samples: indices of test images.
        trained: ``(T, T)`` cosine similarity of the contexts; ``untrained``: the same before training, as a control.
        seen: ``(len(samples), 784)``, the reconstructions of the samples' classes under the context of the task. Each
            has its own grey scale.
    """
    figure, (left, right) = subplots(1, 2, size=(7.4, 3.0), width_ratios=[1.25, 1.6])
    rows = [stream[task](stream.dataset.test_images[list(samples)])]
    names = ["test images"]
    if seen is not None:
        rows.append(seen)
        names.append("from the context")
    _strips(left, rows, names)
    left.set_title(f"task {stream[task].name}")
    others = np.arange(len(stream)) != task
    for matrix, colour, label in ((untrained, GREY, "untrained"), (trained, BLUE, "trained")):
        if matrix is not None:
            # broken at the task itself, where it is 1 by definition
            right.plot(stream.positions, np.where(others, matrix[task], np.nan), ".-", color=colour, label=label)
    right.axvline(stream.positions[task], color=RED, lw=1.5, label="this task")
    _similarity_axis(right, stream, trained)
    return figure


def two_tasks(
    stream: TaskStream,
    tasks: tuple[int, int],
    sample: int,
    pairs: Mapping[str, tuple[Tensor, Tensor]],
    numbers: Mapping[str, str],
    lowest: float,
    highest: float,
) -> Figure:
    """Intra- and inter-task similarity of two tasks, a panel a network, beside one test image in both tasks.

    Args:
        sample: index of that test image.
        pairs: title -> intra, inter.
        numbers: title -> what the second line of the title says.
        lowest, highest: ends of the axes, of similarity and of density: one scale for all frames.
    """
    figure, axes = subplots(1, 1 + len(pairs), size=(7.4, 2.7), width_ratios=[0.45, *[1] * len(pairs)])
    image = stream.dataset.test_images[[sample]]
    both = [stream[t](image)[0] for t in tasks]
    axes[0].imshow(np.concatenate([part.cpu().numpy() for part in both]), cmap="gray", vmin=0, vmax=_white(both[0]))
    axes[0].set_yticks([14, 42], [stream[t].name for t in tasks])
    _bare(axes[0])
    bins = np.linspace(lowest, 1, 50)
    for ax, (title, (intra, inter)) in zip(axes[1:], pairs.items(), strict=True):
        ax.hist(inter.numpy(), bins, density=True, color=ORANGE, alpha=0.75, label="inter: same label, other task")
        ax.hist(intra.numpy(), bins, density=True, color=BLUE, alpha=0.75, label="intra: same task, other label")
        ax.set(xlabel="cosine similarity", xlim=(lowest, 1), ylim=(0, highest), title=f"{title}\n{numbers[title]}")
        ax.set_yticks([])
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure


def step_of_training(
    stream: TaskStream,
    task: int,
    stops: Sequence[int],
    now: int,
    accuracy: np.ndarray,
    own: np.ndarray,
    similarity: np.ndarray,
    entries: np.ndarray,
) -> Figure:
    """One context after ``stops[now]`` batches: how well it does, how far it has come, and whom it resembles.

    Args:
        accuracy: ``(S,)`` test accuracy at every stop.
        own: ``(S, 2)`` cosine of the context with its own start and its own end, at every stop.
        similarity: ``(S, T)`` cosine with the finished contexts of all tasks, at every stop.
        entries: ``(S, H)`` the contexts themselves.
    """
    figure, (first, second, third) = subplots(1, 3, size=(8.0, 3.0), width_ratios=[1, 1, 1.4])
    x = np.arange(len(stops))
    ticks = np.unique(np.linspace(0, len(stops) - 1, 5).astype(int))
    first.plot(x, accuracy, color=RED, label="test accuracy")
    first.plot(x, own[:, 0], color=GREY, label="cosine with its start")
    first.plot(x, own[:, 1], color=BLUE, label="cosine with its end")
    for curve, colour in ((accuracy, RED), (own[:, 0], GREY), (own[:, 1], BLUE)):
        first.plot(x[now], curve[now], "o", color=colour)
    first.axvline(now, color="black", lw=0.8)
    first.set_xticks(ticks, [str(stops[tick]) for tick in ticks])
    first.set(ylim=(min(0, own.min()) - 0.05, 1.05), xlabel="batches seen", title=f"after {stops[now]} batches")

    reach = np.quantile(np.abs(entries), 0.995)
    bins = np.linspace(-reach, reach, 50)
    second.hist(entries[0].clip(-reach, reach), bins, color=GREY, label="at the start")
    second.hist(entries[now].clip(-reach, reach), bins, color=BLUE, alpha=0.6, label="now")
    second.set(xlabel="entry of the context", title="its entries", yscale="log", ylim=(0.7, entries.shape[1]))
    second.set_yticks([])

    positions = stream.positions
    others = np.arange(len(stream)) != task
    third.plot(positions, np.where(others, similarity[-1], np.nan), color=GREY, lw=1, label="at the end")
    third.plot(positions, np.where(others, similarity[now], np.nan), ".-", color=BLUE, label="now")
    third.axvline(positions[task], color=RED, lw=1.5, label="this task")
    third.set_title("cosine with finished contexts")
    low, high = min(similarity[:, others].min(), 0) - 0.05, similarity[:, others].max() + 0.05
    third.axhline(0, color="black", lw=0.8)
    third.set(xlabel=f"other task ({stream.unit})", ylim=(low, high))
    for ax in (first, second, third):
        ax.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.22))
    return figure


def distances_and_sweep(
    pairs: Mapping[str, tuple[Tensor, Tensor]],
    titles: Mapping[str, str],
    values: Sequence[float],
    now: int,
    curves: Mapping[str, np.ndarray],
    xlabel: str,
    highest: float,
) -> Figure:
    """Distances within and between manifolds at one value of a setting, beside what it does to some measures.

    Args:
        pairs: name -> within, between; titles: name -> title of its panel.
        values: of the setting; ``now`` is the index of the one shown.
        curves: label -> ``(len(values),)``.
        highest: end of the axes of density.
    """
    figure, axes = subplots(1, len(pairs) + 1, size=(2.7 * len(pairs) + 2.7, 2.9))
    bins = np.linspace(0, 2, 60)
    for ax, (name, (within, between)) in zip(axes, pairs.items(), strict=False):
        ax.hist(between.numpy(), bins, density=True, color=ORANGE, alpha=0.75, label="between two manifolds")
        ax.hist(within.numpy(), bins, density=True, color=BLUE, alpha=0.75, label="within a manifold")
        ax.set(title=titles[name], xlabel="distance, points of norm 1", xlim=(0, 2), ylim=(0, highest))
        ax.set_yticks([])
    x = np.arange(len(values))
    for (label, curve), colour in zip(curves.items(), (GREY, "black"), strict=True):
        axes[-1].plot(x, curve, color=colour, marker=".", label=label)
        axes[-1].plot(now, curve[now], "o", color=RED, ms=7)
    axes[-1].set_xticks(x, [f"{value:g}" for value in values], rotation=45, fontsize=8)
    axes[-1].set(xlabel=xlabel, ylim=(0, 1))
    axes[-1].set_title("over " + xlabel)
    axes[-1].legend(fontsize=8, frameon=False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure


def before_and_after(before: Tensor, after: Tensor, name: str) -> Figure:
    """Images ``(n, 28, 28)`` above what a task makes of them."""
    figure, ax = subplots(size=(6.4, 3.0))
    _strips(ax, [before, after], ["original", "as the task\nshows it"])
    ax.set_title(name)
    return figure


def _strips(ax: Axes, rows: Sequence[Tensor], names: Sequence[str]) -> None:
    # Rows of images side by side. Images are shown from black to white; what is no image, on a scale of its own.
    strips = []
    for images in rows:
        grey = images.detach().cpu().float()
        if grey.dim() == 2:  # reconstructions, (n, 784)
            low, high = grey.quantile(0.02, dim=1, keepdim=True), grey.quantile(0.995, dim=1, keepdim=True)
            grey = ((grey - low) / (high - low)).clamp(0, 1).unflatten(1, (28, 28))
        else:
            grey = grey / _white(images)
        framed = np.pad(grey.numpy(), ((0, 0), (1, 1), (1, 1)), constant_values=0.5)
        strips.append(np.concatenate(list(framed), axis=1))
    ax.imshow(np.concatenate(strips), cmap="gray", vmin=0, vmax=1)
    ax.set_yticks(14.5 + 30 * np.arange(len(rows)), names)
    _bare(ax)


def _white(images: Tensor) -> int:
    return 1 if images.is_floating_point() else 255


def _bare(ax: Axes) -> None:
    ax.set(xticks=[], frame_on=False)
    ax.tick_params(length=0)
    ax.grid(False)


def _similarity_axis(ax: Axes, stream: TaskStream, matrix: np.ndarray) -> None:
    off_diagonal = matrix[~np.eye(len(matrix), dtype=bool)]
    low, high = min(off_diagonal.min(), 0) - 0.1, off_diagonal.max() + 0.1
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel=f"other task ({stream.unit})", ylabel="cosine similarity of contexts", ylim=(low, high))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
