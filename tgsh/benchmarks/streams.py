"""What a task is, and a stream of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from tgsh.datasets import ImageDataset
from tgsh.errors import ParameterError, check_positive

SIDE = 28  # pixels along each edge of an image

Positions = Sequence[float] | np.ndarray


def lags(targets: Positions, known: Positions, period: float) -> np.ndarray:
    """``(Q, N)``: the shortest way round a circle of length ``period`` from each target to each known position.

    Raises:
        ParameterError: ``period`` is not above 0.
    """
    check_positive("period", period)
    apart = np.abs(np.subtract.outer(np.asarray(targets, float), np.asarray(known, float))) % period
    return np.minimum(apart, period - apart)


class Task(Protocol):
    """A name and a transform of a batch of images. Its ``repr`` says all that determines the transform."""

    @property
    def name(self) -> str: ...

    def __call__(self, images: Tensor) -> Tensor:
        """``(N, 28, 28)`` to ``(N, 28, 28)``: uint8 from 0 to 255, or floating in [0, 1]."""


class TaskStream(Sequence[Task]):
    """Tasks in the order they are met, all over one dataset.

    Attributes:
        dataset: the untransformed images; every task has the same labels.
        tasks: the transforms.
        positions: ``(T,)`` where each task lies on the axis that tells tasks apart (degrees, pixels); None where there
            is no such axis.
        period: length after which that axis closes on itself (360 degrees); None without an axis.
        unit: of ``positions``; empty without an axis.
    """

    def __init__(
        self,
        dataset: ImageDataset,
        tasks: Sequence[Task],
        positions: Sequence[float] | None = None,
        period: float | None = None,
        unit: str = "",
    ) -> None:
        self.dataset = dataset
        self.tasks = tuple(tasks)
        self.positions = None if positions is None else np.asarray(positions, dtype=float)
        self.period = period
        self.unit = unit

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, t: int) -> Task:
        return self.tasks[t]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    @property
    def labels(self) -> list[str]:
        """What stands at each task on an axis of a figure: its position, or its name where there is none."""
        if self.positions is None:
            return [task.name for task in self.tasks]
        return [f"{position:.0f}" for position in self.positions]

    @property
    def axis(self) -> str:
        """The label of such an axis."""
        return f"task ({self.unit})" if self.unit else "task"

    def train(self, t: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
        """Training images ``(N, 28, 28)`` of task ``t`` and their labels ``(N,)``, transformed on ``device``."""
        return self.tasks[t](self.dataset.train_images.to(device)), self.dataset.train_labels.to(device)

    def test(self, t: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
        """Test images ``(N, 28, 28)`` of task ``t`` and their labels ``(N,)``, transformed on ``device``."""
        return self.tasks[t](self.dataset.test_images.to(device)), self.dataset.test_labels.to(device)

    def distances(self) -> np.ndarray:
        """``(T, T)`` shortest way round between two tasks, in ``unit``.

        Raises:
            ParameterError: the tasks lie on no axis.
        """
        if self.positions is None or self.period is None:
            raise ParameterError(f"the tasks of {type(self).__name__} lie on no axis, so they have no distances")
        return lags(self.positions, self.positions, self.period)
