"""One network for all tasks, with the task not told: fine-tuning, EWC, replay (DER++), and joint training.

Elastic weight consolidation: Kirkpatrick and others, 2017. Dark experience replay (DER++): Buzzega and others, 2020.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import ParameterError, check_int
from tgsh.extensions.scoreboard._method import DESCENT, N_CLASSES, N_INPUTS, UntoldMethod, descend, float_bytes, inputs
from tgsh.extensions.scoreboard._mlp import HIDDEN, Weights, draw_weights, logits, trainable
from tgsh.seeding import generator
from tgsh.training import Recipe


def check_strength(name: str, value: float) -> float:
    """Return the strength of a penalty as a float, if it is finite and not negative.

    Raises:
        ParameterError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ParameterError(f"{name} must be a number of at least 0; got {value!r}")
    return float(value)


class FineTuned(UntoldMethod):
    """A network that is trained on one task after the other, with nothing against forgetting.

    Args:
        n_tasks: number of tasks.
        seed: of the initial weights and of the order of the images.
        lr: learning rate of Adam, which starts anew with each task.
        epochs: passes over the images of a task.
        hidden: hidden units.
    """

    TRIALS = DESCENT

    def __init__(self, n_tasks: int, seed: int = 0, lr: float = 0.001, epochs: int = 3, hidden: int = HIDDEN) -> None:
        super().__init__(n_tasks, seed)
        self.weights: Weights = draw_weights(check_int("hidden", hidden, 1), seed)
        self.recipe = Recipe(epochs=epochs, lr=lr)

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        x, weights = inputs(images), trainable(self.weights)

        def loss(rows: Tensor) -> Tensor:
            return F.cross_entropy(logits(x[rows], weights), labels[rows]) + self._against_forgetting(weights)

        descend(weights, loss, len(x), self.recipe, self.seed, self.n_learned)
        self.weights = [weight.detach() for weight in weights]

    def _against_forgetting(self, weights: Weights) -> Tensor | float:
        return 0.0

    def _answer(self, images: Tensor) -> Tensor:
        return logits(inputs(images), self.weights).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """The weights, once for all tasks."""
        return float_bytes(sum(weight.numel() for weight in self.weights))


def fisher_diagonal(x: Tensor, weights: Weights) -> Weights:
    """Diagonal of the Fisher information of a network, in the shapes of its weights: the importances of EWC.

    It is the mean over inputs of the expectation, under the network's own outputs, of the squared derivative of
    ``log p(label)``: exact, not sampled. A layer's derivative is the product of an error and an input, so its square is
    the product of their squares.

    Args:
        x: inputs ``(N, 784)``.
        weights: of the network.
    """
    W1, b1, W2, b2 = weights
    hidden = F.relu(F.linear(x, W1, b1))
    p = F.linear(hidden, W2, b2).softmax(1)
    squares = [torch.zeros_like(weight) for weight in weights]
    for k in range(N_CLASSES):
        error = -p.clone()  # of the log-likelihood of label k, with respect to the logits
        error[:, k] += 1
        back = (error @ W2) * (hidden > 0)
        last, first = p[:, k : k + 1] * error.square(), p[:, k : k + 1] * back.square()
        for square, found in zip(
            squares, (first.T @ x.square(), first.sum(0), last.T @ hidden.square(), last.sum(0)), strict=True
        ):
            square += found / len(x)
    return squares


class EWC(FineTuned):
    """Elastic weight consolidation: a quadratic penalty on changes of weights that earlier tasks need.

    The penalty is ``strength / 2 * sum over tasks t and weights i of F_ti (w_i - w_ti)^2``. Of the sum over tasks only
    two numbers a weight are kept: the sums of F and of F w.

    Args:
        n_tasks: number of tasks.
        seed: of the initial weights and of the order of the images.
        lr: learning rate of Adam.
        epochs: passes over the images of a task.
        hidden: hidden units.
        strength: of the penalty; 0 is fine-tuning.
    """

    TRIALS = tuple({"epochs": epochs, "strength": strength} for epochs in (3, 10) for strength in (100.0, 10.0, 1e3))

    def __init__(
        self,
        n_tasks: int,
        seed: int = 0,
        lr: float = 0.001,
        epochs: int = 3,
        hidden: int = HIDDEN,
        strength: float = 100.0,
    ) -> None:
        super().__init__(n_tasks, seed, lr, epochs, hidden)
        self.strength = check_strength("strength", strength)
        self.importance = [torch.zeros_like(weight) for weight in self.weights]  # sum over tasks of F
        self.pull = [torch.zeros_like(weight) for weight in self.weights]  # sum over tasks of F w

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        super()._learn(images, labels)
        for F_t, weight, total, pull in zip(
            fisher_diagonal(inputs(images), self.weights), self.weights, self.importance, self.pull, strict=True
        ):
            total += F_t
            pull += F_t * weight

    def _against_forgetting(self, weights: Weights) -> Tensor | float:
        if not self.n_learned or not self.strength:
            return 0.0
        terms = zip(weights, self.importance, self.pull, strict=True)
        # sum of F (w - w_t)^2, less what does not depend on w
        return self.strength / 2 * sum(((total * w - 2 * pull) * w).sum() for w, total, pull in terms)

    @property
    def stored(self) -> tuple[int, int]:
        """Weights, and two more numbers for each, once for all tasks."""
        return float_bytes(3 * sum(weight.numel() for weight in self.weights))


