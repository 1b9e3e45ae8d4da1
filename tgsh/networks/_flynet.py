"""FlyNet: the CRWN with one hidden layer, connected like the olfactory circuit of the fly (paper, Section 2.2)."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import check_choice, check_int
from tgsh.networks._crwn import CRWN
from tgsh.seeding import generator


class FlyNet(CRWN):
    """Eq. 2 with one hidden layer: ``N_t(x) = W2 [ g_t c_t * s(W1 x) ]``.

    W1 and W2 are random, fixed, and shared by all tasks. A task learns one scalar ``g_t`` (global neuromodulation) and
    one vector ``c_t`` (local neuromodulation); their product is its *context vector*.

    The defaults are those of the published FlyNet notebook: a row of W1 has exactly seven ones, at random distinct
    pixels; the hidden layer has ten times as many units as the image has pixels; and the mean over its units is
    subtracted before the ReLU.

    Args:
        n_tasks: number T of contexts.
        width_mult: hidden units per pixel; H = 784 * width_mult.
        seed: determines W1, W2 and the initial contexts. Context t does not depend on ``n_tasks``.
        projection: ``"sparse"`` (published: seven ones a row) or ``"gaussian"`` (dense W1, entries N(0, 1/784)).
        centred: whether the mean over the units is subtracted before the ReLU (published: yes).

    Attributes:
        pixels: ``(H, 7)`` int64, the columns of the ones in each row of W1; absent where W1 is Gaussian.
        column_sums: ``(784,)``, the sums of the columns of W1.
        W2: ``(10, H)``, uniform in +-1/sqrt(H).
        g: T scalars, initially N(0, 1).
        c: T vectors ``(H,)``, initially N(0, 2 / (H + 1)) (a variance).

    Raises:
        ParameterError: ``n_tasks`` or ``width_mult`` is below 1, ``seed`` is negative, or ``projection`` is unknown.
    """

    fan_in = 7

    def __init__(
        self,
        n_tasks: int,
        width_mult: int = 10,
        seed: int = 0,
        *,
        projection: Literal["sparse", "gaussian"] = "sparse",
        centred: bool = True,
    ) -> None:
        super().__init__(n_tasks, seed)
        self.projection = check_choice("projection", projection, ("sparse", "gaussian"))
        self.centred = centred
        self.width_mult = check_int("width_mult", width_mult, 1)
        H = self.n_hidden = self.n_inputs * width_mult

        if projection == "sparse":
            # The places of the seven largest of 784 random numbers are seven random, distinct pixels.
            order = torch.rand(H, self.n_inputs, generator=generator(seed, "W1"))
            self.register_buffer("pixels", order.topk(self.fan_in, sorted=False).indices)
            column_sums = self.pixels.flatten().bincount(minlength=self.n_inputs).float()
        else:
            dense = torch.randn(H, self.n_inputs, generator=generator(seed, "W1")) / self.n_inputs**0.5
            self.register_buffer("dense", dense)
            column_sums = dense.sum(0)
        # The sum of W1 x over the units is column_sums . x. Where W1 is sparse these are whole numbers, so exact.
        self.register_buffer("column_sums", column_sums)
        W2 = (2 * torch.rand(self.n_classes, H, generator=generator(seed, "W2")) - 1) / H**0.5
        self.register_buffer("W2", W2)
        self.start_contexts()

    @property
    def W1(self) -> Tensor:
        """W1 as a dense matrix, ``(H, 784)``."""
        if self.projection == "gaussian":
            return self.dense
        W1 = self.W2.new_zeros(self.n_hidden, self.n_inputs)
        return W1.scatter_(1, self.pixels, 1.0)

    def features(self, x: Tensor) -> Tensor:
        """Features ``s(W1 x)``, ``(N, H)``, of inputs ``(N, 784)``: sum seven pixels a unit, centre, apply the ReLU.

        Where W1 is sparse, W1 x takes 7 additions a unit instead of 784 products. The samples are contiguous in memory,
        so the result is a transposed view of ``(H, N)``.
        """
        # Subtracting the mean over the H units from every unit equals subtracting a seventh of it from every pixel.
        mean = (x @ self.column_sums)[:, None] / self.n_hidden if self.centred else 0.0
        if self.projection == "sparse":
            z = F.embedding_bag(self.pixels, (x - mean / self.fan_in).T.contiguous(), mode="sum").T
        else:
            z = x @ self.dense.T - mean
        return z.clamp_(min=0)
