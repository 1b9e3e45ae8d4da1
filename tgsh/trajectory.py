"""One context on its way: what training makes of it, batch by batch.

`tgsh.training` keeps only where a context ends. This is the same training in the plainest loop that gives the same
context, with stops on the way; for one task, and for looking at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_int
from tgsh.geometry import context_similarity
from tgsh.models import FlyNet
from tgsh.training import Recipe, accuracy_on, batch_rows


def n_batches(stream: TaskStream, recipe: Recipe) -> int:
    """Batches that a task of ``stream`` is trained on, all epochs together."""
    return recipe.epochs * -(-len(stream.dataset.train_labels) // recipe.batch_size)


def log_spaced(last: int, count: int) -> list[int]:
    """At most ``count`` whole numbers from 0 to ``last``, evenly spaced on a logarithmic scale as far as they can be.

    Raises:
        ParameterError: ``last`` is below 1, or ``count`` below 2.
    """
    check_int("last", last, 1)
    check_int("count", count, 2)
    return np.unique(np.geomspace(1, last + 1, count).round().astype(int) - 1).tolist()


def watch_training(
    net: FlyNet,
    stream: TaskStream,
    task: int,
    recipe: Recipe,
    stops: Sequence[int],
    data_seed: int | None = None,
) -> Tensor:
    """Context vectors ``m_t = g_t c_t`` after so many batches, ``(len(stops), H)``, from the initial context on.

    ``net`` is left as it is, whether or not it has been trained. After all batches the context is the one that
    `train_stream` gives, up to rounding.

    Args:
        stops: numbers of batches, ascending, from 0 (before training) to `n_batches`.
        data_seed: order of the training images; default: the network's seed.

    Raises:
        ParameterError: ``stops`` is empty, not ascending, or reaches beyond the last batch.
    """
    last = n_batches(stream, recipe)
    stops = [check_int("stops", stop, 0, last) for stop in stops]
    if not stops or sorted(set(stops)) != stops:
        raise ParameterError(f"stops must be ascending numbers of batches; got {stops}")
    data_seed = net.seed if data_seed is None else data_seed
    W2 = net.W2
    images, labels = stream.train(task, W2.device)
    g, c = (start.to(W2).requires_grad_() for start in net.initial_context(task))
    optimiser = torch.optim.RMSprop([g, c], lr=recipe.lr)

    kept = []
    for seen, batch in enumerate(batch_rows(recipe, data_seed, task, len(labels))):
        if seen in stops:
            kept.append((g * c).detach())
        if seen == stops[-1]:
            return torch.stack(kept)
        rows = batch.to(W2.device)
        logits = net.represent(normalise(images[rows], W2.dtype), g * c) @ W2.T
        optimiser.zero_grad()
        F.cross_entropy(logits, labels[rows]).backward()
        optimiser.step()
    return torch.stack([*kept, (g * c).detach()])


@dataclass(frozen=True)
class Path:
    """One context at S stops of its training.

    Attributes:
        task: whose context it is.
        stops: ``(S,)`` batches seen.
        contexts: ``(S, H)``.
        accuracy: ``(S,)`` test accuracy in [0, 1].
        with_start, with_end: ``(S,)`` cosine of the context with its first and with its last.
        with_others: ``(S, T)`` cosine with the finished contexts of all tasks.
    """

    task: int
    stops: tuple[int, ...]
    contexts: Tensor
    accuracy: np.ndarray
    with_start: np.ndarray
    with_end: np.ndarray
    with_others: np.ndarray


def measure_path(net: FlyNet, stream: TaskStream, task: int, stops: Sequence[int], contexts: Tensor) -> Path:
    """What can be said of the ``contexts`` ``(S, H)`` of `watch_training`, beside the finished ones of ``net``."""
    S = len(stops)
    cosine = context_similarity(torch.cat([contexts, net.context_vectors()]))[:S]
    accuracy = accuracy_on(net, stream, task, contexts).numpy()
    return Path(task, tuple(stops), contexts, accuracy, cosine[:, 0], cosine[:, S - 1], cosine[:, S:])