class Reservoir:
    """A buffer that holds a uniform random sample of all that was offered (Vitter, 1985): images, labels, and logits.

    Args:
        size: number of entries.
        seed: of the choice.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size = check_int("size", size, 1)
        self.offered = 0
        self.x = torch.zeros(size, N_INPUTS)
        self.labels = torch.zeros(size, dtype=torch.int64)
        self.logits = torch.zeros(size, N_CLASSES)
        self.source = generator(seed, "reservoir")

    def __len__(self) -> int:
        return min(self.size, self.offered)

    def offer(self, x: Tensor, labels: Tensor, logits: Tensor) -> None:
        """Offer inputs ``(N, 784)``, labels ``(N,)`` and logits ``(N, 10)``: each is kept with equal probability."""
        for i in range(len(x)):
            place = self.offered
            if place >= self.size:
                place = int(torch.randint(self.offered + 1, (), generator=self.source))
            self.offered += 1
            if place < self.size:
                self.x[place], self.labels[place], self.logits[place] = x[i], labels[i], logits[i]

    def draw(self, n: int) -> Tensor:
        """Draw ``n`` places of entries, with replacement."""
        return torch.randint(len(self), (n,), generator=self.source)


class Replay(FineTuned):
    """DER++: rehearsal of kept images, with their labels and with the logits that the network had for them.

    To the loss of each batch it adds ``alpha * |z - z'|^2 / 10`` over one batch from the buffer (z' the kept logits),
    and ``beta`` times the cross entropy over another. Images enter the buffer in the first epoch.

    Args:
        n_tasks: number of tasks.
        seed: of the initial weights, of the order of the images and of the buffer.
        lr: learning rate of Adam.
        epochs: passes over the images of a task.
        hidden: hidden units.
        size: images in the buffer.
        alpha, beta: weights of the two terms.
    """

    TRIALS = tuple(
        {"epochs": epochs, "alpha": alpha, "beta": beta}
        for epochs in (3, 10)
        for alpha, beta in ((0.5, 0.5), (0.1, 0.5), (0.1, 1.0))
    )

    def __init__(
        self,
        n_tasks: int,
        seed: int = 0,
        lr: float = 0.001,
        epochs: int = 3,
        hidden: int = HIDDEN,
        size: int = 500,
        alpha: float = 0.5,
        beta: float = 0.5,
    ) -> None:
        super().__init__(n_tasks, seed, lr, epochs, hidden)
        self.alpha, self.beta = check_strength("alpha", alpha), check_strength("beta", beta)
        self.buffer = Reservoir(size, seed)

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        x, weights, kept = inputs(images), trainable(self.weights), self.buffer
        before = kept.offered

        def loss(rows: Tensor) -> Tensor:
            z, y = logits(x[rows], weights), labels[rows]
            total = F.cross_entropy(z, y)
            if len(kept):
                one, other = kept.draw(len(rows)), kept.draw(len(rows))
                total = total + self.alpha * F.mse_loss(logits(kept.x[one], weights), kept.logits[one])
                total = total + self.beta * F.cross_entropy(logits(kept.x[other], weights), kept.labels[other])
            if kept.offered < before + len(x):  # the first epoch
                kept.offer(x[rows], y, z.detach())
            return total

        descend(weights, loss, len(x), self.recipe, self.seed, self.n_learned)
        self.weights = [weight.detach() for weight in weights]

    @property
    def stored(self) -> tuple[int, int]:
        """Weights and buffer, once for all tasks: a byte a pixel and a label, four a logit."""
        weights = sum(weight.numel() for weight in self.weights)
        kept = self.buffer.size
        return weights + kept * (N_INPUTS + 1 + N_CLASSES), 4 * weights + kept * (N_INPUTS + 1 + 4 * N_CLASSES)


class Joint(FineTuned):
    """A network that is trained on the images of all tasks together, at the end: a bound, not a continual learner."""

    joint = True

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        self.kept = [*getattr(self, "kept", []), (images, labels)]

    def finish(self) -> None:
        """Train on all images, in the order of a first task."""
        images, labels = (torch.cat(list(parts)) for parts in zip(*self.kept, strict=True))
        n_learned, self.n_learned = self.n_learned, 0
        super()._learn(images, labels)
        self.n_learned = n_learned
