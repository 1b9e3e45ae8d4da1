"""A FlyNet with other hidden units.

Alleman, Lindsey and Fusi (2024) train networks with one hidden layer, and find that representations with tanh units
follow the labels, with rectified units the inputs (`cka` with one and with the other). In a CRWN nothing below the
context is trained, so the question is which part of this comes from the units alone.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tgsh.errors import check_choice
from tgsh.networks import FlyNet

# The sum of seven pixels of variance 1 has this standard deviation, if pixels are independent.
SCALE = FlyNet.fan_in**0.5

UNITS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": lambda z: z.clamp(min=0),
    "tanh": lambda z: SCALE * torch.tanh(z / SCALE),
    "linear": lambda z: z,
    "threshold": lambda z: SCALE * (z > 0).to(z),
}


class OtherUnits(FlyNet):
    """A FlyNet whose hidden units have another activation function of the same sums ``z = W1 x``, less their mean.

    All functions have one scale: with ``s = sqrt(7)``, the size of a sum of seven pixels, tanh is ``s tanh(z / s)`` and
    the threshold ``s [z > 0]``. ReLU units make the published network.

    Args:
        n_tasks: number T of contexts.
        width_mult: hidden units per pixel; H = 784 * width_mult.
        seed: determines W1, W2 and the initial contexts, which are those of `FlyNet`.
        units: ``"relu"``, ``"tanh"``, ``"linear"`` or ``"threshold"``.

    Raises:
        ParameterError: ``units`` is none of these, or as in `FlyNet`.
    """

    def __init__(self, n_tasks: int, width_mult: int = 10, seed: int = 0, units: str = "tanh") -> None:
        super().__init__(n_tasks, width_mult, seed)
        self.units = check_choice("units", units, tuple(UNITS))

    def features(self, x: Tensor) -> Tensor:
        """Features ``s(W1 x)``, ``(N, H)``, of inputs ``(N, 784)``."""
        positive = super().features(x)
        if self.units == "relu":
            return positive
        # z is linear in x, so the rectified sums of x and of -x are the two halves of it.
        return UNITS[self.units](positive - super().features(-x))
