"""Rotations: RotationMNIST (paper, Section 3.1), and rotation with interpolation as its control."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tgsh.benchmarks._stream import SIDE, Positions, TaskStream
from tgsh.datasets import ImageDataset
from tgsh.errors import check_int


@dataclass(frozen=True)
class Rotation:
    """Rotate by ``angle`` degrees counter-clockwise about the centre: nearest neighbour, empty corners 0."""

    angle: float

    @property
    def name(self) -> str:
        """The angle in degrees."""
        return f"{self.angle:g}°"

    def __call__(self, images: Tensor) -> Tensor:
        """Rotate images ``(N, 28, 28)``; their dtype stays."""
        source, inside = _rotation_map(self.angle)
        source, inside = source.to(images.device), inside.to(images.device)
        return images.flatten(1).gather(1, source.expand(len(images), -1)).mul_(inside).reshape(images.shape)

    def pixel_sources(self) -> Tensor:
        """Number ``(784,)`` of the pixel that each pixel takes its value from; -1 in an empty corner."""
        source, inside = _rotation_map(self.angle)
        return source.where(inside.bool(), -1)


@lru_cache(maxsize=512)
def _rotation_map(angle: float) -> tuple[Tensor, Tensor]:
    # Nearest-neighbour rotation moves pixels and does not mix them. So Pillow, which torchvision calls for such an
    # image, rotates one whose pixels are their own numbers; every other rotation by that angle is one gather.
    numbers = Image.fromarray(np.arange(SIDE * SIDE, dtype=np.int32).reshape(SIDE, SIDE), mode=None)
    turned = torch.from_numpy(np.array(numbers.rotate(angle, fillcolor=-1), dtype=np.int64)).flatten()
    return turned.clamp(min=0), (turned >= 0).to(torch.uint8)


class RotationMNIST(TaskStream):
    """RotationMNIST: task i rotates every image by ``step * i`` degrees counter-clockwise (paper, Section 3.1).

    Args:
        dataset: the images.
        n_tasks: number of tasks; the paper has 36.
        step: degrees between successive tasks.

    Raises:
        ParameterError: ``step`` is not a whole number from 1 to 360, or the tasks exceed one full turn.
    """

    def __init__(self, dataset: ImageDataset, n_tasks: int = 36, step: int = 10) -> None:
        step = check_int("step", step, 1, 360)
        n_tasks = check_int("n_tasks", n_tasks, 1, 360 // step, hint=f" (rotations of {step} degrees in one turn)")
        angles = [step * i for i in range(n_tasks)]
        super().__init__(dataset, [Rotation(a) for a in angles], angles, period=360, unit="degrees")


@dataclass(frozen=True)
class InterpolatedRotation:
    """Rotate by ``angle`` degrees counter-clockwise about the centre: bilinear interpolation, empty corners 0.

    The control for `Rotation`, which takes every pixel from its nearest neighbour, as the published notebook does. Some
    pixels are then used twice and others not at all, in a pattern that depends on the angle only. A method that seems
    to recognise the angle may recognise that pattern. Interpolation leaves none.
    """

    angle: float

    @property
    def name(self) -> str:
        """The angle in degrees, and the method."""
        return f"{self.angle:g}°, interpolated"

    def __call__(self, images: Tensor) -> Tensor:
        """Rotate images ``(N, 28, 28)``; their dtype stays."""
        if not len(images):  # torchvision does not rotate an empty batch
            return images.clone()
        from torchvision.transforms import InterpolationMode  # here, since importing torchvision takes longer than tgsh
        from torchvision.transforms.functional import rotate

        # In parts, because torchvision needs several times the memory of what it rotates.
        parts = images[:, None].split(5000)
        return torch.cat([rotate(part, self.angle, InterpolationMode.BILINEAR) for part in parts])[:, 0]


def interpolated_rotations(dataset: ImageDataset, angles: Positions) -> TaskStream:
    """Make a stream of one `InterpolatedRotation` for each of ``angles`` ``(T,)``, in degrees."""
    return TaskStream(dataset, [InterpolatedRotation(a) for a in angles], angles, period=360, unit="degrees")
