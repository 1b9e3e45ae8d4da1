"""The GSH network of Dikkala, Kaplun and Panigrahy (2021): ``N(x) = A B s(C x)`` (paper, Section 2.1)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from tgsh.errors import ParameterError, check_choice, check_int
from tgsh.seeding import generator


class GSHNet(nn.Module):
    """``N(x) = A B s(C x)``: C is wide, random and fixed; A and B are trained, with no nonlinearity between them.

    The scales of the matrices keep norms: ``|s(C x)|`` is near 1 for a unit vector x, and the initial B and A change
    lengths little.

    Args:
        n_inputs: length of x.
        n_manifolds: number of manifolds to distinguish; each has one logit.
        width: number of rows of C.
        rank: length of the representation ``r(x) = B s(C x)``.
        seed: determines C and the initial A and B.
        activation: s: ``"relu"``, or ``"identity"`` for a control that is linear in x.

    Attributes:
        C: ``(width, n_inputs)``, entries N(0, 2 / width), a buffer.
        B: ``(rank, width)``, initially N(0, 1 / rank).
        A: ``(n_manifolds, rank)``, initially N(0, 1 / rank).

    Raises:
        ParameterError: a size is below 1, ``seed`` is negative, or ``activation`` is unknown.
    """

    def __init__(
        self,
        n_inputs: int,
        n_manifolds: int,
        width: int = 1000,
        rank: int = 50,
        seed: int = 0,
        *,
        activation: Literal["relu", "identity"] = "relu",
    ) -> None:
        super().__init__()
        n_inputs = check_int("n_inputs", n_inputs, 1)
        n_manifolds = check_int("n_manifolds", n_manifolds, 1)
        width = check_int("width", width, 1)
        rank = check_int("rank", rank, 1)
        self.seed = check_int("seed", seed, 0)
        self.activation = check_choice("activation", activation, ("relu", "identity"))

        def gaussian(purpose: str, rows: int, columns: int, variance: float) -> Tensor:
            source = generator(seed, "gsh", purpose)
            return torch.randn(rows, columns, generator=source, dtype=torch.float32) * variance**0.5

        self.register_buffer("C", gaussian("C", width, n_inputs, 2 / width))
        self.B = nn.Parameter(gaussian("B", rank, width, 1 / rank))
        self.A = nn.Parameter(gaussian("A", n_manifolds, rank, 1 / rank))

    def get_extra_state(self) -> Tensor:
        """Setting that the shapes of the tensors do not show: saved with them, so that no other network loads them."""
        return torch.tensor(self.activation == "relu")

    def set_extra_state(self, state: Tensor) -> None:
        """Raise `ParameterError` where saved tensors are those of a network with another activation."""
        if bool(state) != (self.activation == "relu"):
            raise ParameterError(f"the saved network has another activation than {self.activation!r}")

    def features(self, x: Tensor) -> Tensor:
        """Features ``s(C x)``, ``(..., width)``, of inputs ``(..., n_inputs)``."""
        z = x @ self.C.T
        return z.relu() if self.activation == "relu" else z

    def represent(self, x: Tensor) -> Tensor:
        """Representation ``r(x) = B s(C x)``, ``(..., rank)``, of inputs ``(..., n_inputs)``."""
        return self.features(x) @ self.B.T

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(..., n_manifolds)`` of inputs ``(..., n_inputs)``."""
        return self.represent(x) @ self.A.T
