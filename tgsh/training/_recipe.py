"""The settings of a training, and the order of the training images; every training rule uses the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int, check_positive
from tgsh.seeding import generator


@dataclass(frozen=True)
class Recipe:
    """Settings of RMSprop on cross entropy. The defaults are those of the published notebook.

    Attributes:
        epochs: passes over the training images.
        batch_size: images in a batch; the last batch of an epoch may be smaller.
        lr: learning rate.

    Raises:
        ParameterError: a setting is out of range.
    """

    epochs: int = 3
    batch_size: int = 128
    lr: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "epochs", check_int("epochs", self.epochs, 1))
        object.__setattr__(self, "batch_size", check_int("batch_size", self.batch_size, 1))
        object.__setattr__(self, "lr", check_positive("lr", self.lr))


def batch_order(seed: int, key: int, epoch: int, n: int) -> Tensor:
    """The order of the training images of one task in one epoch, ``(n,)``.

    Args:
        seed: seed of the data order.
        key: number of the task, from `tgsh.benchmarks.TaskStream.order_key`.
        epoch: number of the epoch, from 0 on.
        n: number of training images.
    """
    return torch.randperm(n, generator=generator(seed, "order", key, epoch))


def batch_rows(recipe: Recipe, seed: int, key: int, n: int) -> Iterator[Tensor]:
    """Yield the numbers ``(B,)`` of the images in each batch, for all epochs. Arguments as in `batch_order`."""
    for epoch in range(recipe.epochs):
        yield from batch_order(seed, key, epoch, n).split(recipe.batch_size)


def check_converged(lr: float, *parameters: Tensor | np.ndarray) -> None:
    """Check that parameters are finite after a training with learning rate ``lr``.

    Raises:
        ParameterError: training diverged.
    """
    if not all(torch.isfinite(torch.as_tensor(parameter)).all() for parameter in parameters):
        raise ParameterError(f"training diverged with lr {lr}; choose a smaller lr")
