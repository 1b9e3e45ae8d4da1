"""Task manifolds of images: how far pixels meet what the paper assumes of the generative process (Section 2.1)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

from tgsh.benchmarks import TaskStream
from tgsh.errors import ParameterError, check_choice, check_int
from tgsh.seeding import generator


def unit_pixels(images: Tensor) -> Tensor:
    """Images ``(..., 28, 28)`` as vectors ``(..., 784)`` of norm 1, as the paper assumes inputs to be."""
    return F.normalize(images.flatten(-2).float(), dim=-1)


def balanced_sample(
    images: Tensor, labels: Tensor, per_class: int, seed: int, *purpose: str | int, n_classes: int = 10
) -> Tensor:
    """Numbers ``(n_classes * per_class,)`` of random images, ``per_class`` of each class, class by class.

    Raises:
        ParameterError: some class has fewer than ``per_class`` images.
    """
    check_int("per_class", per_class, 1)
    shuffled = torch.randperm(len(images), generator=generator(seed, "balanced", *purpose))
    chosen = [shuffled[labels[shuffled] == k][:per_class] for k in range(n_classes)]
    if min(len(of_class) for of_class in chosen) < per_class:
        raise ParameterError(f"per_class is {per_class}, but some class has fewer images; choose less")
    return torch.cat(chosen)


def sample_tasks(stream: TaskStream, per_class: int, seed: int, part: str = "test") -> tuple[Tensor, Tensor]:
    """Images of every task as unit vectors, ``(T, n, 784)``, and their labels ``(T, n)``, n = 10 * per_class.

    Every task draws its own images: what two tasks have in common is then never one and the same handwriting. Only the
    images drawn are transformed, so the tasks must treat every image by itself, as rotations do.

    Args:
        part: ``"train"`` or ``"test"`` images.
    """
    check_choice("part", part, ("train", "test"))
    data = stream.dataset
    images, labels = getattr(data, f"{part}_images"), getattr(data, f"{part}_labels")
    points, found = [], []
    for t, task in enumerate(stream):
        index = balanced_sample(images, labels, per_class, seed, part, t, n_classes=data.n_classes)
        points.append(unit_pixels(task(images[index])))
        found.append(labels[index])
    return torch.stack(points), torch.stack(found)


def variance_shares(x: Tensor, task: Tensor, label: Tensor) -> dict[str, float]:
    """Shares of the total variance of ``x`` ``(n, d)`` that a balanced two-way layout puts down to each source.

    The sums of squares of an analysis of variance, added over the coordinates: between tasks, between classes, their
    interaction (what a class looks like in a task beyond the sum of both), and the rest, within one class of one task.

    Returns:
        ``{"task", "class", "interaction", "residual"}``, adding up to 1.

    Raises:
        ParameterError: some class of some task has another number of points than the others.
    """
    T, K = int(task.max()) + 1, int(label.max()) + 1
    cell = task * K + label
    if len(cell.bincount(minlength=T * K).unique()) != 1:
        raise ParameterError("every class of every task must have the same number of points")
    x = (x - x.mean(0)).double()
    grouped = x[cell.argsort(stable=True)].reshape(T, K, -1, x.shape[1])
    means = grouped.mean(2)
    by_task, by_class = means.mean(1), means.mean(0)
    interaction = means - by_task[:, None] - by_class[None]
    total = x.square().sum(1).mean()
    parts = {"task": by_task, "class": by_class, "interaction": interaction, "residual": grouped - means[:, :, None]}
    return {name: float(part.square().sum(-1).mean() / total) for name, part in parts.items()}


def distances_between_tasks(x: Tensor) -> np.ndarray:
    """``(T, T)`` mean distance of a point of one task from a point of the other, from ``(T, n, d)``.

    On the diagonal: of two different points of the task.
    """
    T, n, _ = x.shape
    flat = x.flatten(0, 1).double()
    mean = torch.cdist(flat, flat).reshape(T, n, T, n).mean((1, 3))
    mean.diagonal().mul_(n / (n - 1))  # a point is at distance 0 from itself
    return mean.numpy()


def rotation_orbit(images: Tensor, angles: np.ndarray, smooth: bool = False) -> Tensor:
    """Images ``(N, 28, 28)`` turned by every angle in degrees: unit vectors ``(N, A, 784)``.

    Args:
        smooth: bilinear interpolation instead of the nearest pixel, which is what RotationMNIST takes.
    """
    mode = InterpolationMode.BILINEAR if smooth else InterpolationMode.NEAREST
    turned = [TF.rotate(images[:, None].float(), float(angle), mode)[:, 0] for angle in angles]
    return unit_pixels(torch.stack(turned, dim=1))


def distance_moved(images: Tensor, start: np.ndarray, turns: np.ndarray, smooth: bool = False) -> np.ndarray:
    """Mean distance ``(len(turns),)`` that images move, as unit vectors, when turned from ``start`` a little further.

    Along a differentiable curve, distance is proportional to a small turn: on logarithmic axes a line of slope 1.

    Args:
        start: angles in degrees to average over.
        turns: further turns in degrees.
    """
    from_here = rotation_orbit(images, start, smooth)
    moved = [(rotation_orbit(images, start + turn, smooth) - from_here).norm(dim=2).mean() for turn in turns]
    return np.array([float(distance) for distance in moved])


def slope(x: np.ndarray, y: np.ndarray) -> float:
    """Slope of the straight line through ``log y`` over ``log x``: the exponent of a power law."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
