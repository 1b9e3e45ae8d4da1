"""Streams whose tasks move the whole image: RotationMNIST and ShiftMNIST (paper, Sections 3.1 and 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as TF

from tgsh.benchmarks.streams import SIDE, TaskStream
from tgsh.datasets import ImageDataset
from tgsh.errors import check_int


@dataclass(frozen=True)
class Rotation:
    """Rotate by ``angle`` degrees counter-clockwise about the centre, nearest neighbour, empty corners 0."""

    angle: int

    @property
    def name(self) -> str:
        return f"{self.angle}°"

    def __call__(self, images: Tensor) -> Tensor:
        source, inside = _rotation_map(self.angle)
        source, inside = source.to(images.device), inside.to(images.device)
        return images.flatten(1).gather(1, source.expand(len(images), -1)).mul_(inside).reshape(images.shape)


@lru_cache(maxsize=512)
def _rotation_map(angle: float) -> tuple[Tensor, Tensor]:
    # Nearest-neighbour rotation moves pixels without mixing them, so the rotation of *any* image is known once that of
    # the image of pixel numbers is. torchvision's own PIL rotation turns that one image; a batch is then one gather.
    numbers = Image.fromarray(np.arange(SIDE * SIDE, dtype=np.int32).reshape(SIDE, SIDE), mode=None)
    turned = torch.from_numpy(np.array(TF.rotate(numbers, angle, fill=-1), dtype=np.int64)).flatten()
    return turned.clamp(min=0), (turned >= 0).to(torch.uint8)


class RotationMNIST(TaskStream):
    """Task i rotates every image by ``step * i`` degrees counter-clockwise (paper, Section 3.1: 36 tasks of 10).

    Raises:
        ParameterError: ``step`` is not a whole number of degrees from 1 to 360, or the tasks go past a full turn.
    """

    def __init__(self, dataset: ImageDataset, n_tasks: int = 36, step: int = 10) -> None:
        check_int("step", step, 1, 360)
        check_int("n_tasks", n_tasks, 1, 360 // step, hint=f" (rotations of {step} degrees in one turn)")
        angles = [step * i for i in range(n_tasks)]
        super().__init__(dataset, [Rotation(a) for a in angles], angles, period=360, unit="degrees")


@dataclass(frozen=True)
class Shift:
    """Move to the right by ``pixels``; what leaves on the right comes in again on the left."""

    pixels: int

    @property
    def name(self) -> str:
        return f"{self.pixels} px"

    def __call__(self, images: Tensor) -> Tensor:
        return images.roll(self.pixels, dims=-1)


class ShiftMNIST(TaskStream):
    """Task i rolls every image ``pixels * i`` pixels to the right, periodically (paper, Section 3.2).

    Args:
        n_tasks: default: as many as bring the image round once, 28 of 1 px or 14 of 2 px.
        pixels: between neighbouring tasks.

    Raises:
        ParameterError: ``pixels`` is not a whole number from 1 to 28, or the tasks go round more than once.
    """

    def __init__(self, dataset: ImageDataset, n_tasks: int | None = None, pixels: int = 1) -> None:
        check_int("pixels", pixels, 1, SIDE)
        most = SIDE // pixels
        n_tasks = most if n_tasks is None else n_tasks
        check_int("n_tasks", n_tasks, 1, most, hint=f" (shifts of {pixels} px in one round)")
        shifts = [pixels * i for i in range(n_tasks)]
        super().__init__(dataset, [Shift(s) for s in shifts], shifts, period=SIDE, unit="pixels")
