"""SplitMNIST: tasks that differ in their classes, for class-incremental learning."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tgsh.benchmarks._stream import TaskStream
from tgsh.datasets import ImageDataset
from tgsh.errors import check_int


@dataclass(frozen=True)
class Classes:
    """The images of the classes ``labels``, not transformed."""

    labels: tuple[int, ...]

    @property
    def name(self) -> str:
        """The classes."""
        return " and ".join(map(str, self.labels))

    def __call__(self, images: Tensor) -> Tensor:
        """Return the images as they are."""
        return images

    def choose(self, labels: Tensor) -> Tensor:
        """Row numbers ``(n,)`` of the images of these classes, from the labels ``(N,)`` of all images."""
        return torch.isin(labels, torch.tensor(self.labels)).nonzero()[:, 0]


class SplitMNIST(TaskStream):
    """SplitMNIST: task i has the images of classes 2i and 2i + 1 only.

    The network has ten logits, and every task trains all ten, on images of two classes. In class-incremental learning
    neither the task nor its two classes are given at test time.

    Args:
        dataset: the images.
        n_tasks: number of tasks.

    Raises:
        ParameterError: ``n_tasks`` is not a whole number from 1 to 5, or the dataset lacks the classes of a task.
    """

    def __init__(self, dataset: ImageDataset, n_tasks: int = 5) -> None:
        n_tasks = check_int("n_tasks", n_tasks, 1, dataset.n_classes // 2, hint=" (pairs of classes)")
        super().__init__(dataset, [Classes((2 * i, 2 * i + 1)) for i in range(n_tasks)])

    def order_key(self, t: int) -> int:
        """Return 0 for every task: tasks that share no image need no different orders."""
        return 0
