"""Permuted MNIST, the usual control of continual learning, and tasks one after another (not in the paper)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tgsh.benchmarks._stream import SIDE, Task, TaskStream
from tgsh.datasets import ImageDataset
from tgsh.errors import ParameterError, check_int
from tgsh.seeding import generator


@dataclass(frozen=True)
class Permutation:
    """Permute the pixels of every image in one fixed, random way; number 0 leaves them where they are.

    Attributes:
        number: number of the permutation among those of ``seed``. It does not depend on how many there are.
        seed: seed of all permutations.
    """

    number: int
    seed: int = 0

    @property
    def name(self) -> str:
        """The number of the permutation."""
        return f"permutation {self.number}" if self.number else "as they are"

    @property
    def source(self) -> Tensor:
        """Number ``(784,)`` of the pixel that each pixel takes its value from; images have 28 rows of 28."""
        if not self.number:
            return torch.arange(SIDE * SIDE)
        return torch.randperm(SIDE * SIDE, generator=generator(self.seed, "pixels", self.number))

    def pixel_sources(self) -> Tensor:
        """`source`."""
        return self.source

    def __call__(self, images: Tensor) -> Tensor:
        """Permute the pixels of images ``(N, 28, 28)``; their dtype stays."""
        return images.flatten(1)[:, self.source.to(images.device)].reshape(images.shape)


@dataclass(frozen=True)
class Composite:
    """Apply one task after another, the first of ``parts`` first."""

    parts: tuple[Task, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ParameterError("a composite has at least one part; got none")
        for part in self.parts:
            if hasattr(part, "choose"):
                raise ParameterError(f"a composite keeps all images, but its part {part.name!r} chooses some of them")

    @property
    def name(self) -> str:
        """The names of the parts, in order."""
        return ", then ".join(part.name for part in self.parts)

    def __call__(self, images: Tensor) -> Tensor:
        """Transform images ``(N, 28, 28)`` by each part in turn."""
        for part in self.parts:
            images = part(images)
        return images


class PermutedMNIST(TaskStream):
    """Permuted MNIST: task 0 shows the images as they are, and every other task permutes their pixels in its own way.

    A permutation keeps all that a network without knowledge of pixel positions can use, and destroys the picture. The
    tasks are equally difficult, and no two of them are neighbours (Goodfellow et al., 2013).

    Args:
        dataset: the images.
        n_tasks: number of tasks.
        seed: seed of all permutations.

    Raises:
        ParameterError: ``n_tasks`` is below 1, or ``seed`` is negative.
    """

    def __init__(self, dataset: ImageDataset, n_tasks: int = 10, seed: int = 0) -> None:
        n_tasks, seed = check_int("n_tasks", n_tasks, 1), check_int("seed", seed, 0)
        super().__init__(dataset, [Permutation(number, seed) for number in range(n_tasks)])
