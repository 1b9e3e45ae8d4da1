"""PermutedMNIST: the pixels of every image in another order, one for each task."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from tgsh.benchmarks._stream import SIDE, TaskStream
from tgsh.datasets import ImageDataset
from tgsh.errors import check_int
from tgsh.seeding import generator


@dataclass(frozen=True)
class Permutation:
    """Put the 784 pixels in another order, which ``seed`` and ``number`` determine; number 0 leaves them in place."""

    seed: int
    number: int

    @property
    def name(self) -> str:
        """The number of the permutation."""
        return f"permutation {self.number}" if self.number else "in place"

    def __call__(self, images: Tensor) -> Tensor:
        """Permute the pixels of images ``(N, 28, 28)``; their dtype stays."""
        order = _order(self.seed, self.number).to(images.device)
        return images.flatten(1).index_select(1, order).reshape(images.shape)


@lru_cache(maxsize=512)
def _order(seed: int, number: int) -> Tensor:
    # From a hash of the seed and the number, so that every process and every machine draws the same order.
    pixels = SIDE * SIDE
    return torch.randperm(pixels, generator=generator(seed, "permutation", number)) if number else torch.arange(pixels)


class PermutedMNIST(TaskStream):
    """PermutedMNIST: task 0 has the images as they are, task i the pixels in the i-th of several random orders.

    Args:
        dataset: the images.
        n_tasks: number of tasks.
        seed: of the orders.

    Raises:
        ParameterError: ``n_tasks`` is below 1, or ``seed`` is negative.
    """

    def __init__(self, dataset: ImageDataset, n_tasks: int = 10, seed: int = 0) -> None:
        n_tasks, seed = check_int("n_tasks", n_tasks, 1), check_int("seed", seed, 0)
        super().__init__(dataset, [Permutation(seed, number) for number in range(n_tasks)])
