"""Images from context vectors: the paper's Eq. 3, what an inverse would be, and how good the images are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from tgsh.benchmarks import SIDE, TaskStream
from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_positive
from tgsh.inversion._map_estimate import gaussian_kernel


def blur(images: Tensor, sigma: float = 1.0) -> Tensor:
    """Images ``(..., 784)`` blurred by a Gaussian of ``sigma`` pixels, above 0: for the eye, and not in the paper."""
    check_positive("sigma", sigma)
    square = images.detach().cpu().unflatten(-1, (SIDE, SIDE)).numpy()
    return torch.from_numpy(gaussian_filter(square, sigma, axes=(-2, -1))).flatten(-2)


@torch.no_grad()
def class_means(stream: TaskStream) -> Tensor:
    """Mean test image of every class in every task, as network inputs, ``(T, 10, 784)``."""
    means = []
    for t in range(len(stream)):
        images, labels = stream.images(t, "test")
        one_hot = torch.nn.functional.one_hot(labels, stream.dataset.n_classes).float()
        means.append((one_hot.T @ normalise(images)) / one_hot.sum(0)[:, None])
    return torch.stack(means)


@dataclass(frozen=True)
class ReconstructionQuality:
    """How far reconstructions ``(T, 10, 784)`` show what they should, without an eye.

    All correlations are over pixels, between a reconstruction and mean images; "contrast" means that the mean over the
    ten classes of the task was subtracted from both first, so that what all digits share counts for nothing.

    Attributes:
        own: ``(T, 10)`` correlation with the mean image of the class and the task that it was made for.
        other_class: mean correlation with the other nine classes in that task.
        other_task: mean correlation with that class in the other tasks.
        own_contrast: ``(T, 10)`` as ``own``, of the contrasts.
        class_read: share whose contrast is nearest to that of their own class, of the ten of their task; chance 0.1.
        with_tasks: ``(T, 10, T)`` correlation with the mean image of the same class in every task.
        task_read: share nearest to their own task, of the T means of their class; chance 1 / T.
        task_near: the same, but a direct neighbour in the order of tasks (round the circle) counts as well.
    """

    own: np.ndarray
    other_class: float
    other_task: float
    own_contrast: np.ndarray
    class_read: float
    with_tasks: np.ndarray
    task_read: float
    task_near: float


def reconstruction_quality(images: Tensor, means: Tensor) -> ReconstructionQuality:
    """Compare reconstructions with `class_means`, both ``(T, 10, 784)``.

    Raises:
        ParameterError: their shapes differ, or there are fewer than two tasks.
    """
    if images.shape != means.shape or len(images) < 2:
        raise ParameterError(f"two tasks or more are compared, of one shape; got {images.shape} and {means.shape}")
    T, K, _ = images.shape
    raw = _correlation(images, means)  # (T, K, T, K)
    contrast = _correlation(images - images.mean(1, keepdim=True), means - means.mean(1, keepdim=True))
    tasks, classes = np.arange(T), np.arange(K)
    by_class, by_task = contrast[tasks, :, tasks], raw[:, classes, :, classes].transpose(1, 0, 2)  # (T,K,K), (T,K,T)
    own = raw[tasks[:, None], classes, tasks[:, None], classes]
    ring = np.abs(by_task.argmax(2) - tasks[:, None])
    ring = np.minimum(ring, T - ring)
    return ReconstructionQuality(
        own=own,
        other_class=float((raw[tasks, :, tasks].sum(2) - own).mean() / (K - 1)),
        other_task=float((by_task.sum(2) - own).mean() / (T - 1)),
        own_contrast=by_class[:, classes, classes],
        class_read=float((by_class.argmax(2) == classes).mean()),
        with_tasks=by_task,
        task_read=float((ring == 0).mean()),
        task_near=float((ring <= 1).mean()),
    )


def _correlation(a: Tensor, b: Tensor) -> np.ndarray:
    # Over pixels, of every image of a, (T, K, 784), with every image of b: (T, K, T, K).
    a, b = (x.detach().cpu().double() for x in (a, b))
    a, b = (torch.nn.functional.normalize(x - x.mean(2, keepdim=True), dim=2) for x in (a, b))
    return torch.einsum("tkp,ulp->tkul", a, b).numpy()


def develop(images: Tensor, blur: float = 1.0, black: float = 0.75) -> Tensor:
    """Pictures in [0, 1] from raw reconstructions ``(..., 784)``, which have neither black nor white.

    Args:
        blur: standard deviation in pixels of a Gaussian, above 0.
        black: share of the pixels, from 0 to below 1, that become black; the brightest pixel becomes white.
    """
    check_positive("blur", blur)
    if not 0 <= black < 1:
        raise ParameterError(f"black must be from 0 to below 1; got {black!r}")
    kernel = gaussian_kernel(blur)
    kernel = kernel / kernel.sum(1).max()
    smoothed = (kernel @ images.detach().float().unflatten(-1, (SIDE, SIDE)) @ kernel).flatten(-2)
    low, high = smoothed.quantile(black, dim=-1, keepdim=True), smoothed.amax(-1, keepdim=True)
    return ((smoothed - low) / (high - low).clamp(min=1e-12)).clamp(0, 1)
