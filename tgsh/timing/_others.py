"""NeuroModNet and the GSH network: the floor of a training batch, and where its time goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tgsh.benchmarks import AnalyticMap, TaskStream, sample_manifolds
from tgsh.networks import GSHNet, NeuroModNet
from tgsh.seeding import generator
from tgsh.timing._floor import Work
from tgsh.timing._profile import on_all_cores, time_stages

GATHER, AGAIN = "features, by gather", "features, computed again"


def modulated_work(net: NeuroModNet, batch: int) -> Work:
    """Work of a batch of `fit_autograd`: the kept features are read once, and the rest of the network is multiplied.

    Every product is needed twice, forward and for the gradient of its input; its matrix is fixed and has no gradient.
    """
    products = sum(W.numel() for W in net.weights[1:]) + net.W2.numel()
    return Work(4 * batch * net.widths[0], 4 * batch * products)


def gsh_work(net: GSHNet, batch: int) -> Work:
    """Work of a batch of `fit_gsh`: features are read once; B is multiplied and gets a gradient, so does A.

    Through A the gradient also goes back to the representation.
    """
    return Work(4 * batch * net.B.shape[1], batch * (4 * net.B.numel() + 6 * net.A.numel()))


def profile_others(stream: TaskStream, device: torch.device, seed: int = 0, n_batches: int = 40) -> dict[str, dict]:
    """Milliseconds of each stage of a batch, on all cores at once, with the work that the batch requires.

    The stage ``AGAIN`` is no part of the training, which keeps the features of the first, fixed layer; it is what a
    batch would take instead of ``GATHER`` if they were computed anew.

    Args:
        stream: the tasks; NeuroModNet, with its default layers, is trained on a part of task 0.
        device: where the networks are trained.
        seed: of networks and manifolds, whose sizes are those of the chapter on GSH.
        n_batches: batches timed.

    Returns:
        network -> ``{"stages": milliseconds by name, "work": Work as a dict}``.
    """

    def modulated(_: int) -> dict[str, float]:
        net = NeuroModNet(1, seed=seed).to(device)
        images, labels = stream.images(0, "train", slice(16384), device=device)
        optimiser = torch.optim.RMSprop([net.g[0], net.c[0]], lr=0.01)

        def logits(h: Tensor) -> Tensor:
            return net.modulate(h, net.context_vector(0)) @ net.W2.T

        return _stages(net, net.inputs(images), labels, 128, logits, optimiser, n_batches)

    def gsh(_: int) -> dict[str, float]:
        net = GSHNet(50, 300, seed=seed).to(device)
        sample = sample_manifolds(AnalyticMap((5, 5), 50, (1.0, 1.0), seed=seed), 300, 20, seed, "timing")
        labels = torch.arange(300, device=device).repeat_interleave(20)
        optimiser = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=1e-4)
        return _stages(
            net, sample.x.flatten(0, 1).to(device), labels, 512, lambda h: h @ net.B.T @ net.A.T, optimiser, n_batches
        )

    works = modulated_work(NeuroModNet(1, seed=seed), 128), gsh_work(GSHNet(50, 300, seed=seed), 512)
    jobs = {"NeuroModNet": modulated, "GSH": gsh}
    return {
        name: {"stages": on_all_cores(job, device), "work": asdict(work)}
        for (name, job), work in zip(jobs.items(), works, strict=True)
    }


def _stages(
    net: nn.Module,
    x: Tensor,
    labels: Tensor,
    size: int,
    logits: Callable[[Tensor], Tensor],
    optimiser: torch.optim.Optimizer,
    n_batches: int,
) -> dict[str, float]:
    with torch.no_grad():
        kept = torch.cat([net.features(part) for part in x.split(size)])
    order = torch.randperm(len(labels), generator=generator(0, "timing")).to(x.device)
    order = order[: max(len(order) // size, 1) * size].split(size)  # whole batches, where there is one
    batch = SimpleNamespace(seen=0)

    def gather() -> None:
        batch.rows = order[batch.seen % len(order)]
        batch.h, batch.seen = kept.index_select(0, batch.rows), batch.seen + 1

    def again() -> None:
        with torch.no_grad():
            net.features(x[: len(batch.rows)])

    def learn() -> None:
        loss = F.cross_entropy(logits(batch.h), labels[batch.rows])
        optimiser.zero_grad()
        loss.backward()

    parts = {GATHER: gather, "products and gradient": learn, "step": optimiser.step, AGAIN: again}
    for part in parts.values():  # the first call pays for start-up
        part()
    return time_stages(parts, n_batches, x.device)


def above_floor(stages: dict[str, float], floor: float) -> float:
    """Ratio of the time of a batch, given its ``stages`` from `profile_others`, to its floor in milliseconds."""
    return sum(ms for name, ms in stages.items() if name != AGAIN) / floor
