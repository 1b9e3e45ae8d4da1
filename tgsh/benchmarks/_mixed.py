"""All tasks of a stream in one: training data of a network with one context for all tasks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tgsh.benchmarks._stream import Task
from tgsh.datasets import Part
from tgsh.errors import ParameterError


@dataclass(frozen=True)
class Mixed:
    """Transform image i as task ``(i + turn) % T`` does: each image belongs to exactly one of T tasks.

    Attributes:
        tasks: the T tasks; all must have all images, and return images of one dtype.
        turn: offset of the tasks; after T turns every image has been transformed by every task.
    """

    tasks: tuple[Task, ...]
    turn: int = 0

    @property
    def name(self) -> str:
        """The number of tasks."""
        return f"{len(self.tasks)} tasks mixed"

    def __call__(self, images: Tensor) -> Tensor:
        """Raise `ParameterError`: the transform depends on the number of an image, which `show` takes."""
        raise ParameterError(f"{self.name}: the task of an image follows from its number; use stream.images(t, part)")

    def show(self, images: Tensor, part: Part, index: Tensor) -> Tensor:
        """Transform images ``(N, 28, 28)`` that have the numbers ``index`` ``(N,)`` among those of ``part``.

        Raises:
            ParameterError: the tasks return images of different dtypes.
        """
        shown_by, mixed = (index + self.turn) % len(self.tasks), None
        for t, task in enumerate(self.tasks):
            own = (shown_by == t).nonzero()[:, 0]
            if len(index) and not len(own):
                continue
            show, at = getattr(task, "show", None), own.to(images.device)
            shown = task(images[at]) if show is None else show(images[at], part, index[own])
            mixed = torch.empty(images.shape, dtype=shown.dtype, device=images.device) if mixed is None else mixed
            if shown.dtype != mixed.dtype:
                raise ParameterError(f"tasks that are mixed return one dtype; got {mixed.dtype} and {shown.dtype}")
            mixed[at] = shown
        return mixed
