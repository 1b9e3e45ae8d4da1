"""Baselines: networks with one context for all tasks.

The random weights and the training rule are those of a CRWN with a context for each task. The one context learns the
tasks one after the other (`train_in_sequence`, also called finetuning) or all at once (`train_jointly`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from tgsh.benchmarks import Mixed, TaskStream
from tgsh.errors import check_int
from tgsh.networks import CRWN
from tgsh.runs import RunCache, track
from tgsh.training._recipe import Recipe
from tgsh.training._stream import train_stream


def train_jointly(
    net: CRWN,
    stream: TaskStream,
    passes: int,
    recipe: Recipe,
    *,
    device: str | None = None,
    cache: RunCache | None = None,
) -> None:
    """Train the first context of ``net``, in place, on all tasks at once: `Mixed`, with another turn in each pass.

    Args:
        net: the network; only its first context is trained.
        stream: the tasks.
        passes: number of passes of ``recipe.epochs`` epochs. After as many passes as tasks, the network has seen every
            image in every task.
        recipe: settings of the training.
        device: as in `train_stream`.
        cache: as in `train_stream`.

    Raises:
        ParameterError: ``passes`` is below 1, or training diverged.
    """
    turns = range(check_int("passes", passes, 1))
    for turn in track(turns, "one context for all", sizes=[1] * passes):
        mixed = TaskStream(stream.dataset, [Mixed(stream.tasks, turn)])
        train_stream(net, mixed, recipe, device=device, cache=cache, progress=False)


def train_in_sequence(
    net: CRWN, stream: TaskStream, recipe: Recipe, *, device: str | None = None, cache: RunCache | None = None
) -> Tensor:
    """Train the first context of ``net``, in place, on one task after the other.

    Arguments as in `train_stream`.

    Returns:
        ``(T, H)``: the context after each task. `accuracy_on` computes an accuracy matrix from it.

    Raises:
        ParameterError: training diverged.
    """
    contexts = []
    for task in track(stream.tasks, "one after the other", sizes=[1] * len(stream)):
        train_stream(net, TaskStream(stream.dataset, [task]), recipe, device=device, cache=cache, progress=False)
        contexts.append(net.context_vector(0).detach().clone())
    return torch.stack(contexts)
