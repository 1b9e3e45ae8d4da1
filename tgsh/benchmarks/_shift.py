"""ShiftMNIST: periodic shifts to the right (paper, Section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tgsh.benchmarks._stream import SIDE, TaskStream
from tgsh.datasets import ImageDataset
from tgsh.errors import check_int


@dataclass(frozen=True)
class Shift:
    """Shift to the right by ``pixels``, periodically: columns that leave on the right enter on the left."""

    pixels: int

    @property
    def name(self) -> str:
        """The shift in pixels."""
        return f"{self.pixels} px"

    def __call__(self, images: Tensor) -> Tensor:
        """Shift images ``(N, 28, 28)``; their dtype stays."""
        return images.roll(self.pixels, dims=-1)

    def pixel_sources(self) -> Tensor:
        """Number ``(784,)`` of the pixel that each pixel takes its value from."""
        return self(torch.arange(SIDE * SIDE).reshape(1, SIDE, SIDE)).flatten()


class ShiftMNIST(TaskStream):
    """ShiftMNIST: task i shifts every image ``pixels * i`` pixels to the right, periodically (paper, Section 3.2).

    Args:
        dataset: the images.
        n_tasks: number of tasks; default: one full round, 28 tasks of 1 px or 14 of 2 px.
        pixels: pixels between successive tasks.

    Raises:
        ParameterError: ``pixels`` is not a whole number from 1 to 28, or the tasks exceed one round.
    """

    def __init__(self, dataset: ImageDataset, n_tasks: int | None = None, pixels: int = 1) -> None:
        pixels = check_int("pixels", pixels, 1, SIDE)
        most = SIDE // pixels
        n_tasks = most if n_tasks is None else n_tasks
        n_tasks = check_int("n_tasks", n_tasks, 1, most, hint=f" (shifts of {pixels} px in one round)")
        shifts = [pixels * i for i in range(n_tasks)]
        super().__init__(dataset, [Shift(s) for s in shifts], shifts, period=SIDE, unit="pixels")
