"""Configurable Random Weight Networks (paper, Section 2.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tgsh.errors import check_choice, check_int
from tgsh.seeding import generator


class CRWN(nn.Module):
    """What every Configurable Random Weight Network has: fixed random weights, and a context for each task.

    A kind of network says where its contexts start (`initial_context`) and what they do (`represent`), and has a fixed
    ``W2`` ``(10, units)`` that reads its representation.

    Attributes:
        g: T tensors, the global neuromodulation of each task.
        c: T tensors ``(H,)``, the local neuromodulation of each task.

    Raises:
        ParameterError: ``n_tasks`` below 1, or a negative ``seed``.
    """

    n_inputs = 784
    n_classes = 10
    n_kept = 0  # numbers an image that training keeps in memory

    def __init__(self, n_tasks: int, seed: int) -> None:
        super().__init__()
        self.n_tasks = check_int("n_tasks", n_tasks, 1)
        self.seed = check_int("seed", seed, 0)

    def start_contexts(self) -> None:
        """Draw the contexts of all tasks."""
        self.g, self.c = nn.ParameterList(), nn.ParameterList()
        for t in range(self.n_tasks):
            g, c = self.initial_context(t)
            self.g.append(g)
            self.c.append(c)

    def initial_context(self, task: int, init_seed: int | None = None) -> tuple[Tensor, Tensor]:
        """``g_t`` and ``c_t`` before training; ``init_seed`` (default: ``seed``) draws others."""
        raise NotImplementedError

    def context_vector(self, task: int) -> Tensor:
        """``m_t = g_t c_t``, ``(H,)``."""
        return self.g[task] * self.c[task]

    def context_vectors(self) -> Tensor:
        """All context vectors, ``(T, H)``, detached."""
        return torch.stack([self.context_vector(t).detach() for t in range(self.n_tasks)])

    def represent(self, x: Tensor, context: Tensor) -> Tensor:
        """The representation ``(N, units)`` of inputs ``(N, 784)`` under any context vector."""
        raise NotImplementedError

    def representation(self, x: Tensor, task: int) -> Tensor:
        """``r_t(x)``: the representation that Definition 1 speaks of, under the context of ``task``."""
        return self.represent(x, self.context_vector(task))

    def logits(self, x: Tensor, contexts: Tensor) -> Tensor:
        """Logits ``(C, N, 10)`` of inputs ``(N, 784)`` under each of ``contexts`` ``(C, H)``."""
        return torch.stack([self.represent(x, m) @ self.W2.T for m in contexts])

    def forward(self, x: Tensor, task: int) -> Tensor:
        """Logits ``(N, 10)`` of inputs ``(N, 784)`` under the context of ``task``."""
        return self.representation(x, task) @ self.W2.T


class FlyNet(CRWN):
    """The one-hidden-layer CRWN of Eq. 2: ``N_t(x) = W2 [ g_t c_t * s(W1 x) ]``.

    W1 and W2 are random, fixed, and shared by all tasks. What a task learns is one scalar ``g_t`` (global
    neuromodulation) and one vector ``c_t`` (local neuromodulation); their product is its *context vector*.

    Settings are those of the published FlyNet notebook: a row of W1 has exactly seven ones, at random distinct pixels;
    the hidden layer has ten times as many units as the image has pixels, and subtracts its own mean before the ReLU.

    Args:
        n_tasks: number T of contexts.
        width_mult: hidden units per pixel; H = 784 * width_mult.
        seed: determines W1, W2 and the initial contexts. Context t does not depend on ``n_tasks``.
        projection: ``"sparse"`` (published: seven ones a row) or ``"gaussian"`` (dense W1, entries N(0, 1/784)).
        centred: whether the units subtract their mean before the ReLU (published: yes).

    Attributes:
        pixels: ``(H, 7)`` int64, the columns of the ones in each row of W1; absent where W1 is Gaussian.
        W2: ``(10, H)``, uniform in +-1/sqrt(H).
        g: T scalars, initially N(0, 1).
        c: T vectors ``(H,)``, initially N(0, 2 / (H + 1)) (a variance).

    Raises:
        ParameterError: ``n_tasks`` or ``width_mult`` below 1, a negative ``seed``, or an unknown ``projection``.
    """

    fan_in = 7

    def __init__(
        self, n_tasks: int, width_mult: int = 10, seed: int = 0, *, projection: str = "sparse", centred: bool = True
    ) -> None:
        super().__init__(n_tasks, seed)
        self.projection = check_choice("projection", projection, ("sparse", "gaussian"))
        self.centred = centred
        self.width_mult = check_int("width_mult", width_mult, 1)
        H = self.n_hidden = self.n_inputs * width_mult

        if projection == "sparse":
            # The seven largest of 784 random numbers stand at seven random, distinct places.
            order = torch.rand(H, self.n_inputs, generator=generator(seed, "W1"))
            self.register_buffer("pixels", order.topk(self.fan_in, sorted=False).indices)
            column_sums = self.pixels.flatten().bincount(minlength=self.n_inputs).float()
        else:
            dense = torch.randn(H, self.n_inputs, generator=generator(seed, "W1")) / self.n_inputs**0.5
            self.register_buffer("dense", dense)
            column_sums = dense.sum(0)
        # The sum over the units of W1 x is column_sums . x; whole numbers, so exact, where W1 is sparse.
        self.register_buffer("column_sums", column_sums, persistent=False)
        W2 = (2 * torch.rand(self.n_classes, H, generator=generator(seed, "W2")) - 1) / H**0.5
        self.register_buffer("W2", W2)
        self.start_contexts()

    @property
    def settings(self) -> dict[str, object]:
        """All that determines the random weights, JSON-able."""
        return {
            "model": type(self).__name__,
            "width_mult": self.width_mult,
            "seed": self.seed,
            "projection": self.projection,
            "centred": self.centred,
        }

    @property
    def W1(self) -> Tensor:
        """The dense ``(H, 784)`` matrix; where it is sparse, the zeros and ones that ``pixels`` stands for."""
        if self.projection == "gaussian":
            return self.dense
        W1 = self.W2.new_zeros(self.n_hidden, self.n_inputs)
        return W1.scatter_(1, self.pixels, 1.0)

    def initial_context(self, task: int, init_seed: int | None = None) -> tuple[Tensor, Tensor]:
        """``g_t``, a scalar, and ``c_t`` ``(H,)``, before training; ``init_seed`` (default: ``seed``) draws others."""
        source = generator(self.seed if init_seed is None else init_seed, "context", task)
        g = torch.randn((), generator=source)
        c = torch.randn(self.n_hidden, generator=source) * (2 / (self.n_hidden + 1)) ** 0.5
        return g, c

    def encode(self, x: Tensor) -> Tensor:
        """``s(W1 x)``, ``(N, H)`` from ``(N, 784)``: sum seven pixels a unit, centre over the units, ReLU.

        A row of W1 is a bag of seven pixels, so W1 x is 7 additions a unit instead of 784 products. The sum over a bag
        runs along the samples, which lie side by side in memory; the result is a transposed view of ``(H, N)``.
        Subtracting the mean over the H units from every unit equals subtracting a seventh of it from every pixel.
        """
        mean = (x @ self.column_sums)[:, None] / self.n_hidden if self.centred else 0.0
        if self.projection == "sparse":
            z = F.embedding_bag(self.pixels, (x - mean / self.fan_in).T.contiguous(), mode="sum").T
        else:
            z = x @ self.dense.T - mean
        return z.clamp_(min=0)

    def represent(self, x: Tensor, context: Tensor) -> Tensor:
        """``m * s(W1 x)``, ``(N, H)``, under any context vector ``m`` ``(H,)``."""
        return context * self.encode(x)

    def logits(self, x: Tensor, contexts: Tensor) -> Tensor:
        """Logits ``(W2 * m) s(W1 x)``, ``(C, N, 10)``, of inputs ``(N, 784)`` under each of ``contexts`` ``(C, H)``."""
        readout = (self.W2 * contexts[:, None]).flatten(0, 1)  # (C * 10, H)
        return (readout @ self.encode(x).T).unflatten(0, (len(contexts), -1)).transpose(1, 2)
