"""Training the GSH network of Dikkala, Kaplun and Panigrahy (2021) (paper, Section 2.1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import ManifoldSample
from tgsh.errors import ParameterError, check_int, check_positive
from tgsh.networks import GSHNet
from tgsh.runs import RunCache, describe, resolve_device
from tgsh.seeding import generator
from tgsh.training._recipe import check_converged


@dataclass(frozen=True)
class GSHRecipe:
    """Settings: Adam on cross entropy plus ``weight_decay / 2 * (|A|^2 + |B|^2)``, with a cosine schedule to 0.

    Dikkala et al. require weight decay on A and B. Adam's own ``weight_decay`` is the gradient of that penalty, so the
    penalised loss is what is minimised; with AdamW it would not be.

    Raises:
        ParameterError: a setting is out of range.
    """

    epochs: int = 80
    batch_size: int = 512
    lr: float = 0.01
    weight_decay: float = 1e-4

    def __post_init__(self) -> None:
        object.__setattr__(self, "epochs", check_int("epochs", self.epochs, 1))
        object.__setattr__(self, "batch_size", check_int("batch_size", self.batch_size, 1))
        object.__setattr__(self, "lr", check_positive("lr", self.lr))
        decay = check_positive("weight_decay", self.weight_decay) if self.weight_decay != 0 else 0.0
        object.__setattr__(self, "weight_decay", decay)


def fit_gsh(net: GSHNet, sample: ManifoldSample, recipe: GSHRecipe, device: torch.device | str = "cpu") -> None:
    """Train A and B, in place, to classify points by their manifold.

    Args:
        net: a network with one logit for each manifold of the sample. It is on the CPU afterwards.
        sample: training points.
        recipe: settings of the training.
        device: device that is trained on.

    Raises:
        ParameterError: the network has another number of logits than the sample has manifolds, or training diverged.
    """
    M, P, _ = sample.x.shape
    if net.A.shape[0] != M:
        raise ParameterError(f"the network tells {net.A.shape[0]} manifolds apart, but the sample has {M}")
    # C is fixed, so its features are computed once.
    net.to(device)
    h = net.features(sample.x.to(device)).flatten(0, 1)
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
    check_converged(recipe.lr, *net.parameters())


def train_gsh(
    net: GSHNet, sample: ManifoldSample, recipe: GSHRecipe, device: str = "auto", cache: RunCache | None = None
) -> GSHNet:
    """Train A and B by `fit_gsh`, or read them from the run cache.

    Args:
        net: trained in place.
        sample: training points.
        recipe: settings of the training.
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
        cache: default: the run cache of the user.

    Returns:
        ``net``, on the CPU.

    Raises:
        ParameterError: as in `fit_gsh`, or there is no such device.
    """
    cache = cache if cache is not None else RunCache()
    where = resolve_device(device)
    start = net.state_dict() | {"x": sample.x}
    settings = {"recipe": asdict(recipe), "threads": torch.get_num_threads() if where.type == "cpu" else 0}

    def compute() -> dict[str, Tensor]:
        fit_gsh(net, sample, recipe, where)
        return {"A": net.A.detach(), "B": net.B.detach()}

    stored = cache.get_or_compute(describe([net, fit_gsh], start, where, **settings), compute)
    with torch.no_grad():
        net.A.copy_(stored["A"])
        net.B.copy_(stored["B"])
    return net


@torch.no_grad()
def accuracy_on_manifolds(net: GSHNet, sample: ManifoldSample) -> float:
    """Share, in [0, 1], of the points of ``sample`` whose largest logit is that of their manifold."""
    return (net(sample.x).argmax(-1) == torch.arange(len(sample.x))[:, None]).float().mean().item()
