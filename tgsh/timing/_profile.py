"""Time of a batch by stage, and its relation to the two ceilings of the machine (a roofline)."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import torch

from tgsh.benchmarks import RotationMNIST
from tgsh.networks import FlyNet
from tgsh.runs import n_workers, parallel_map
from tgsh.seeding import generator
from tgsh.timing._machine import seconds_of
from tgsh.training import FusedLoop, PILTask, Recipe, batch_order, batches, dense_features, is_fused


def profile_stages(net: FlyNet, stream: RotationMNIST, n_batches: int = 60) -> dict[str, dict[str, float]]:
    """Milliseconds of each stage of a batch, on each path.

    The fast paths are timed as they run, on all cores at once; milliseconds are then those of the whole machine per
    batch.

    Args:
        net: a network; its context 0 is used and does not change.
        stream: the tasks; task 0 is used.
        n_batches: largest number of batches timed.

    Returns:
        Milliseconds by path and stage.
    """
    operators = on_all_cores(lambda _: _operator_stages(net, stream, n_batches), net.W2.device)
    found = {"plain": _plain_stages(net, stream, n_batches), "operators": operators}
    if is_fused(net):
        found["fused"] = on_all_cores(lambda _: _fused_stages(net, stream, n_batches), net.W2.device)
    return found


def on_all_cores(job: Callable[[int], dict[str, float]], device: torch.device) -> dict[str, float]:
    """Run ``job`` on every core at once; each number, divided by the number of cores, is the mean over them."""
    n = n_workers(device)
    rows = list(parallel_map(job, range(n), device))
    return {name: sum(row[name] for row in rows) / n**2 for name in rows[0]}  # mean over n, which ran at once


def _plain_stages(net: FlyNet, stream: RotationMNIST, n_batches: int) -> dict[str, float]:
    device, W1, m = net.W2.device, net.W1, net.context_vector(0).detach().requires_grad_()
    loader = iter(torch.utils.data.DataLoader(PILTask(stream, 0), batch_size=128))
    batch = SimpleNamespace()

    def load() -> None:
        batch.x, batch.y = (part.to(device) for part in next(loader))

    def encode() -> None:
        batch.h = dense_features(W1, batch.x)

    def learn() -> None:
        torch.nn.functional.cross_entropy((m * batch.h) @ net.W2.T, batch.y).backward()

    parts = {"images, one by one": load, "dense W1 x, centre, ReLU": encode, "modulate, logits, autograd": learn}
    return time_stages(parts, min(n_batches, len(stream.dataset.train_labels) // 128), device)


@torch.no_grad()
def _operator_stages(net: FlyNet, stream: RotationMNIST, n_batches: int) -> dict[str, float]:
    source = batches(net, stream, [0], Recipe(epochs=1), data_seed=net.seed)
    batch = SimpleNamespace()

    def load() -> None:
        batch.x, batch.y = next(source)

    def encode() -> None:
        batch.h = net.features(batch.x[0]).T

    def learn() -> None:
        D = ((net.W2 * m) @ batch.h).softmax(0).sub_(batch.y[0].T)
        torch.mul(net.W2, D @ batch.h.T).sum(0)

    m = net.context_vector(0).detach()
    load()  # transforms the whole task, which the stages below do not pay again
    parts = {"images, by gather": load, "bags of seven, ReLU": encode, "two thin products": learn}
    return time_stages(parts, min(n_batches, len(stream.dataset.train_labels) // 128 - 1), net.W2.device)


def _fused_stages(net: FlyNet, stream: RotationMNIST, n_batches: int) -> dict[str, float]:
    images, labels = stream.images(0, "train")
    loop, order = FusedLoop(net, images, 128), batch_order(net.seed, 0, 0, len(labels)).numpy()
    rows = iter(np.split(order, range(128, len(order), 128)))
    readout = (net.W2 * net.context_vector(0).detach() * loop.unit).T.contiguous().numpy().ravel()
    batch = SimpleNamespace()

    def load() -> None:
        batch.mean = loop.stage(next(rows))

    def forward() -> None:
        batch.logits = loop.forward(batch.mean, readout)

    def backward() -> None:
        loop.backward(batch.mean, batch.logits, loop.W2)

    parts = {"images, by block": load, "seven sums, ten logits": forward, "the sums again, gradient": backward}
    for part in parts.values():  # the first call compiles
        part()
    return time_stages(parts, min(n_batches, len(order) // 128 - 1), net.W2.device)


def kept_or_recomputed(net: FlyNet, stream: RotationMNIST, n_batches: int = 60, n_kept: int = 8192) -> dict[str, float]:
    """Milliseconds to fetch a random batch of stored features from memory, and to compute it again from the pixels.

    Features of ``n_kept`` samples are stored (257 MB at the paper's width): more than a processor's cache, less than a
    task.
    """
    x = next(batches(net, stream, [0], Recipe(epochs=1), data_seed=0))[0][0]
    n_kept = min(n_kept, len(stream.dataset.train_labels))
    kept = net.features(x[:1]).expand(n_kept, -1).contiguous()
    size = (n_workers(x.device), n_batches, len(x))
    order = torch.randint(n_kept, size, generator=generator(net.seed, "kept")).to(x.device)

    def both(worker: int) -> dict[str, float]:
        chosen = iter(order[worker])
        parts = {"fetch": lambda: kept[next(chosen)], "recompute": lambda: net.features(x)}
        return time_stages(parts, n_batches, net.W2.device)

    return on_all_cores(both, net.W2.device)


def time_stages(parts: dict[str, Callable[[], None]], n: int, device: torch.device) -> dict[str, float]:
    """Milliseconds of each part, the median of ``n`` rounds in which the parts take turns."""
    spent: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(n):
        for name, part in parts.items():
            spent[name].append(seconds_of(part, device))
    return {name: 1000 * float(np.median(seconds)) for name, seconds in spent.items()}


def roofline_points(stages: dict[str, dict[str, float]], width_mult: int, batch: int = 128) -> list[dict]:
    """Points of a roofline for the arithmetic stages: operations per byte moved, and operations per second achieved.

    Args:
        stages: from `profile_stages`.
        width_mult: of the network.
        batch: images in a batch.

    Returns:
        A row for each stage, with ``path``, ``stage``, ``intensity`` (operations a byte) and ``achieved`` (per second).
    """
    D, K, H = FlyNet.n_inputs, FlyNet.n_classes, FlyNet.n_inputs * width_mult
    # name of the stage -> its operations, and the numbers (4 bytes) it must read and write at least
    needs = {
        ("plain", "dense W1 x, centre, ReLU"): (2 * batch * D * H, batch * D + H * D + batch * H),
        ("operators", "bags of seven, ReLU"): (8 * batch * H, batch * D + batch * H),
        ("operators", "two thin products"): (4 * batch * H * K, 2 * batch * H),
        ("fused", "seven sums, ten logits"): ((8 + 2 * K) * batch * H, batch * D / 2 + (K + 8) * H),
        ("fused", "the sums again, gradient"): ((8 + 2 * K) * batch * H, batch * D / 2 + (K + 8 + 32) * H),
    }
    return [
        {
            "path": path,
            "stage": stage,
            "intensity": operations / (4 * moved),
            "achieved": operations / (stages[path][stage] / 1000),
        }
        for (path, stage), (operations, moved) in needs.items()
        if path in stages
    ]
