"""Multilayer perceptrons with one hidden layer: one for each task, and the functions that other methods share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import check_int
from tgsh.extensions.scoreboard._method import DESCENT, N_CLASSES, N_INPUTS, ToldMethod, descend, float_bytes, inputs
from tgsh.seeding import generator
from tgsh.training import Recipe

Weights = list[Tensor]  # W1 (H, 784), b1 (H,), W2 (10, H), b2 (10,)
HIDDEN = 256  # units of the networks that all tasks share


def draw_weights(hidden: int, seed: int, *purpose: str | int) -> Weights:
    """Draw W1 ``(H, 784)``, b1 ``(H,)``, W2 ``(10, H)`` and b2 ``(10,)``: uniform, with He's variance, and zeros."""
    source, weights = generator(seed, "mlp", *purpose), []
    for units, fan_in in ((hidden, N_INPUTS), (N_CLASSES, hidden)):
        W = (2 * torch.rand(units, fan_in, generator=source, dtype=torch.float32) - 1) * (6 / fan_in) ** 0.5
        weights += [W, torch.zeros(units)]
    return weights


def logits(x: Tensor, weights: Weights) -> Tensor:
    """Logits ``(N, 10)`` of inputs ``(N, 784)``."""
    W1, b1, W2, b2 = weights
    return F.linear(F.relu(F.linear(x, W1, b1)), W2, b2)


def trainable(weights: Weights) -> Weights:
    """Copies of weights that require gradients."""
    return [weight.clone().requires_grad_() for weight in weights]


class OwnNetwork(ToldMethod):
    """A network for each task, trained on its images alone: nothing is shared, nothing is forgotten.

    Args:
        n_tasks: number of tasks.
        seed: of the initial weights, which all tasks have in common, and of the order of the images.
        lr: learning rate of Adam.
        epochs: passes over the images of a task.
        hidden: hidden units; 10 makes 7,960 numbers a task, about as many as a context of FlyNet.
    """

    TRIALS = DESCENT
    isolated = True

    def __init__(self, n_tasks: int, seed: int = 0, lr: float = 0.001, epochs: int = 3, hidden: int = HIDDEN) -> None:
        super().__init__(n_tasks, seed)
        self.start = draw_weights(check_int("hidden", hidden, 1), seed)
        self.recipe = Recipe(epochs=epochs, lr=lr)
        self.networks: list[Weights] = []

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        x, weights = inputs(images), trainable(self.start)

        def loss(rows: Tensor) -> Tensor:
            return F.cross_entropy(logits(x[rows], weights), labels[rows])

        descend(weights, loss, len(x), self.recipe, self.seed, self.n_learned)
        self.networks.append([weight.detach() for weight in weights])

    def _answer(self, images: Tensor, task: int) -> Tensor:
        weights = self.networks[task] if task < len(self.networks) else self.start
        return logits(inputs(images), weights).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """Weights of all networks."""
        return float_bytes(self.n_tasks * sum(weight.numel() for weight in self.start))
