"""Methods that adapt one network to each task: by masks, by vectors, and by keys.

SupSup (Wortsman and others, 2020) and BatchEnsemble (Wen, Tran and Ba, 2020) leave random weights as they are.
Parameter superposition (PSP; Cheung and others, 2019) trains weights that all tasks share.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import ParameterError
from tgsh.extensions.scoreboard._method import DESCENT, N_CLASSES, N_INPUTS, ToldMethod, descend, float_bytes, inputs
from tgsh.extensions.scoreboard._mlp import HIDDEN, Weights, draw_weights, trainable
from tgsh.seeding import generator
from tgsh.training import Recipe


class _TopShare(torch.autograd.Function):
    """Ones at the largest scores, zeros elsewhere; the gradient passes unchanged (edge-popup)."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, keep: int) -> Tensor:
        mask = torch.ones_like(scores)
        if keep < scores.numel():
            mask[scores <= scores.flatten().kthvalue(scores.numel() - keep).values] = 0.0
        return mask

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class SupSup(ToldMethod):
    """Supermasks in superposition: for each task, a mask over fixed random weights, found by edge-popup.

    The weights have one size in each layer, and random signs, as the authors recommend. The task is told, so the mask
    is looked up.

    Args:
        n_tasks: number of tasks.
        seed: of the weights, the initial scores and the order of the images.
        lr: learning rate of Adam on the scores.
        epochs: passes over the images of a task.
        share: share of the weights that a mask keeps, above 0 and at most 1.
        hidden: hidden units.

    Raises:
        ParameterError: ``share`` is out of range.
    """

    TRIALS: ClassVar = tuple({"lr": lr, "epochs": epochs} for epochs in (3, 10) for lr in (0.003, 0.001, 0.01))
    isolated = True

    def __init__(
        self,
        n_tasks: int,
        seed: int = 0,
        lr: float = 0.003,
        epochs: int = 3,
        share: float = 0.5,
        hidden: int = HIDDEN,
    ) -> None:
        super().__init__(n_tasks, seed)
        if not 0 < share <= 1:
            raise ParameterError(f"share must be above 0 and at most 1; got {share!r}")
        drawn = draw_weights(hidden, seed)[::2]
        self.weights = [W.sign() * (2 / (share * W.shape[1])) ** 0.5 for W in drawn]
        self.keep = [max(1, round(share * W.numel())) for W in self.weights]
        self.recipe = Recipe(epochs=epochs, lr=lr)
        self.masks: list[list[Tensor]] = []  # of each task and layer, packed: one bit a weight

    def _scores(self) -> list[Tensor]:
        source = generator(self.seed, "scores", self.n_learned)
        return [
            (torch.rand(W.shape, generator=source, dtype=torch.float32) / W.shape[1] ** 0.5).requires_grad_()
            for W in self.weights
        ]

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        x, scores = inputs(images), self._scores()

        def loss(rows: Tensor) -> Tensor:
            masks = [_TopShare.apply(s, keep) for s, keep in zip(scores, self.keep, strict=True)]
            return F.cross_entropy(self._masked(x[rows], masks), labels[rows])

        descend(scores, loss, len(x), self.recipe, self.seed, self.n_learned)
        with torch.no_grad():
            self.masks.append([_TopShare.apply(s, keep).bool() for s, keep in zip(scores, self.keep, strict=True)])

    def _masked(self, x: Tensor, masks: list[Tensor]) -> Tensor:
        W1, W2 = (W * mask for W, mask in zip(self.weights, masks, strict=True))
        return F.relu(x @ W1.T) @ W2.T

    def _answer(self, images: Tensor, task: int) -> Tensor:
        whole = [torch.ones_like(W) for W in self.weights]
        return self._masked(inputs(images), self.masks[task] if task < len(self.masks) else whole).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """One bit for each weight and task."""
        bits = self.n_tasks * sum(W.numel() for W in self.weights)
        return bits, -(-bits // 8)


class BatchEnsemble(ToldMethod):
    """Vectors r and s for each task around fixed random weights: ``((x * r) W.T) * s + b`` in each of two layers.

    With r and s ones and b zeros, where every task starts, it is the random network. The authors train W on the first
    task; here it stays random, as W1 and W2 of a CRWN do.

    Args:
        n_tasks: number of tasks.
        seed: of the weights and of the order of the images.
        lr: learning rate of Adam.
        epochs: passes over the images of a task.
        hidden: hidden units; 1,000 makes 3,804 numbers a task.
    """

    TRIALS: ClassVar = tuple({"lr": lr, "epochs": epochs} for epochs in (3, 10) for lr in (0.01, 0.003, 0.03))
    isolated = True

    def __init__(self, n_tasks: int, seed: int = 0, lr: float = 0.01, epochs: int = 3, hidden: int = 1000) -> None:
        super().__init__(n_tasks, seed)
        self.weights = draw_weights(hidden, seed)
        self.recipe = Recipe(epochs=epochs, lr=lr)
        sizes = ((N_INPUTS, hidden), (hidden, N_CLASSES))
        self.start = [
            vector for fan_in, units in sizes for vector in (torch.ones(fan_in), torch.ones(units), torch.zeros(units))
        ]
        self.vectors: list[list[Tensor]] = []

    def _logits(self, x: Tensor, vectors: list[Tensor]) -> Tensor:
        W1, _, W2, _ = self.weights
        r1, s1, b1, r2, s2, b2 = vectors
        hidden = F.relu(((x * r1) @ W1.T) * s1 + b1)
        return ((hidden * r2) @ W2.T) * s2 + b2

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        x, vectors = inputs(images), trainable(self.start)

        def loss(rows: Tensor) -> Tensor:
            return F.cross_entropy(self._logits(x[rows], vectors), labels[rows])

        descend(vectors, loss, len(x), self.recipe, self.seed, self.n_learned)
        self.vectors.append([vector.detach() for vector in vectors])

    def _answer(self, images: Tensor, task: int) -> Tensor:
        vectors = self.vectors[task] if task < len(self.vectors) else self.start
        return self._logits(inputs(images), vectors).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """Vectors of all tasks."""
        return float_bytes(self.n_tasks * sum(vector.numel() for vector in self.start))


class Superposition(ToldMethod):
    """Parameter superposition: one network, whose layers see their inputs times a random vector of signs for each task.

    Args:
        n_tasks: number of tasks.
        seed: of the weights, the keys and the order of the images.
        lr: learning rate of Adam.
        epochs: passes over the images of a task.
        hidden: hidden units.
    """

    TRIALS = DESCENT

    def __init__(self, n_tasks: int, seed: int = 0, lr: float = 0.001, epochs: int = 3, hidden: int = HIDDEN) -> None:
        super().__init__(n_tasks, seed)
        self.weights = draw_weights(hidden, seed)
        self.keys = [self._key(task, hidden) for task in range(n_tasks)]
        self.recipe = Recipe(epochs=epochs, lr=lr)

    def _key(self, task: int, hidden: int) -> tuple[Tensor, Tensor]:
        coins = torch.randint(2, (N_INPUTS + hidden,), generator=generator(self.seed, "key", task))
        first, second = (2.0 * coins - 1).split([N_INPUTS, hidden])
        return first, second

    def _logits(self, x: Tensor, weights: Weights, task: int) -> Tensor:
        W1, b1, W2, b2 = weights
        first, second = self.keys[task]
        return F.linear(F.relu(F.linear(x * first, W1, b1)) * second, W2, b2)

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        x, weights = inputs(images), trainable(self.weights)

        def loss(rows: Tensor) -> Tensor:
            return F.cross_entropy(self._logits(x[rows], weights, self.n_learned), labels[rows])

        descend(weights, loss, len(x), self.recipe, self.seed, self.n_learned)
        self.weights = [weight.detach() for weight in weights]

    def _answer(self, images: Tensor, task: int) -> Tensor:
        return self._logits(inputs(images), self.weights, task).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """The weights, once for all tasks; the keys follow from the seed."""
        return float_bytes(sum(weight.numel() for weight in self.weights))
