"""Rotation with interpolation: a control for what nearest-neighbour rotation writes into an image.

`tgsh.benchmarks.Rotation` takes every pixel from its nearest neighbour, as the published notebook does. Some pixels are
then taken twice and others never, in a pattern that is the same for all images at one angle and another at the next. A
method that seems to see how a digit is turned may only see that pattern. Interpolated rotation has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

from tgsh.benchmarks import TaskStream
from tgsh.datasets import ImageDataset


@dataclass(frozen=True)
class SmoothRotation:
    """Rotate by ``angle`` degrees counter-clockwise about the centre, bilinear, empty corners 0."""

    angle: float

    @property
    def name(self) -> str:
        return f"{self.angle:g}°, smooth"

    def __call__(self, images: Tensor) -> Tensor:
        """``(N, 28, 28)`` to ``(N, 28, 28)``, in parts, because torchvision needs several times their memory."""
        parts = images[:, None].split(5000)
        return torch.cat([TF.rotate(part, self.angle, InterpolationMode.BILINEAR) for part in parts])[:, 0]


def smooth_rotations(dataset: ImageDataset, angles: list[float]) -> TaskStream:
    """A stream that shows every image turned by each of ``angles``, without the nearest neighbours' pattern."""
    return TaskStream(dataset, [SmoothRotation(a) for a in angles], angles, period=360, unit="degrees")
