"""The interface of the methods that the scoreboard compares, and the descent that several of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_int, check_labels
from tgsh.training import Recipe, batch_rows, check_converged

N_CLASSES, N_INPUTS = 10, 784
N_TRIALS = 6  # settings that are tried for each method

# Learning rates and epochs of the methods that Adam trains.
DESCENT = tuple({"lr": lr, "epochs": epochs} for epochs in (3, 10) for lr in (0.001, 0.0003, 0.003))


class Method(ABC):
    """A continual learner: it learns one task after the other, and predicts labels.

    A subclass is a `ToldMethod` or an `UntoldMethod`, and defines how it learns and answers.

    Args:
        n_tasks: number of tasks in the stream.
        seed: of all random numbers.

    Attributes:
        TRIALS: the settings that are tried on the first task, `N_TRIALS` of them, as arguments by name.
        told: whether the task is given at test time.
        isolated: whether no task changes what is answered for another one; then nothing is forgotten by construction.
        joint: whether all tasks are learned together, in `finish`; such a method is a bound, not a continual learner.
        n_learned: number of tasks learned so far.

    Raises:
        ParameterError: ``n_tasks`` is below 1, or ``seed`` is negative.
    """

    TRIALS: ClassVar[tuple[dict[str, Any], ...]]
    told: ClassVar[bool]
    isolated: ClassVar[bool] = False
    joint: ClassVar[bool] = False

    def __init__(self, n_tasks: int, seed: int = 0) -> None:
        self.n_tasks = check_int("n_tasks", n_tasks, 1)
        self.seed = check_int("seed", seed, 0)
        self.n_learned = 0

    def learn(self, images: Tensor, labels: Tensor) -> None:
        """Learn the next task of the stream.

        Args:
            images: ``(N, 28, 28)``, uint8 from 0 to 255 or floating in [0, 1].
            labels: ``(N,)``, from 0 to 9.

        Raises:
            ParameterError: all tasks are learned, there is not one label for each image, or training diverged.
        """
        if self.n_learned == self.n_tasks:
            raise ParameterError(f"all {self.n_tasks} tasks are learned")
        self._learn(images, check_labels("labels", labels, len(images), N_CLASSES))
        self.n_learned += 1

    def finish(self) -> None:  # noqa: B027 (most methods have nothing to do)
        """Complete the training after the last task."""

    @abstractmethod
    def predict(self, images: Tensor, task: int | None = None) -> Tensor:
        """Predict labels ``(N,)`` of images ``(N, 28, 28)``.

        Args:
            images: of one task for a `ToldMethod`, of any for an `UntoldMethod`.
            task: position in the stream for a `ToldMethod`, None for an `UntoldMethod`.

        Raises:
            ParameterError: the task is missing, out of range, or given to a method that must not know it.
        """

    @property
    @abstractmethod
    def stored(self) -> tuple[int, int]:
        """Numbers, and bytes, kept after learning, for all tasks together.

        Weights that a seed determines and that are never trained do not count: the seed replaces them.
        """

    @abstractmethod
    def _learn(self, images: Tensor, labels: Tensor) -> None:
        """Learn task ``self.n_learned``."""


class ToldMethod(Method):
    """A method that is told the task of each image at test time."""

    told = True

    def predict(self, images: Tensor, task: int | None = None) -> Tensor:
        """Predict labels ``(N,)`` of images of one task; see `Method.predict`."""
        if task is None:
            raise ParameterError(f"{type(self).__name__} has to be told the task")
        with torch.no_grad():
            return self._answer(images, check_int("task", task, 0, self.n_tasks - 1))

    @abstractmethod
    def _answer(self, images: Tensor, task: int) -> Tensor: ...


class UntoldMethod(Method):
    """A method that is not told the task at test time: the function that answers has no such argument."""

    told = False

    def predict(self, images: Tensor, task: int | None = None) -> Tensor:
        """Predict labels ``(N,)`` of images; see `Method.predict`."""
        if task is not None:
            raise ParameterError(f"{type(self).__name__} must not be told the task")
        with torch.no_grad():
            return self._answer(images)

    @abstractmethod
    def _answer(self, images: Tensor) -> Tensor: ...


def descend(
    parameters: Sequence[Tensor], loss: Callable[[Tensor], Tensor], n: int, recipe: Recipe, seed: int, key: int
) -> None:
    """Minimise a loss over the mini-batches of a task by Adam, in place.

    Args:
        parameters: leaves that require gradients.
        loss: from the rows ``(B,)`` of a batch to a scalar.
        n: number of training images.
        recipe: epochs, batch size and learning rate.
        seed, key: determine the order of the images, as in `tgsh.training.batch_rows`.

    Raises:
        ParameterError: training diverged.
    """
    optimiser = torch.optim.Adam(parameters, lr=recipe.lr)
    for rows in batch_rows(recipe, seed, key, n):
        optimiser.zero_grad()
        loss(rows).backward()
        optimiser.step()
    check_converged(recipe.lr, *parameters)


def inputs(images: Tensor) -> Tensor:
    """Inputs ``(N, 784)`` from images ``(N, 28, 28)``, normalised as for the paper's networks."""
    return normalise(images)


def float_bytes(numbers: int) -> tuple[int, int]:
    """The pair of `Method.stored` for numbers of single precision: 4 bytes each."""
    return numbers, 4 * numbers
