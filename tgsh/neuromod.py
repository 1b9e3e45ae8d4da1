"""NeuroModNet: the CRWN with every layer modulated (paper, Section 2.2: "in a layer-wise fashion")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_int
from tgsh.models import CRWN
from tgsh.seeding import generator
from tgsh.training import Recipe, batch_rows


class NeuroModNet(CRWN):
    """Eq. 2 at every layer of a deeper random network.

    ``a_l = s(W_l r_{l-1})``, ``r_l = g_{t,l} c_{t,l} * a_l``, ``r_0 = x``, and ``N_t(x) = R r_L``. All W_l and R are
    random, fixed, and shared by all tasks; a task learns one scalar and one vector a layer.

    The paper and its predecessor's text, as we have them, leave the sizes open. We take dense Gaussian W_l with He's
    scaling, N(0, 2 / inputs), which keeps the size of activations from layer to layer; R and the initial contexts are
    distributed as FlyNet's. `FlyNet` and this class can stand for each other wherever a stream is trained or measured.

    Args:
        n_tasks: number T of contexts.
        widths: units of each hidden layer.
        seed: determines W_1..W_L, R and the initial contexts. Context t does not depend on ``n_tasks``.

    Attributes:
        weights: L matrices, ``(widths[l], widths[l-1])``, the first ``(widths[0], 784)``.
        W2: R, ``(10, widths[-1])``, uniform in +-1/sqrt(widths[-1]); named as in FlyNet.
        g: T vectors ``(L,)``, the scalars of the layers, initially N(0, 1).
        c: T vectors ``(sum of widths,)``, layer after layer, initially N(0, 2 / (width + 1)) (a variance).

    Raises:
        ParameterError: ``n_tasks`` or a width below 1, no width at all, or a negative ``seed``.
    """

    def __init__(self, n_tasks: int, widths: Sequence[int] = (700, 700), seed: int = 0) -> None:
        super().__init__(n_tasks, seed)
        self.widths = tuple(check_int("widths", width, 1) for width in widths)
        if not self.widths:
            raise ParameterError("widths must name at least one hidden layer; got none")
        self.n_hidden = sum(self.widths)
        self.n_kept = self.widths[0]

        inputs = (self.n_inputs, *self.widths[:-1])
        for layer, (width, fan_in) in enumerate(zip(self.widths, inputs, strict=True)):
            W = torch.randn(width, fan_in, generator=generator(seed, "W", layer)) * (2 / fan_in) ** 0.5
            self.register_buffer(f"W_{layer}", W)
        last = self.widths[-1]
        R = (2 * torch.rand(self.n_classes, last, generator=generator(seed, "R")) - 1) / last**0.5
        self.register_buffer("W2", R)
        self.start_contexts()

    @property
    def settings(self) -> dict[str, object]:
        """All that determines the random weights, JSON-able."""
        return {"model": type(self).__name__, "widths": list(self.widths), "seed": self.seed}

    @property
    def n_learned(self) -> int:
        """Numbers a task learns."""
        return self.n_hidden + len(self.widths)

    @property
    def weights(self) -> list[Tensor]:
        return [self.get_buffer(f"W_{layer}") for layer in range(len(self.widths))]

    def initial_context(self, task: int, init_seed: int | None = None) -> tuple[Tensor, Tensor]:
        """``g_t`` ``(L,)`` and ``c_t`` before training; ``init_seed`` (default: ``seed``) draws others."""
        source = generator(self.seed if init_seed is None else init_seed, "context", task)
        g = torch.randn(len(self.widths), generator=source)
        c = [torch.randn(width, generator=source) * (2 / (width + 1)) ** 0.5 for width in self.widths]
        return g, torch.cat(c)

    def context_vector(self, task: int) -> Tensor:
        """``m_t``, ``(sum of widths,)``: ``g_{t,l} c_{t,l}`` of every layer, one after the other."""
        layers = zip(self.g[task], self.c[task].split(self.widths), strict=True)
        return torch.cat([g * c for g, c in layers])

    def represent(self, x: Tensor, context: Tensor) -> Tensor:
        """``r_L(x)``, ``(N, widths[-1])``, of inputs ``(N, 784)`` under any context vector."""
        return self.modulate(self.first_layer(x), context)

    def first_layer(self, x: Tensor) -> Tensor:
        """``a_1 = s(W_1 x)``, ``(N, widths[0])``: what no context changes."""
        return torch.relu(x @ self.weights[0].T)

    def modulate(self, a: Tensor, context: Tensor) -> Tensor:
        """``r_L``, ``(N, widths[-1])``, from ``a_1`` on."""
        first, *others = context.split(self.widths)
        r = first * a
        for W, m in zip(self.weights[1:], others, strict=True):
            r = m * torch.relu(r @ W.T)
        return r


def fit_contexts(net: NeuroModNet, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int) -> None:
    """Train the contexts of ``tasks``, one after the other, in place. Arguments as `tgsh.training.fit_contexts`.

    With more than one modulated layer the gradient is no longer two products, so autograd computes it. The first layer
    is the same in every epoch, and is kept: 4 bytes a unit and image.

    Raises:
        ParameterError: training diverged.
    """
    device, dtype = net.W2.device, net.W2.dtype
    for t in tasks:
        images, labels = stream.train(t, device)
        a = torch.cat([net.first_layer(normalise(part, dtype)) for part in images.split(recipe.batch_size)])
        optimiser = torch.optim.RMSprop([net.g[t], net.c[t]], lr=recipe.lr)
        for batch in batch_rows(recipe, data_seed, t, len(labels)):
            rows = batch.to(device)
            logits = net.modulate(a.index_select(0, rows), net.context_vector(t)) @ net.W2.T
            loss = F.cross_entropy(logits, labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if not all(torch.isfinite(parameter).all() for parameter in (net.g[t], net.c[t])):
            raise ParameterError(f"training diverged with lr {recipe.lr}; choose a smaller lr")
