"""Tasks, and streams of tasks over one dataset (paper, Sections 2.1 and 3)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from tgsh.datasets import ImageDataset, Part
from tgsh.errors import ParameterError, check_choice, check_images, check_positive, finite_arguments
from tgsh.runs import identity, tensor_digest

SIDE = 28  # pixels along each edge of an image

Positions = Sequence[float] | np.ndarray


@finite_arguments
def circular_distance(one: Positions, other: Positions, period: float) -> np.ndarray:
    """Distances between positions on a circle: the shorter way round.

    Args:
        one: ``(Q,)`` positions.
        other: ``(N,)`` positions.
        period: length of the circle.

    Returns:
        ``(Q, N)``, in [0, period / 2], rounded to a ten-billionth of the period at least: distances that are equal but
        for the rounding of the positions come out equal.

    Raises:
        ParameterError: ``period`` is not above 0, or a position is not finite.
    """
    period = check_positive("period", period)
    apart = np.abs(np.subtract.outer(np.asarray(one, float), np.asarray(other, float))) % period
    return np.round(np.minimum(apart, period - apart), 10 - math.floor(math.log10(period)))


def join_images(parts: Sequence[Tensor]) -> Tensor:
    """Concatenate images along their first axis, such as those of several tasks.

    Where some parts are uint8 and others floating, all become floating in [0, 1]: one scale for all.
    """
    if len({part.is_floating_point() for part in parts}) > 1:
        parts = [part if part.is_floating_point() else part / 255 for part in parts]
    return torch.cat(list(parts))


class Task(Protocol):
    """A name, and a transform of a batch of images.

    A task may also define

    - ``choose(labels)``: the row numbers ``(n,)`` of the images that belong to it, or a Boolean mask ``(N,)``, from the
      labels ``(N,)`` of the dataset; default: all images.
    - ``show(images, part, index)``, which is called in place of ``__call__``, for a transform that differs from image
      to image: ``index`` ``(N,)`` holds the number of each image among those of ``part``.
    - ``pixel_sources()``, where the transform only moves pixels: the number ``(784,)`` of the pixel that each pixel
      takes its value from, and -1 where it becomes black. `tgsh.training.fit_fused` then needs no transformed images.
    - ``identity``, a string that names the transform for the run cache (`tgsh.runs.identity`). A frozen dataclass needs
      none.
    """

    @property
    def name(self) -> str:
        """Name of the task, for readers; different from that of any other task in a stream."""

    def __call__(self, images: Tensor) -> Tensor:
        """Transform images ``(N, 28, 28)``, uint8 from 0 to 255 or floating in [0, 1], to images of either kind.

        A stream converts what else `tgsh.errors.check_pixels` knows, and refuses the rest.

        The given images must stay as they are.
        """


class TaskStream(Sequence[Task]):
    """A sequence of T tasks over one dataset, in the order in which they are learned.

    Args:
        dataset: the images, not transformed, and their labels.
        tasks: the tasks.
        positions: ``(T,)`` position of each task on a circular axis, such as the angle of a rotation; default: the
            tasks lie on no axis.
        period: length of that axis, such as 360 degrees; default: no axis.
        unit: unit of the positions; default: no axis.

    Attributes:
        dataset, tasks, positions, period, unit: the arguments; ``positions`` as an array.

    Raises:
        ParameterError: there is no task, the numbers of tasks and positions differ, or a task chooses no image of a
            part.
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
        if not self.tasks:
            raise ParameterError("a stream has at least one task; got none")
        if self.positions is not None and len(self.positions) != len(self.tasks):
            raise ParameterError(f"there are {len(self.tasks)} tasks but {len(self.positions)} positions")
        for t, task in enumerate(self.tasks):
            for part in ("train", "test"):
                if hasattr(task, "choose") and not self.count(t, part):
                    raise ParameterError(f"task {task.name!r} has no {part} images; use a dataset that has some")

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, t: int) -> Task:
        return self.tasks[t]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    @property
    def names(self) -> list[str]:
        """Names of the tasks."""
        return [task.name for task in self.tasks]

    @property
    def tick_labels(self) -> list[str]:
        """Text for each task on an axis of a figure: its position, or its name where the tasks lie on no axis."""
        if self.positions is None:
            return self.names
        return [f"{position:g}" for position in self.positions.round(2)]

    @property
    def axis_label(self) -> str:
        """Label of such an axis."""
        return f"task ({self.unit})" if self.unit else "task"

    def images(
        self, t: int, part: Part, index: Tensor | slice | None = None, device: torch.device | str = "cpu"
    ) -> tuple[Tensor, Tensor]:
        """Images of task ``t``, transformed, and their labels.

        An image does not depend on the others that are selected with it.

        Args:
            t: position of the task in the stream.
            part: ``"train"`` or ``"test"``.
            index: numbers ``(n,)`` of images among those of the task, or a slice; default: all. Only these are
                transformed.
            device: device of the transform and of the result.

        Returns:
            images ``(n, 28, 28)``, uint8 from 0 to 255 or floating in [0, 1], and labels ``(n,)`` int64.

        Raises:
            ParameterError: ``part`` is neither ``"train"`` nor ``"test"``, there is no such task, or it returns
                something that is not as many images.
        """
        task, rows = self._task(t), self._rows(t, part)
        rows = rows if index is None else rows[index]
        everything, labels = self.dataset.part(part)
        whole = index is None and len(rows) == len(labels)  # no copy where nothing is left out
        chosen, labels = (everything, labels) if whole else (everything[rows], labels[rows])
        chosen, labels = chosen.to(device), labels.to(device)
        show = getattr(task, "show", None)
        shown = check_images(f"images of {task.name!r}", task(chosen) if show is None else show(chosen, part, rows))
        if len(shown) != len(labels):
            raise ParameterError(f"{task.name!r} returns {len(shown)} images of {len(labels)}")
        return shown, labels

    def pixel_sources(self, t: int) -> Tensor | None:
        """Number ``(784,)`` of the pixel of the dataset's image that each pixel of task ``t`` is; -1 for black.

        None where the images of the task are not all those of the dataset with their pixels moved: it mixes or changes
        pixels, draws, or chooses images; or its class changes ``__call__`` and not ``pixel_sources``.
        """
        task, own_images = self._task(t), getattr(self.images, "__func__", None) is not TaskStream.images
        if own_images or hasattr(task, "choose") or hasattr(task, "show"):
            return None
        classes = type(task).__mro__
        call, sources = (next((c for c in classes if f in vars(c)), None) for f in ("__call__", "pixel_sources"))
        return task.pixel_sources() if call is sources is not None else None

    def labels(self, t: int, part: Part) -> Tensor:
        """Labels ``(N,)`` of the images of task ``t``. No image is transformed."""
        return self.dataset.part(part)[1][self._rows(t, part)]

    def count(self, t: int, part: Part) -> int:
        """Number of images of task ``t`` in a part."""
        return len(self._rows(t, part))

    def _rows(self, t: int, part: Part) -> Tensor:
        check_choice("part", part, ("train", "test"))
        labels = self.dataset.part(part)[1]
        choose = getattr(self._task(t), "choose", None)
        rows = torch.arange(len(labels)) if choose is None else torch.as_tensor(choose(labels))
        return rows.nonzero()[:, 0] if rows.dtype == torch.bool else rows

    def _task(self, t: int) -> Task:
        try:
            return self.tasks[t]
        except IndexError:
            known = f"{len(self)} tasks, 0 to {len(self) - 1}" if len(self) > 1 else "one task, 0"
            raise ParameterError(f"there is no task {t}: this stream has {known}") from None

    def order_key(self, t: int) -> int:
        """Number that, with the seed, determines the order of the training images of task ``t``; its position."""
        return t

    def task_identity(self, t: int, data: str | None = None) -> str:
        """Text that identifies the images of task ``t``, for the run cache: its transform and the dataset.

        A task without an `tgsh.runs.identity` is identified by its transformed images, which takes longer.

        Args:
            t: position of the task in the stream.
            data: fingerprint of the dataset, where it is known already.
        """
        known = identity(self.tasks[t])
        if known is not None:
            return f"{known} of {data or self.dataset.fingerprint()}"
        shown = [values for part in ("train", "test") for values in self.images(t, part)]
        return tensor_digest({str(i): values for i, values in enumerate(shown)})

    def distances(self) -> np.ndarray:
        """Distances ``(T, T)`` between the tasks on their axis, in ``unit``: the shorter way round.

        Raises:
            ParameterError: the tasks lie on no axis.
        """
        if self.positions is None or self.period is None:
            raise ParameterError(f"the tasks of {type(self).__name__} lie on no axis, so they have no distances")
        return circular_distance(self.positions, self.positions, self.period)
