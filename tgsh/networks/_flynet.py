"""FlyNet: the CRWN with one hidden layer, connected like the olfactory circuit of the fly (paper, Section 2.2)."""

from __future__ import annotations

from typing import Literal
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tgsh.errors import ParameterError, check_choice, check_int
from tgsh.networks._crwn import CRWN
from tgsh.seeding import generator

# The column sums of each network, with what they were computed from. Not an attribute: copies, saved networks and the
# identity of a network hold W1 only.
_SUMS: WeakKeyDictionary[nn.Module, tuple[Tensor, int | None, torch.dtype, Tensor]] = WeakKeyDictionary()


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
        H = self.n_hidden = self.n_inputs * self.width_mult

        if projection == "sparse":
            # The places of the seven largest of 784 random numbers are seven random, distinct pixels.
            order = torch.rand(H, self.n_inputs, generator=generator(seed, "W1"), dtype=torch.float32)
            self.register_buffer("pixels", order.topk(self.fan_in, sorted=False).indices)
        else:
            dense = torch.randn(H, self.n_inputs, generator=generator(seed, "W1"), dtype=torch.float32)
            self.register_buffer("dense", dense / self.n_inputs**0.5)
        W2 = (2 * torch.rand(self.n_classes, H, generator=generator(seed, "W2"), dtype=torch.float32) - 1) / H**0.5
        self.register_buffer("W2", W2)
        self.start_contexts()

    def get_extra_state(self) -> Tensor:
        """Setting that the shapes of the tensors do not show: saved with them, so that no other network loads them."""
        return torch.tensor(bool(self.centred))

    def set_extra_state(self, state: Tensor) -> None:
        """Raise `ParameterError` where saved tensors are those of a network with another ``centred``."""
        if bool(state) != bool(self.centred):
            raise ParameterError(f"the saved network has centred={bool(state)}, this one centred={bool(self.centred)}")

    @property
    def column_sums(self) -> Tensor:
        """Sums ``(784,)`` of the columns of W1, in the dtype of W2; their product with x is the sum of W1 x.

        They are computed anew when W1 is another tensor or has been changed in place.
        """
        W1, dtype = self.pixels if self.projection == "sparse" else self.dense, self.W2.dtype
        version = None if W1.is_inference() else W1._version
        held = _SUMS.get(self)
        if held is None or held[0] is not W1 or held[1:3] != (version, dtype) or version is None:
            sparse = self.projection == "sparse"  # whole numbers, so exact
            sums = W1.flatten().bincount(minlength=self.n_inputs) if sparse else W1.sum(0)
            held = _SUMS[self] = (W1, version, dtype, sums.to(dtype))
        return held[3]

    @property
    def W1(self) -> Tensor:
        """W1 as a dense matrix, ``(H, 784)``."""
        if self.projection == "gaussian":
            return self.dense
        W1 = self.W2.new_zeros(self.n_hidden, self.n_inputs)
        return W1.scatter_(1, self.pixels, 1.0)

    def features(self, x: Tensor) -> Tensor:
        """Features ``s(W1 x)``, ``(N, H)``, of inputs ``(N, 784)``: add seven pixels per unit, centre, apply the ReLU.

        Where W1 is sparse, W1 x takes 7 additions per unit instead of 784 products. The samples are contiguous in
        memory, so the result is a transposed view of ``(H, N)``.
        """
        # Subtracting the mean over the H units from every unit equals subtracting a seventh of it from every pixel.
        mean = (x @ self.column_sums)[:, None] / self.n_hidden if self.centred else 0.0
        if self.projection == "sparse":
            z = F.embedding_bag(self.pixels, (x - mean / self.fan_in).T.contiguous(), mode="sum").T
        else:
            z = x @ self.dense.T - mean
        return z.clamp_(min=0)
