"""Quality of reconstructed images: their correlation with the mean images of each class in each task."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tgsh.benchmarks import SIDE, TaskStream
from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_positive, finite_arguments
from tgsh.inversion._map_estimate import gaussian_kernel
from tgsh.runs import ByValue


@finite_arguments
def blur(images: Tensor, sigma: float = 1.0) -> Tensor:
    """Blur images ``(..., 784)`` by a Gaussian of ``sigma`` pixels, for display (not in the paper).

    Raises:
        ParameterError: ``sigma`` is not above 0.
    """
    sigma = check_positive("sigma", sigma)
    square = images.detach().cpu().unflatten(-1, (SIDE, SIDE)).numpy()
    from scipy.ndimage import gaussian_filter  # here, as the rest of SciPy: it takes memory

    return torch.from_numpy(gaussian_filter(square, sigma, axes=(-2, -1))).flatten(-2)


@torch.no_grad()
def class_means(stream: TaskStream) -> Tensor:
    """Mean test image ``(T, 10, 784)`` of each class in each task, as network inputs.

    Raises:
        ParameterError: a task has no test image of some class.
    """
    means = []
    for t in range(len(stream)):
        images, labels = stream.images(t, "test")
        missing = [k for k in range(stream.dataset.n_classes) if not (labels == k).any()]
        if missing:
            raise ParameterError(f"task {stream.names[t]!r} has no test image of class {missing[0]}; use more images")
        one_hot = torch.nn.functional.one_hot(labels, stream.dataset.n_classes).float()
        means.append((one_hot.T @ normalise(images)) / one_hot.sum(0)[:, None])
    return torch.stack(means)


@dataclass(frozen=True, eq=False)
class ReconstructionQuality(ByValue):
    """Correlations of reconstructions ``(T, 10, 784)`` with the mean images of each class in each task.

    All correlations are over pixels. The *contrast* of an image is its difference from the mean over the ten classes of
    the task, so that what all digits have in common does not count.

    Attributes:
        own: ``(T, 10)`` correlation with the mean image of the same class and task.
        other_class: mean correlation with the nine other classes of the same task.
        other_task: mean correlation with the same class in the other tasks.
        own_contrast: ``(T, 10)`` as ``own``, between contrasts.
        class_read: share of the reconstructions whose contrast is closest to that of their own class, among the ten of
            the task; chance level 0.1.
        with_tasks: ``(T, 10, T)`` correlation with the mean image of the same class in each task.
        task_read: share that is closest to its own task, among the T means of the class; chance level 1 / T.
        task_near: share that is closest to its own task or to a direct neighbour in the order of the tasks, which is
            taken as circular.
    """

    own: np.ndarray
    other_class: float
    other_task: float
    own_contrast: np.ndarray
    class_read: float
    with_tasks: np.ndarray
    task_read: float
    task_near: float


@finite_arguments
def reconstruction_quality(images: Tensor, means: Tensor) -> ReconstructionQuality:
    """Compare reconstructions with `class_means`, both ``(T, 10, 784)``.

    Raises:
        ParameterError: the shapes differ, or there are fewer than two tasks.
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
    # Of each image of a (T, K, 784) with each image of b, over pixels: (T, K, T, K).
    a, b = (x.detach().cpu().double() for x in (a, b))
    a, b = (torch.nn.functional.normalize(x - x.mean(2, keepdim=True), dim=2) for x in (a, b))
    return torch.einsum("tkp,ulp->tkul", a, b).clamp_(-1, 1).numpy()


@finite_arguments
def develop(images: Tensor, blur: float = 1.0, black: float = 0.75) -> Tensor:
    """Blur raw reconstructions ``(..., 784)``, whose scale is arbitrary, and scale each to a picture in [0, 1].

    Args:
        images: ``(..., 784)``.
        blur: standard deviation of a Gaussian, in pixels, above 0.
        black: share of the pixels, from 0 to below 1, that become black; the brightest pixel becomes white.

    Returns:
        ``(..., 784)``, in [0, 1].

    Raises:
        ParameterError: ``blur`` or ``black`` is out of range.
    """
    blur = check_positive("blur", blur)
    if not 0 <= black < 1:
        raise ParameterError(f"black must be from 0 to below 1; got {black!r}")
    kernel = gaussian_kernel(blur)
    kernel = kernel / kernel.sum(1).max()
    smoothed = (kernel @ images.detach().float().unflatten(-1, (SIDE, SIDE)) @ kernel).flatten(-2)
    low, high = smoothed.quantile(black, dim=-1, keepdim=True), smoothed.amax(-1, keepdim=True)
    return ((smoothed - low) / (high - low).clamp(min=1e-12)).clamp(0, 1)
