"""Methods whose gates choose the hidden units of each task: drawn at random (XdG), or learned (HAT).

Context-dependent gating (XdG): Masse, Grant and Freedman, 2018. Hard attention to the task (HAT): Serra and others,
2018.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import check_int, check_positive
from tgsh.extensions.scoreboard._method import DESCENT, ToldMethod, descend, float_bytes, inputs
from tgsh.extensions.scoreboard._mlp import HIDDEN, Weights, draw_weights, logits, trainable
from tgsh.extensions.scoreboard._shared import check_strength
from tgsh.seeding import generator
from tgsh.training import Recipe, batch_order, check_converged


class Gated(ToldMethod):
    """Context-dependent gating (XdG): each task uses a random fifth of the hidden units; the others are silent.

    Weights of silent units neither matter nor change, so tasks share what the gates have in common. The authors combine
    gating with a method that protects weights; this is gating alone.

    Args:
        n_tasks: number of tasks.
        seed: of the weights, the gates and the order of the images.
        lr: learning rate of Adam.
        epochs: passes over the images of a task.
        active: hidden units of a task.
        hidden: hidden units in all.
    """

    TRIALS = DESCENT

    def __init__(
        self,
        n_tasks: int,
        seed: int = 0,
        lr: float = 0.001,
        epochs: int = 3,
        active: int = HIDDEN,
        hidden: int = 5 * HIDDEN,
    ) -> None:
        super().__init__(n_tasks, seed)
        hidden = check_int("hidden", hidden, 1)
        active = check_int("active", active, 1, hidden)
        self.weights = draw_weights(hidden, seed)
        self.weights[2] *= (hidden / active) ** 0.5  # the inputs of an output are as many as there are active units
        self.recipe = Recipe(epochs=epochs, lr=lr)
        self.gates = [
            torch.randperm(hidden, generator=generator(seed, "gate", task))[:active].sort().values
            for task in range(n_tasks)
        ]

    def _open(self, task: int) -> Weights:
        W1, b1, W2, b2 = self.weights
        gate = self.gates[task]
        return [W1[gate], b1[gate], W2[:, gate], b2]

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        x, weights = inputs(images), trainable(self._open(self.n_learned))

        def loss(rows: Tensor) -> Tensor:
            return F.cross_entropy(logits(x[rows], weights), labels[rows])

        descend(weights, loss, len(x), self.recipe, self.seed, self.n_learned)
        gate, (V1, a1, V2, a2) = self.gates[self.n_learned], (weight.detach() for weight in weights)
        self.weights[0][gate], self.weights[1][gate], self.weights[2][:, gate], self.weights[3] = V1, a1, V2, a2

    def _answer(self, images: Tensor, task: int) -> Tensor:
        return logits(inputs(images), self._open(task)).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """The weights, once for all tasks; the gates follow from the seed."""
        return float_bytes(sum(weight.numel() for weight in self.weights))


_LIMIT, _COSH_LIMIT = 6.0, 50.0  # of an embedding, and of the argument of cosh, as the authors have them


class HardAttention(ToldMethod):
    """Hard attention to the task (HAT): each task learns which hidden units it uses, and locks the weights behind them.

    Unit i has the gate ``a_i = sigmoid(s e_i)`` with an embedding e of the task. In each epoch s rises from
    ``1 / s_max`` to ``s_max``; answers are given at ``s_max``, where gates are near 0 or 1. After a task, the gradient
    of a weight into unit i is multiplied by ``1 - max of a_i over the tasks so far``, so that no later task changes
    what an earlier one uses. The loss has the term ``c R``, where R is the share that the task opens of the units that
    no task has used. Gradients of e are rescaled to those at ``s = 1``, times ``s_max``, and e is held in [-6, 6].

    As published: plain stochastic gradient descent, batches of 64, and outputs of its own for each task. The authors
    stop when validation images say so, and have two hidden layers.

    Args:
        n_tasks: number of tasks.
        seed: of the weights, the embeddings and the order of the images.
        lr: learning rate.
        epochs: passes over the images of a task.
        sparsity: c, what it costs to open a unit that no task has used; 0 or more.
        s_max: largest slope of the gates, above 1.
        hidden: hidden units.

    Raises:
        ParameterError: a setting is out of range.
    """

    TRIALS: ClassVar = tuple({"lr": lr, "epochs": epochs} for epochs in (3, 10) for lr in (0.05, 0.1, 0.2))

    def __init__(
        self,
        n_tasks: int,
        seed: int = 0,
        lr: float = 0.05,
        epochs: int = 3,
        sparsity: float = 0.75,
        s_max: float = 400.0,
        hidden: int = HIDDEN,
    ) -> None:
        super().__init__(n_tasks, seed)
        self.weights = draw_weights(check_int("hidden", hidden, 1), seed)[:2]
        self.heads = [draw_weights(hidden, seed, "head", task)[2:] for task in range(n_tasks)]
        source = generator(seed, "embeddings")
        self.embeddings = torch.randn(n_tasks, hidden, generator=source, dtype=torch.float32)
        self.used = torch.zeros(hidden)  # largest gate of each unit over the tasks so far
        self.recipe = Recipe(epochs, 64, lr)
        self.sparsity, self.s_max = check_strength("sparsity", sparsity), check_positive("s_max", s_max)

    def gates(self, task: int) -> Tensor:
        """Gates ``(H,)`` of a task, as it answers."""
        return torch.sigmoid(self.s_max * self.embeddings[task])

    def _slopes(self, n: int) -> list[float]:
        # Of the batches of an epoch.
        least, batches = 1 / self.s_max, -(-n // self.recipe.batch_size)
        return torch.linspace(least, self.s_max, batches).tolist() if batches > 1 else [self.s_max]

    def _loss(self, x: Tensor, labels: Tensor, weights: Weights, gates: Tensor) -> Tensor:
        W1, b1, W2, b2 = weights
        free = 1 - self.used
        opened = (gates * free).sum() / free.sum().clamp_min(1e-6)
        z = F.linear(F.relu(F.linear(x, W1, b1)) * gates, W2, b2)
        return F.cross_entropy(z, labels) + self.sparsity * opened

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        x, t, recipe = inputs(images), self.n_learned, self.recipe
        weights = trainable([*self.weights, *self.heads[t]])
        e, free = self.embeddings[t].clone().requires_grad_(), 1 - self.used
        for epoch in range(recipe.epochs):
            rows = batch_order(self.seed, t, epoch, len(x)).split(recipe.batch_size)
            for batch, s in zip(rows, self._slopes(len(x)), strict=True):
                loss = self._loss(x[batch], labels[batch], weights, torch.sigmoid(s * e))
                W1, b1, *head, g = torch.autograd.grad(loss, [*weights, e])
                with torch.no_grad():
                    steps = [free[:, None] * W1, free * b1, *head]
                    torch._foreach_add_(weights, steps, alpha=-recipe.lr)
                    rise = ((s * e).clamp(-_COSH_LIMIT, _COSH_LIMIT).cosh() + 1) / (e.cosh() + 1)
                    e.sub_(recipe.lr * self.s_max / s * rise * g).clamp_(-_LIMIT, _LIMIT)
        check_converged(recipe.lr, *weights, e)
        W1, b1, W2, b2 = (weight.detach() for weight in weights)
        self.weights, self.heads[t], self.embeddings[t] = [W1, b1], [W2, b2], e.detach()
        self.used = torch.maximum(self.used, self.gates(t))

    def _answer(self, images: Tensor, task: int) -> Tensor:
        (W1, b1), (W2, b2) = self.weights, self.heads[task]
        return F.linear(F.relu(F.linear(inputs(images), W1, b1)) * self.gates(task), W2, b2).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """The shared layer once; embedding and outputs of each task. What is used follows from the embeddings."""
        shared, own = sum(weight.numel() for weight in self.weights), self.embeddings[0].numel()
        return float_bytes(shared + self.n_tasks * (own + sum(weight.numel() for weight in self.heads[0])))
