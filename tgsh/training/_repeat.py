"""The same training with several seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.networks import CRWN
from tgsh.runs import ByValue
from tgsh.training._recipe import Recipe
from tgsh.training._stream import StreamRecord, train_stream


@dataclass(frozen=True, eq=False)
class TrainedNetwork(ByValue):
    """A trained network, its stream, and the result of `train_stream`.

    Attributes:
        net: the network, with trained contexts.
        stream: the tasks that it learned.
        record: accuracies, and contexts before and after training.
    """

    net: CRWN
    stream: TaskStream
    record: StreamRecord

    @property
    def before(self) -> Tensor:
        """Context vectors before training, ``(T, H)``."""
        return self.record.before

    @property
    def contexts(self) -> Tensor:
        """Context vectors after training, ``(T, H)``."""
        return self.record.contexts

    @property
    def accuracy(self) -> Tensor:
        """Test accuracy ``(T,)``, in [0, 1], on each task right after it was learned."""
        return self.record.accuracy


def train_seeds(
    make_net: Callable[[int], CRWN],
    stream: TaskStream | Callable[[int], TaskStream],
    seeds: Sequence[int],
    recipe: Recipe | None = None,
    **how: Any,
) -> list[TrainedNetwork]:
    """Train one network for each seed on a stream.

    Args:
        make_net: function of a seed that makes a network.
        stream: a stream for all seeds, or a function of a seed that makes one.
        seeds: seeds; each gets a network.
        recipe: settings of the training; default: the published ones.
        how: other arguments of `train_stream`, such as ``device``.

    Returns:
        one trained network for each seed, in order.

    Raises:
        ParameterError: as in `train_stream`.
    """
    trained = []
    for seed in seeds:
        net, tasks = make_net(seed), stream if isinstance(stream, TaskStream) else stream(seed)
        trained.append(TrainedNetwork(net, tasks, train_stream(net, tasks, recipe, **how)))
    return trained
