"""The GSH network of Dikkala, Kaplun and Panigrahy (2021): ``N(x) = A B s(C x)`` (paper, Section 2.1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tgsh.errors import ParameterError, check_choice, check_int, check_positive
from tgsh.manifolds import ManifoldSample
from tgsh.runs.cache import RunCache, code_fingerprint
from tgsh.runs.device import device_name, resolve_device
from tgsh.seeding import generator


class GSHNet(nn.Module):
    """``N(x) = A B s(C x)``: C wide, random and fixed, s the ReLU, A and B trained with no nonlinearity between them.

    Scales keep norms: a unit vector x has ``|s(C x)|`` near 1, and B and A before training change lengths little.

    Args:
        n_inputs: length of x.
        n_manifolds: logits, one a manifold to tell apart.
        width: rows of C.
        rank: length of the representation ``r(x) = B s(C x)``.
        seed: determines C and the initial A and B.
        activation: ``"relu"``, or ``"identity"`` for a control: the network is then linear in x.

    Attributes:
        C: ``(width, n_inputs)``, entries N(0, 2 / width), a buffer.
        B: ``(rank, width)``, initially N(0, 1 / rank).
        A: ``(n_manifolds, rank)``, initially N(0, 1 / rank).

    Raises:
        ParameterError: a size below 1, a negative ``seed`` or an unknown ``activation``.
    """

    def __init__(
        self,
        n_inputs: int,
        n_manifolds: int,
        width: int = 1000,
        rank: int = 50,
        seed: int = 0,
        *,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        check_int("n_inputs", n_inputs, 1)
        check_int("n_manifolds", n_manifolds, 1)
        check_int("width", width, 1)
        check_int("rank", rank, 1)
        self.seed = check_int("seed", seed, 0)
        self.activation = check_choice("activation", activation, ("relu", "identity"))

        def gaussian(purpose: str, rows: int, columns: int, variance: float) -> Tensor:
            return torch.randn(rows, columns, generator=generator(seed, "gsh", purpose)) * variance**0.5

        self.register_buffer("C", gaussian("C", width, n_inputs, 2 / width))
        self.B = nn.Parameter(gaussian("B", rank, width, 1 / rank))
        self.A = nn.Parameter(gaussian("A", n_manifolds, rank, 1 / rank))

    def encode(self, x: Tensor) -> Tensor:
        """``s(C x)``, ``(..., width)`` from ``(..., n_inputs)``."""
        z = x @ self.C.T
        return z.relu() if self.activation == "relu" else z

    def representation(self, x: Tensor) -> Tensor:
        """``r(x) = B s(C x)``, ``(..., rank)``."""
        return self.encode(x) @ self.B.T

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(..., n_manifolds)``."""
        return self.representation(x) @ self.A.T


@dataclass(frozen=True)
class GSHRecipe:
    """Adam on cross entropy plus ``weight_decay / 2 * (|A|^2 + |B|^2)``, step size falling to 0 along a cosine.

    Dikkala et al. ask for weight decay on A and B. Adam's own ``weight_decay`` is the gradient of that penalty, so the
    minimum sought is that of the penalised loss (AdamW's is not).
    """

    epochs: int = 80
    batch_size: int = 512
    lr: float = 0.01
    weight_decay: float = 1e-4

    def __post_init__(self) -> None:
        check_int("epochs", self.epochs, 1)
        check_int("batch_size", self.batch_size, 1)
        check_positive("lr", self.lr)
        if self.weight_decay != 0:
            check_positive("weight_decay", self.weight_decay)


def fit_gsh(net: GSHNet, sample: ManifoldSample, recipe: GSHRecipe, device: torch.device | str = "cpu") -> None:
    """Train A and B, in place, to tell the manifolds of ``sample`` apart: on ``device``, and back to the CPU.

    Raises:
        ParameterError: the network has another number of logits than there are manifolds, or training diverged.
    """
    M, P, _ = sample.x.shape
    if net.A.shape[0] != M:
        raise ParameterError(f"the network tells {net.A.shape[0]} manifolds apart, but the sample has {M}")
    # C is fixed, so its features are computed once.
    net.to(device)
    h = net.encode(sample.x.to(device)).flatten(0, 1)
    y = torch.arange(M, device=device).repeat_interleave(P)
    optimiser = torch.optim.Adam(net.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs)
    for epoch in range(recipe.epochs):
        order = torch.randperm(len(y), generator=generator(net.seed, "gsh", "order", epoch))
        for batch in order.to(device).split(recipe.batch_size):
            loss = F.cross_entropy(h.index_select(0, batch) @ net.B.T @ net.A.T, y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    net.to("cpu")
    if not all(torch.isfinite(parameter).all() for parameter in net.parameters()):
        raise ParameterError(f"training diverged with lr {recipe.lr}; choose a smaller lr")


def train_gsh(
    net: GSHNet, sample: ManifoldSample, recipe: GSHRecipe, device: str = "auto", cache: RunCache | None = None
) -> GSHNet:
    """`fit_gsh` through the run cache (default: the user's); returns ``net``, on the CPU.

    Args:
        device: ``"auto"`` (a GPU where there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
    """
    cache = cache if cache is not None else RunCache()
    where = resolve_device(device)
    spec = {
        "model": type(net).__name__,
        "activation": net.activation,
        "seed": net.seed,
        "start": RunCache.digest(net.state_dict() | {"x": sample.x}),
        "recipe": asdict(recipe),
        "device": device_name(where),
        "threads": torch.get_num_threads() if where.type == "cpu" else 0,
        "torch": torch.__version__,
        "code": code_fingerprint("seeding", "manifolds", "gsh"),
    }
    stored = cache.get(spec)
    if stored is None:
        fit_gsh(net, sample, recipe, where)
        cache.put(spec, {"A": net.A, "B": net.B})
    else:
        with torch.no_grad():
            net.A.copy_(stored["A"])
            net.B.copy_(stored["B"])
    return net


@torch.no_grad()
def accuracy_on_manifolds(net: GSHNet, sample: ManifoldSample) -> float:
    """Share in [0, 1] of the points of ``sample`` that are given to their own manifold, the network's i-th the i-th."""
    return (net(sample.x).argmax(-1) == torch.arange(len(sample.x))[:, None]).float().mean().item()
