"""The paper's networks as methods: one context for each task, FlyNet and NeuroModNet (paper, Section 2.2)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import ImageDataset
from tgsh.extensions.scoreboard._method import ToldMethod, float_bytes
from tgsh.extensions.scoreboard._streams import STREAMS
from tgsh.networks import CRWN, FlyNet, NeuroModNet
from tgsh.training import Recipe, training_rule


@dataclass(frozen=True)
class _AsGiven:
    """Images of a task, already transformed."""

    name: str = "as given"

    def __call__(self, images: Tensor) -> Tensor:
        return images


@lru_cache(maxsize=8)
def _drawn(n_tasks: int, width_mult: int, seed: int) -> FlyNet:
    return FlyNet(n_tasks, width_mult, seed)


def fly_network(n_tasks: int, width_mult: int, seed: int) -> FlyNet:
    """A FlyNet with at least ``n_tasks`` contexts, untrained: a copy of one that is drawn once, which takes longest."""
    return copy.deepcopy(_drawn(max(n_tasks, max(STREAMS.values())), width_mult, seed))


def learn_context(net: CRWN, task: int, images: Tensor, labels: Tensor, recipe: Recipe) -> None:
    """Train the context of one task, in place, as `tgsh.training.train_stream` does.

    Args:
        net: the network.
        task: position of the task in its stream.
        images: ``(N, 28, 28)``, of the task.
        labels: ``(N,)``.
        recipe: settings of the training.

    Raises:
        ParameterError: training diverged.
    """
    data = ImageDataset("task", "one task", images, labels, images[:1], labels[:1])
    training_rule(net)(net, TaskStream(data, [_AsGiven()] * (task + 1)), [task], recipe, net.seed)


class FlyContexts(ToldMethod):
    """FlyNet: ``N_t(x) = W2 [ g_t c_t * s(W1 x) ]`` (Eq. 2), trained by RMSprop as published.

    The first of the trials is the published recipe.

    Args:
        n_tasks: number of tasks.
        seed: of the network and of the order of the images.
        lr: learning rate.
        epochs: passes over the images of a task.
        width_mult: hidden units per pixel; published: 10.
    """

    TRIALS = tuple({"lr": lr, "epochs": epochs} for epochs in (3, 10) for lr in (0.01, 0.003, 0.03))
    isolated = True

    def __init__(self, n_tasks: int, seed: int = 0, lr: float = 0.01, epochs: int = 3, width_mult: int = 10) -> None:
        super().__init__(n_tasks, seed)
        self.net: CRWN = fly_network(n_tasks, width_mult, seed)
        self.recipe = Recipe(epochs=epochs, lr=lr)

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        learn_context(self.net, self.n_learned, images, labels, self.recipe)

    def _answer(self, images: Tensor, task: int) -> Tensor:
        return self.net(self.net.inputs(images), task).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """Scalars and vectors of all tasks."""
        return float_bytes(self.n_tasks * self.net.n_learned)


class NeuroModContexts(FlyContexts):
    """NeuroModNet: a context in each of several layers, trained by autograd with the recipe of FlyNet.

    Args:
        n_tasks: number of tasks.
        seed: of the network and of the order of the images.
        lr: learning rate.
        epochs: passes over the images of a task.
        widths: units of each hidden layer.
    """

    def __init__(
        self, n_tasks: int, seed: int = 0, lr: float = 0.01, epochs: int = 3, widths: Sequence[int] = (700, 700)
    ) -> None:
        ToldMethod.__init__(self, n_tasks, seed)
        self.net = NeuroModNet(n_tasks, widths, seed)
        self.recipe = Recipe(epochs=epochs, lr=lr)
