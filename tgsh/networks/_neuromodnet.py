"""NeuroModNet: the CRWN with several layers, each modulated (paper, Section 2.2: "in a layer-wise fashion")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int
from tgsh.networks._crwn import CRWN
from tgsh.seeding import generator


class NeuroModNet(CRWN):
    """Eq. 2 in every layer of a random network of L hidden layers.

    ``a_l = s(W_l r_{l-1})``, ``r_l = g_{t,l} c_{t,l} * a_l``, ``r_0 = x``, and ``N_t(x) = R r_L``. All W_l and R are
    random, fixed, and shared by all tasks; a task learns one scalar and one vector for each layer.

    The paper does not give the sizes of the layers or the distribution of W_l. Here W_l is dense and Gaussian with He's
    scaling, N(0, 2 / inputs), which keeps the size of the activations from layer to layer; R and the initial contexts
    are distributed as those of FlyNet.

    Args:
        n_tasks: number T of contexts.
        widths: units of each hidden layer.
        seed: determines W_1..W_L, R and the initial contexts. Context t does not depend on ``n_tasks``.

    Attributes:
        weights: L matrices, ``(widths[l], widths[l-1])``, the first ``(widths[0], 784)``.
        W2: R, ``(10, widths[-1])``, uniform in +-1/sqrt(widths[-1]); named as in FlyNet.
        g: T vectors ``(L,)``, the scalars of the layers, initially N(0, 1).
        c: T vectors ``(H,)``, H the sum of the widths, layer after layer, initially N(0, 2 / (width + 1)) (a variance).

    Raises:
        ParameterError: ``n_tasks`` or a width is below 1, there is no width, or ``seed`` is negative.
    """

    def __init__(self, n_tasks: int, widths: Sequence[int] = (700, 700), seed: int = 0) -> None:
        super().__init__(n_tasks, seed)
        self.widths = tuple(check_int("widths", width, 1) for width in widths)
        if not self.widths:
            raise ParameterError("widths must name at least one hidden layer; got none")
        self.n_hidden = sum(self.widths)

        inputs = (self.n_inputs, *self.widths[:-1])
        for layer, (width, fan_in) in enumerate(zip(self.widths, inputs, strict=True)):
            W = (
                torch.randn(width, fan_in, generator=generator(seed, "W", layer), dtype=torch.float32)
                * (2 / fan_in) ** 0.5
            )
            self.register_buffer(f"W_{layer}", W)
        last = self.widths[-1]
        R = (2 * torch.rand(self.n_classes, last, generator=generator(seed, "R"), dtype=torch.float32) - 1) / last**0.5
        self.register_buffer("W2", R)
        self.start_contexts()

    @property
    def weights(self) -> list[Tensor]:
        """The matrices W_1 to W_L."""
        return [self.get_buffer(f"W_{layer}") for layer in range(len(self.widths))]

    def initial_context(self, task: int, init_seed: int | None = None) -> tuple[Tensor, Tensor]:
        """Draw ``g_t`` ``(L,)`` and ``c_t`` ``(H,)``. Arguments as in `CRWN.initial_context`."""
        source = generator(self.seed if init_seed is None else init_seed, "context", task)
        g = torch.randn(len(self.widths), generator=source, dtype=torch.float32)
        c = [
            torch.randn(width, generator=source, dtype=torch.float32) * (2 / (width + 1)) ** 0.5
            for width in self.widths
        ]
        return g, torch.cat(c)

    def context_vector(self, task: int) -> Tensor:
        """Context vector ``m_t``, ``(H,)``: ``g_{t,l} c_{t,l}`` of all layers, one after the other."""
        task = self._own(task)
        layers = zip(self.g[task], self.c[task].split(self.widths), strict=True)
        return torch.cat([g * c for g, c in layers])

    def features(self, x: Tensor) -> Tensor:
        """Activations of the first layer, ``a_1 = s(W_1 x)``, ``(N, widths[0])``, of inputs ``(N, 784)``."""
        return torch.relu(x @ self.weights[0].T)

    def modulate(self, features: Tensor, context: Tensor) -> Tensor:
        """Representation ``r_L``, ``(N, widths[-1])``, from ``a_1`` ``(N, widths[0])`` and a context ``(H,)``."""
        first, *others = context.split(self.widths)
        r = first * features
        for W, m in zip(self.weights[1:], others, strict=True):
            r = m * torch.relu(r @ W.T)
        return r
