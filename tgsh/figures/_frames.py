"""Frames of the explorers: a function draws one frame, with one size and scale for all positions of a slider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.figures._histograms import two_histograms
from tgsh.figures._style import BLUE, GREY, RED, in_short, subplots
from tgsh.training import Path

BINS = 50  # of histograms


def task_and_context(
    stream: TaskStream,
    task: int,
    samples: Sequence[int],
    trained: np.ndarray,
    untrained: np.ndarray,
    seen: Tensor,
) -> Figure:
    """Test images in one task, reconstructions from its context, and its similarity to the other tasks.

    Args:
        stream: the tasks.
        task: position of the task.
        samples: indices of test images.
        trained: ``(T, T)`` cosine similarity of the contexts.
        untrained: the same before training, as a control.
        seen: ``(len(samples), 784)`` reconstructions of the samples' classes from the context of the task; each has its
            own grey scale.
    """
    figure, (left, right) = subplots(1, 2, size=(7.4, 2.8), width_ratios=[1.4, 1.4])
    images, _ = stream.images(task, "test", torch.tensor(list(samples)))
    _strips(left, [images, seen], ["test\nimages", "from\ncontext"])
    left.set_title(f"task {stream.names[task]}")
    others = np.arange(len(stream)) != task
    for matrix, line, colour, label in ((untrained, "s--", GREY, "untrained"), (trained, "o-", BLUE, "trained")):
        # broken at the task itself, where it is 1 by definition
        right.plot(stream.positions, np.where(others, matrix[task], np.nan), line, ms=3, color=colour, label=label)
    right.axvline(stream.positions[task], color=RED, lw=1.5, label="this task")
    _similarity_axis(right, stream, trained)
    return figure


def tallest(groups: Iterable[Tensor], low: float, high: float, n_bins: int = BINS) -> float:
    """Height of the highest bar in the density histograms of ``groups``, as a common scale for several frames."""
    return max(np.histogram(group.numpy(), n_bins, (low, high), density=True)[0].max() for group in groups)


def two_tasks(
    stream: TaskStream,
    tasks: tuple[int, int],
    sample: int,
    panels: Mapping[str, tuple[Tensor, Tensor, float]],
    lowest: float,
) -> Figure:
    """Intra- and inter-task similarity of two tasks, one panel for each network, beside one test image in both tasks.

    Args:
        stream: the tasks.
        tasks: positions of the two tasks.
        sample: index of the test image.
        panels: title -> intra similarities, inter similarities, and the upper end of the axis of density, the same in
            all frames.
        lowest: lower end of the axes of similarity; the upper end is 1.
    """
    figure, axes = subplots(1, 1 + len(panels), size=(6.8, 2.4), width_ratios=[0.4, *[1] * len(panels)])
    shown = [stream.images(t, "test", torch.tensor([sample]))[0][0].cpu().numpy() for t in tasks]
    both = np.concatenate([np.pad(image, 1, constant_values=128) for image in shown])
    axes[0].imshow(both, cmap="gray", vmin=0, vmax=255)
    axes[0].set_yticks([14.5, 44.5], [stream.names[t] for t in tasks])
    _bare(axes[0])
    for ax, (title, (intra, inter, highest)) in zip(axes[1:], panels.items(), strict=True):
        two_histograms(ax, inter, intra, np.linspace(lowest, 1, BINS + 1), ("inter", "intra"))
        ax.set(xlabel="cosine similarity", xlim=(lowest, 1), ylim=(0, highest), title=title)
        ax.set_yticks([])
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure


def step_of_training(stream: TaskStream, path: Path, now: int) -> Figure:
    """One context at stop ``now`` of its training: accuracy, entries, and similarity to the finished contexts."""
    figure, (left, middle, right) = subplots(1, 3, size=(7.6, 3.0), width_ratios=[1.15, 0.9, 1.4])
    stops, x = path.stops, np.arange(len(path.stops))
    ticks = np.unique(np.linspace(0, len(x) - 1, 5).astype(int))
    curves = {"test accuracy": path.accuracy, "cosine with its start": path.with_start}
    curves["cosine with its end"] = path.with_end
    styles = zip((RED, GREY, BLUE), ("-.", "--", "-"), strict=True)
    for (label, curve), (colour, line) in zip(curves.items(), styles, strict=True):
        left.plot(x, curve, color=colour, ls=line, label=label)
        left.plot(now, curve[now], "o", color=colour)
    left.axvline(now, color="black", lw=0.8)
    left.set_xticks(ticks, [str(stops[tick]) for tick in ticks])
    lowest = min(0, *(curve.min() for curve in curves.values()))
    left.set(ylim=(lowest - 0.05, 1.05), xlabel="batches seen", title="how far it has come")

    # Most entries are small; a few are not, and would leave no room for the others.
    entries = path.contexts.cpu().numpy()
    reach = float(np.quantile(np.abs(entries), 0.97))
    bins = np.linspace(-reach, reach, BINS)
    middle.hist(entries[0].clip(-reach, reach), bins, histtype="stepfilled", color=GREY, label="at the start")
    middle.hist(entries[now].clip(-reach, reach), bins, histtype="stepfilled", color=BLUE, alpha=0.6, label="now")
    middle.set(xlabel="entry of the context", title="its entries", yscale="log", ylim=(0.7, entries.shape[1]))
    middle.set_yticks([])
    middle.minorticks_off()

    others = np.arange(len(stream)) != path.task
    at_end = {"color": GREY, "lw": 1, "ls": "--", "marker": "s", "label": "at the end"}
    for stop, style in ((-1, at_end), (now, {"color": BLUE, "marker": "o", "label": "now"})):
        right.plot(stream.positions, np.where(others, path.with_others[stop], np.nan), ms=3, **style)
    right.axvline(stream.positions[path.task], color=RED, lw=1.5, label="this task")
    right.axhline(0, color="black", lw=0.8)
    low, high = min(path.with_others[:, others].min(), 0), path.with_others[:, others].max()
    right.set(xlabel=f"other task ({stream.unit})", xlim=_ends(stream.positions), ylim=(low - 0.05, high + 0.05))
    right.set_title("cosine with finished contexts")
    for ax in (left, middle, right):
        ax.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.24))
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
    """Distances within and between manifolds at one value of a setting, beside measures over all values.

    Args:
        pairs: name -> within, between.
        titles: name -> title of its panel.
        values: values of the setting.
        now: index of the value shown.
        curves: label -> ``(len(values),)``.
        xlabel: name of the setting.
        highest: upper end of the axes of density.
    """
    figure, axes = subplots(1, len(pairs) + 1, size=(2.7 * len(pairs) + 2.7, 2.9))
    for ax, (name, (within, between)) in zip(axes, pairs.items(), strict=False):
        kinds = "between two manifolds", "within a manifold"
        two_histograms(ax, between, within, np.linspace(0, 2, BINS + 1), kinds)
        ax.set(title=titles[name], xlabel="distance, points of norm 1", xlim=(0, 2), ylim=(0, highest))
        ax.set_yticks([])
    x = np.arange(len(values))
    styles = zip((GREY, "black"), ("s--", "o-"), strict=True)
    for (label, curve), (colour, line) in zip(curves.items(), styles, strict=True):
        axes[-1].plot(x, curve, line, ms=4, color=colour, label=label)
        axes[-1].plot(now, curve[now], "o", color=RED, ms=7)
    axes[-1].set_xticks(x, [in_short(value) for value in values], rotation=45, fontsize=8)
    axes[-1].set(xlabel=xlabel, ylim=(0, 1))
    axes[-1].set_title("over " + xlabel)
    axes[-1].legend(fontsize=8, frameon=False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure


def before_and_after(before: Tensor, after: Tensor, name: str) -> Figure:
    """Images ``(n, 28, 28)``, and below them the same images in a task."""
    figure, ax = subplots(size=(6.4, 2.5))
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


def _ends(x: np.ndarray) -> tuple[float, float]:
    margin = 0.05 * (x[-1] - x[0])
    return x[0] - margin, x[-1] + margin


def _similarity_axis(ax: Axes, stream: TaskStream, matrix: np.ndarray) -> None:
    off_diagonal = matrix[~np.eye(len(matrix), dtype=bool)]
    low, high = min(off_diagonal.min(), 0) - 0.1, off_diagonal.max() + 0.1
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel=f"other task ({stream.unit})", ylabel="cosine similarity of contexts")
    ax.set(xlim=_ends(stream.positions), ylim=(low, high))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
