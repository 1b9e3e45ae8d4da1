"""The trajectory of contexts during training.

`train_stream` keeps only its last point. `watch_training` is the same training of one task, in a plain loop that gives
the same context and keeps it after chosen batches; `watch_stream` does it for all tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.errors import ParameterError, check_int
from tgsh.measures import context_similarity
from tgsh.networks import FlyNet
from tgsh.runs import ByValue, parallel_map
from tgsh.training._evaluation import accuracy_on
from tgsh.training._fused import FusedLoop, images_to_read, is_fused
from tgsh.training._recipe import Recipe, batch_rows


def n_batches(stream: TaskStream, recipe: Recipe, task: int = 0) -> int:
    """Number of batches in the training of a task, over all epochs."""
    return recipe.epochs * -(-stream.count(task, "train") // recipe.batch_size)


def log_spaced(last: int, count: int) -> list[int]:
    """At most ``count`` whole numbers from 0 to ``last``, in ascending order and about evenly spaced on a log scale.

    Raises:
        ParameterError: ``last`` is below 1, or ``count`` below 2.
    """
    last, count = check_int("last", last, 1), check_int("count", count, 2)
    return np.unique(np.geomspace(1, last + 1, count).round().astype(int) - 1).tolist()


def watch_training(
    net: FlyNet,
    stream: TaskStream,
    task: int,
    recipe: Recipe,
    stops: Sequence[int],
    data_seed: int | None = None,
) -> Tensor:
    """Train one context from its initial value, and return it after chosen numbers of batches.

    ``net`` does not change, and its present contexts do not matter. After all batches the context equals that of
    `train_stream`, up to rounding.

    Args:
        net: the network.
        stream: the tasks.
        task: position of the task in the stream.
        recipe: settings of the training.
        stops: numbers of batches, ascending, from 0 (before training) to `n_batches`.
        data_seed: seed of the order of the training images; default: the seed of the network.

    Returns:
        context vectors ``m_t = g_t c_t``, ``(len(stops), H)``.

    Raises:
        ParameterError: ``stops`` is empty, is not ascending, or has a number above `n_batches`.
    """
    stops = _checked(stops, n_batches(stream, recipe, task))
    data_seed = net.seed if data_seed is None else data_seed
    W2 = net.W2
    images, labels = stream.images(task, "train", device=W2.device)
    g, c = (start.to(W2).requires_grad_() for start in net.initial_context(task))
    optimiser = torch.optim.RMSprop([g, c], lr=recipe.lr)

    kept = []
    for seen, batch in enumerate(batch_rows(recipe, data_seed, stream.order_key(task), len(labels))):
        if seen in stops:
            kept.append((g * c).detach())
        if seen == stops[-1]:
            return torch.stack(kept)
        rows = batch.to(W2.device)
        logits = net.represent(net.inputs(images[rows]), g * c) @ W2.T
        optimiser.zero_grad()
        F.cross_entropy(logits, labels[rows]).backward()
        optimiser.step()
    return torch.stack([*kept, (g * c).detach()])


def watch_stream(
    net: FlyNet, stream: TaskStream, recipe: Recipe, stops: Sequence[int], data_seed: int | None = None
) -> Tensor:
    """Train the contexts of all tasks as `watch_training` does, and return them after chosen numbers of batches.

    Where `is_fused` accepts the network it runs the fused loop, several tasks at a time: four times as fast, and equal
    up to rounding.

    Args:
        net, recipe, data_seed: as in `watch_training`.
        stream: the tasks.
        stops: numbers of batches, ascending, from 0 to the `n_batches` of the shortest task.

    Returns:
        context vectors ``(len(stops), T, H)``.

    Raises:
        ParameterError: ``stops`` is empty, is not ascending, or has a number above `n_batches`.
    """
    last = min(n_batches(stream, recipe, t) for t in range(len(stream)))
    stops = _checked(stops, last)
    data_seed = net.seed if data_seed is None else data_seed

    def job(task: int) -> Tensor:
        if is_fused(net):
            return _watch_fused(net, stream, task, recipe, stops, data_seed)
        return watch_training(net, stream, task, recipe, stops, data_seed)

    return torch.stack(list(parallel_map(job, range(len(stream)), net.W2.device)), dim=1)


def _watch_fused(
    net: FlyNet, stream: TaskStream, task: int, recipe: Recipe, stops: Sequence[int], data_seed: int
) -> Tensor:
    images, labels, sources = images_to_read(stream, task, "train")
    loop, labels = FusedLoop(net, images, recipe.batch_size, sources), labels.numpy()
    g, c = (start.numpy().astype(loop.W2.dtype).copy() for start in net.initial_context(task))
    g, squares = g.reshape(1), np.zeros(len(c) + 1, c.dtype)
    kept = [torch.from_numpy(g * c)] if stops[0] == 0 else []
    for seen, rows in enumerate(batch_rows(recipe, data_seed, stream.order_key(task), len(labels)), start=1):
        loop.train_epoch(labels, rows.numpy(), recipe.batch_size, g, c, squares, recipe.lr)
        if seen in stops:
            kept.append(torch.from_numpy(g * c))
        if seen == stops[-1]:
            break
    return torch.stack(kept)


def _checked(stops: Sequence[int], last: int) -> list[int]:
    stops = [check_int("stops", stop, 0, last) for stop in stops]
    if not stops or sorted(set(stops)) != stops:
        raise ParameterError(f"stops must be ascending numbers of batches; got {stops}")
    return stops


@dataclass(frozen=True, eq=False)
class Path(ByValue):
    """One context at S points of its training.

    Attributes:
        task: position of its task in the stream.
        stops: ``(S,)`` numbers of batches before each point.
        contexts: ``(S, H)``.
        accuracy: ``(S,)`` test accuracy, in [0, 1].
        with_start: ``(S,)`` cosine similarity with the first context.
        with_end: ``(S,)`` cosine similarity with the last context.
        with_others: ``(S, T)`` cosine similarity with the trained contexts of all tasks.
    """

    task: int
    stops: tuple[int, ...]
    contexts: Tensor
    accuracy: np.ndarray
    with_start: np.ndarray
    with_end: np.ndarray
    with_others: np.ndarray


def measure_path(net: FlyNet, stream: TaskStream, task: int, stops: Sequence[int], contexts: Tensor) -> Path:
    """Compare the contexts that `watch_training` returns with each other and with trained contexts.

    Args:
        net: a network with trained contexts.
        stream: the tasks.
        task: the task that was trained.
        stops: ``(S,)`` numbers of batches, as given to `watch_training`.
        contexts: ``(S, H)``, as returned by it.
    """
    S = len(stops)
    cosine = context_similarity(torch.cat([contexts, net.context_vectors()]))[:S]
    accuracy = accuracy_on(net, stream, task, contexts).numpy()
    return Path(task, tuple(stops), contexts, accuracy, cosine[:, 0], cosine[:, S - 1], cosine[:, S:])
