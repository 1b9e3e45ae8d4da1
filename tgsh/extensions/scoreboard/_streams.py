"""The streams of the scoreboard, and the images that learn, choose the settings, and test."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from tgsh.benchmarks import SIDE, Part, PermutedMNIST, RotationMNIST, ShiftMNIST, SplitMNIST, TaskStream
from tgsh.datasets import ImageDataset
from tgsh.errors import ParameterError, check_choice, check_int
from tgsh.seeding import generator

# Number of tasks of each stream: a full round of rotations by 10 degrees, and of shifts by one pixel; ten permutations;
# five pairs of digits.
STREAMS = {"rotation": 36, "shift": 28, "permuted": 10, "split": 5}
_PERMUTATIONS = 0  # seed: all methods and seeds have the same ones
_STAND_IN, _STAND_IN_TASKS = 1, 5  # seed of permutations that are in no stream, and number of tasks made of them


def make_stream(name: str, dataset: ImageDataset, n_tasks: int | None = None) -> TaskStream:
    """A stream of the scoreboard.

    Args:
        name: a key of `STREAMS`.
        dataset: its images.
        n_tasks: number of tasks; default and at most: as in `STREAMS`. Fewer rotations or shifts make one full round
            in larger steps.

    Raises:
        ParameterError: an unknown name, or a number out of range, or one that does not divide the round.
    """
    most = STREAMS[check_choice("stream", name, tuple(STREAMS))]
    n_tasks = check_int("n_tasks", most if n_tasks is None else n_tasks, 1, most)
    if name in ("rotation", "shift") and most % n_tasks:
        raise ParameterError(f"n_tasks must divide {most}, for equal steps; got {n_tasks}")
    if name == "rotation":
        return RotationMNIST(dataset, n_tasks, 360 // n_tasks)
    if name == "shift":
        return ShiftMNIST(dataset, n_tasks, SIDE // n_tasks)
    if name == "permuted":
        return PermutedMNIST(dataset, n_tasks, _PERMUTATIONS)
    return SplitMNIST(dataset, n_tasks)


def split_images(dataset: ImageDataset, n_train: int, n_test: int, n_validation: int, seed: int) -> ImageDataset:
    """Images that learn and that test, drawn at random from the training and from the test part.

    Validation images are held out of the training part for all seeds alike; see `validation_images`.

    Args:
        dataset: all images.
        n_train: number of images that learn, drawn by the seed.
        n_test: number of images that test, the same for all seeds.
        n_validation: number of images held out.
        seed: of the choice.

    Raises:
        ParameterError: there are not that many images.
    """
    rest = _order(dataset)[check_int("n_validation", n_validation, 1, len(dataset.train_labels) - 1) :]
    n_train = check_int("n_train", n_train, 1, len(rest), hint=" (training images that are not held out)")
    n_test = check_int("n_test", n_test, 1, len(dataset.test_labels), hint=" (test images)")
    rows = rest[torch.randperm(len(rest), generator=generator(seed, "scoreboard", "images"))[:n_train]]
    return replace(
        dataset,
        train_images=dataset.train_images[rows],
        train_labels=dataset.train_labels[rows],
        test_images=dataset.test_images[:n_test],
        test_labels=dataset.test_labels[:n_test],
    )


def validation_images(dataset: ImageDataset, n_validation: int) -> ImageDataset:
    """The held-out training images, in the place of the test part, so that no test image is near the choice.

    Args:
        dataset: all images.
        n_validation: number of images held out.

    Raises:
        ParameterError: there are not that many images.
    """
    n = len(dataset.train_labels)
    held = _order(dataset)[: check_int("n_validation", n_validation, 1, n - 1)]
    return replace(dataset, test_images=dataset.train_images[held], test_labels=dataset.train_labels[held])


Examples = tuple[Tensor, Tensor]  # images (N, 28, 28) and labels (N,)


def stand_in(dataset: ImageDataset) -> list[tuple[Examples, Examples]]:
    """Make tasks out of a single one, to choose settings that act between tasks without a look at any other task.

    Each shows the images with the pixels permuted, by permutations that are in no stream of the scoreboard. Its labels
    go on from those of the task before, modulo the number of classes: where the single task has two of ten digits,
    each of these has two others; where it has all, each has all.

    Args:
        dataset: images and labels of the single task.

    Returns:
        for each task, the images and labels that learn, and those of the test part.
    """
    made, step = PermutedMNIST(dataset, _STAND_IN_TASKS, _STAND_IN), len(dataset.train_labels.unique())

    def moved(t: int, part: Part) -> Examples:
        images, labels = made.images(t, part)
        return images, (labels + t * step) % dataset.n_classes

    return [(moved(t, "train"), moved(t, "test")) for t in range(len(made))]


def _order(dataset: ImageDataset) -> Tensor:
    return torch.randperm(len(dataset.train_labels), generator=generator(0, "scoreboard", "held out"))
