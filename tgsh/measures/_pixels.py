"""Task manifolds of images: tests of the assumptions about the generative process on pixels (paper, Section 2.1)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import Part, TaskStream
from tgsh.errors import ParameterError, check_images, check_labels, finite_arguments
from tgsh.measures._pairs import balanced_sample
from tgsh.seeding import generator


@finite_arguments
def unit_pixels(images: Tensor) -> Tensor:
    """Images ``(..., 28, 28)`` as vectors ``(..., 784)`` of norm 1, as the paper assumes inputs to be."""
    return F.normalize(images.flatten(-2).float(), dim=-1)


def sample_tasks(stream: TaskStream, per_class: int, seed: int, part: Part = "test") -> tuple[Tensor, Tensor]:
    """Images of every task as unit vectors, ``(T, n, 784)``, and their labels ``(T, n)``, n = 10 * per_class.

    Each task draws its own images, so two tasks do not share handwriting.

    Args:
        stream: the tasks.
        per_class: images of each class in each task.
        seed: determines which images.
        part: ``"train"`` or ``"test"`` images.
    """
    K, points, found = stream.dataset.n_classes, [], []
    for t in range(len(stream)):
        labels = stream.labels(t, part)
        index = balanced_sample(labels, per_class, generator(seed, "balanced", part, t), K)
        points.append(unit_pixels(stream.images(t, part, index)[0]))
        found.append(labels[index])
    return torch.stack(points), torch.stack(found)


@finite_arguments
def variance_shares(x: Tensor, task: Tensor, label: Tensor) -> dict[str, float]:
    """Shares of the total variance of ``x`` ``(n, d)`` by source: a balanced two-way analysis of variance.

    Sums of squares are added over the coordinates. The sources are the task, the class, their interaction, and the
    residual within one class of one task.

    Args:
        x: ``(n, d)``.
        task, label: ``(n,)``.

    Returns:
        ``{"task", "class", "interaction", "residual"}``, with sum 1.

    Raises:
        ParameterError: some class of some task has another number of points than the others.
    """
    task, label = (check_labels(name, ids, len(x)) for name, ids in (("task", task), ("label", label)))
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


@finite_arguments
def distances_between_tasks(x: Tensor) -> np.ndarray:
    """Mean distance ``(T, T)`` between a point of one task and a point of another, from points ``(T, n, d)``.

    The diagonal is the mean distance of two different points of one task.

    Raises:
        ParameterError: a task has fewer than two points.
    """
    T, n, _ = x.shape
    if n < 2:
        raise ParameterError(f"distances within a task need two points or more of it; got {n}")
    flat = x.flatten(0, 1).double()
    mean = torch.cdist(flat, flat).reshape(T, n, T, n).mean((1, 3))
    mean.diagonal().mul_(n / (n - 1))  # a point is at distance 0 from itself
    return mean.numpy()


def rotation_orbit(images: Tensor, angles: np.ndarray, smooth: bool = False) -> Tensor:
    """Images ``(N, 28, 28)`` rotated by each of A angles in degrees, as unit vectors ``(N, A, 784)``.

    Args:
        images: ``(N, 28, 28)``.
        angles: ``(A,)`` in degrees.
        smooth: interpolate bilinearly; default: take the nearest pixel, as RotationMNIST does.
    """
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import rotate

    images = check_images("images", images)
    mode = InterpolationMode.BILINEAR if smooth else InterpolationMode.NEAREST
    turned = [rotate(images[:, None].float(), float(angle), mode)[:, 0] for angle in angles]
    return unit_pixels(torch.stack(turned, dim=1))


def distance_moved(images: Tensor, start: np.ndarray, turns: np.ndarray, smooth: bool = False) -> np.ndarray:
    """Mean distance ``(len(turns),)`` between images rotated by ``start`` and by ``start`` plus each of ``turns``.

    Images are unit vectors. Along a differentiable curve, the distance is proportional to a small turn: a line of slope
    1 on logarithmic axes.

    Args:
        images: ``(N, 28, 28)``.
        start: angles in degrees to average over.
        turns: further turns in degrees.
        smooth: as in `rotation_orbit`.
    """
    from_here = rotation_orbit(images, start, smooth)
    moved = [(rotation_orbit(images, start + turn, smooth) - from_here).norm(dim=2).mean() for turn in turns]
    return np.array([float(distance) for distance in moved])


@finite_arguments
def log_log_slope(x: np.ndarray, y: np.ndarray) -> float:
    """Slope of the straight line through ``log y`` over ``log x``: the exponent of a power law."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
