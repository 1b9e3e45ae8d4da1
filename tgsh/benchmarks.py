"""Task streams: one dataset seen through many transforms, one transform a task (paper, Section 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as TF

from tgsh.datasets import ImageDataset
from tgsh.errors import check_int

SIDE = 28  # pixels along each edge of an image


class Task(Protocol):
    """A name and a transform of a batch of images. Its ``repr`` says all that determines the transform."""

    @property
    def name(self) -> str: ...

    def __call__(self, images: Tensor) -> Tensor:
        """``(N, 28, 28)`` to ``(N, 28, 28)``, same dtype."""


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
        return (images.flatten(1)[:, source] * inside).reshape(images.shape)


@lru_cache(maxsize=512)
def _rotation_map(angle: float) -> tuple[Tensor, Tensor]:
    # Nearest-neighbour rotation moves pixels without mixing them, so the rotation of *any* image is known once that of
    # the image of pixel numbers is. torchvision's own PIL rotation turns that one image; a batch is then one gather.
    numbers = Image.fromarray(np.arange(SIDE * SIDE, dtype=np.int32).reshape(SIDE, SIDE), mode=None)
    turned = torch.from_numpy(np.array(TF.rotate(numbers, angle, fill=-1), dtype=np.int64)).flatten()
    return turned.clamp(min=0), (turned >= 0).to(torch.uint8)


class TaskStream(Sequence[Task]):
    """Tasks in the order they are met, all over one dataset.

    Attributes:
        dataset: the untransformed images; every task has the same labels.
        tasks: the transforms.
        positions: ``(T,)`` where each task lies on the axis that tells tasks apart (degrees, pixels).
        period: length after which that axis closes on itself (360 degrees).
        unit: of ``positions``, for axis labels.
    """

    def __init__(
        self, dataset: ImageDataset, tasks: Sequence[Task], positions: Sequence[float], period: float, unit: str
    ) -> None:
        self.dataset = dataset
        self.tasks = tuple(tasks)
        self.positions = np.asarray(positions, dtype=float)
        self.period = period
        self.unit = unit

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, t: int) -> Task:
        return self.tasks[t]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def train(self, t: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
        """Training images ``(N, 28, 28)`` of task ``t`` and their labels ``(N,)``, transformed on ``device``."""
        return self.tasks[t](self.dataset.train_images.to(device)), self.dataset.train_labels.to(device)

    def test(self, t: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
        """Test images ``(N, 28, 28)`` of task ``t`` and their labels ``(N,)``, transformed on ``device``."""
        return self.tasks[t](self.dataset.test_images.to(device)), self.dataset.test_labels.to(device)

    def distances(self) -> np.ndarray:
        """``(T, T)`` shortest way round between two tasks, in ``unit``."""
        apart = np.abs(self.positions[:, None] - self.positions[None, :]) % self.period
        return np.minimum(apart, self.period - apart)


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
