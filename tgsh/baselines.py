"""One context for all tasks: what a network does that keeps no tasks apart.

Two ways to learn it, with the same random W1 and W2 and the same learning rule as a CRWN of many contexts: one task
after the other (`train_in_sequence`, called finetuning elsewhere), and all of them at once (`train_jointly`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.benchmarks.streams import Task
from tgsh.errors import check_int
from tgsh.models import FlyNet
from tgsh.runs.cache import RunCache
from tgsh.runs.progress import track
from tgsh.training import Recipe, train_stream


@dataclass(frozen=True)
class Mixed:
    """Image i as task ``(i + turn) % T`` shows it: every task has its share of the images, and no image two."""

    tasks: tuple[Task, ...]
    turn: int = 0

    @property
    def name(self) -> str:
        return f"{len(self.tasks)} tasks mixed"

    def __call__(self, images: Tensor) -> Tensor:
        shown = [task(images[:1]).dtype for task in self.tasks]
        mixed = images.to(shown[0], copy=True)
        for t, task in enumerate(self.tasks):
            own = slice((t - self.turn) % len(self.tasks), None, len(self.tasks))
            mixed[own] = task(images[own])
        return mixed


def train_jointly(
    net: FlyNet, stream: TaskStream, passes: int, recipe: Recipe, *, device: str = "auto", cache: RunCache | None = None
) -> None:
    """Train the first context of ``net``, in place, on all tasks at once: `Mixed`, with another turn in each pass.

    Args:
        passes: times ``recipe.epochs`` epochs; after as many passes as tasks every image was seen in every task.
    """
    turns = range(check_int("passes", passes, 1))
    for turn in track(turns, "one context for all", sizes=[1] * passes):
        mixed = TaskStream(stream.dataset, [Mixed(stream.tasks, turn)])
        train_stream(net, mixed, recipe, device=device, cache=cache, progress=False)


def train_in_sequence(
    net: FlyNet, stream: TaskStream, recipe: Recipe, *, device: str = "auto", cache: RunCache | None = None
) -> Tensor:
    """Train the first context of ``net``, in place, on one task after the other; return it as it was after each.

    Returns:
        ``(T, H)``; with `tgsh.training.accuracy_on` they make an accuracy matrix.
    """
    contexts = []
    for task in track(stream.tasks, "one after the other", sizes=[1] * len(stream)):
        train_stream(net, TaskStream(stream.dataset, [task]), recipe, device=device, cache=cache, progress=False)
        contexts.append(net.context_vector(0).detach().clone())
    return torch.stack(contexts)
