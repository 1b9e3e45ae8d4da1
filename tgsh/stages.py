"""Where the time of a batch goes, stage by stage, and what the machine's two ceilings say about it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import torch

from tgsh import plain
from tgsh.benchmarks import RotationMNIST
from tgsh.machine import seconds_of
from tgsh.models import FlyNet
from tgsh.runs.workers import n_workers, side_by_side
from tgsh.seeding import generator
from tgsh.training import Recipe, batches


def stages(net: FlyNet, stream: RotationMNIST, n_batches: int = 60) -> dict[str, dict[str, float]]:
    """Where the time of a batch goes, in milliseconds, along the plain and along the fast path.

    The fast path is timed as it runs, on all cores at once: a stage's milliseconds are those of the machine, per batch.
    """
    fast = _on_all_cores(lambda _: _fast_stages(net, stream, n_batches), net.W2.device)
    return {"plain": _plain_stages(net, stream, n_batches), "fast": fast}


def _on_all_cores(job: Callable[[int], dict[str, float]], device: torch.device) -> dict[str, float]:
    n = n_workers(device)
    rows = list(side_by_side(job, range(n), device))
    return {name: sum(row[name] for row in rows) / n**2 for name in rows[0]}  # mean over n, which ran at once


def _plain_stages(net: FlyNet, stream: RotationMNIST, n_batches: int) -> dict[str, float]:
    device, W1, m = net.W2.device, net.W1, net.context_vector(0).detach().requires_grad_()
    loader = iter(torch.utils.data.DataLoader(plain.PILTask(stream, 0), batch_size=128))
    batch = SimpleNamespace()

    def load() -> None:
        batch.x, batch.y = (part.to(device) for part in next(loader))

    def encode() -> None:
        batch.h = plain.encode(W1, batch.x)

    def learn() -> None:
        torch.nn.functional.cross_entropy((m * batch.h) @ net.W2.T, batch.y).backward()

    parts = {"images, one by one": load, "dense W1 x, centre, ReLU": encode, "modulate, logits, autograd": learn}
    return _time_stages(parts, min(n_batches, len(stream.dataset.train_labels) // 128), device)


@torch.no_grad()
def _fast_stages(net: FlyNet, stream: RotationMNIST, n_batches: int) -> dict[str, float]:
    source = batches(net, stream, [0], Recipe(epochs=1), data_seed=net.seed)
    batch = SimpleNamespace()

    def load() -> None:
        batch.x, batch.y = next(source)

    def encode() -> None:
        batch.h = net.encode(batch.x[0]).T

    def learn() -> None:
        D = ((net.W2 * m) @ batch.h).softmax(0).sub_(batch.y[0].T)
        torch.mul(net.W2, D @ batch.h.T).sum(0)

    m = net.context_vector(0).detach()
    load()  # transforms the whole task, which the stages below do not pay again
    parts = {"images, by gather": load, "bags of seven, ReLU": encode, "two thin products": learn}
    return _time_stages(parts, min(n_batches, len(stream.dataset.train_labels) // 128 - 1), net.W2.device)


def kept_or_recomputed(net: FlyNet, stream: RotationMNIST, n_batches: int = 60, n_kept: int = 8192) -> dict[str, float]:
    """Milliseconds to fetch a random batch of kept features from memory, and to compute it again from the pixels.

    ``n_kept`` samples are kept (257 MB at the paper's width): more than a cache holds, less than a task.
    """
    x = next(batches(net, stream, [0], Recipe(epochs=1), data_seed=0))[0][0]
    n_kept = min(n_kept, len(stream.dataset.train_labels))
    kept = net.encode(x[:1]).expand(n_kept, -1).contiguous()
    size = (n_workers(x.device), n_batches, len(x))
    order = torch.randint(n_kept, size, generator=generator(net.seed, "kept")).to(x.device)

    def both(worker: int) -> dict[str, float]:
        chosen = iter(order[worker])
        parts = {"fetch": lambda: kept[next(chosen)], "recompute": lambda: net.encode(x)}
        return _time_stages(parts, n_batches, net.W2.device)

    return _on_all_cores(both, net.W2.device)


def _time_stages(parts: dict[str, Callable[[], None]], n: int, device: torch.device) -> dict[str, float]:
    spent = dict.fromkeys(parts, 0.0)
    for _ in range(n):
        for name, part in parts.items():
            spent[name] += seconds_of(part, device)
    return {name: 1000 * seconds / n for name, seconds in spent.items()}


def roofline(stages: dict[str, dict[str, float]], width_mult: int, batch: int = 128) -> list[dict]:
    """The arithmetic stages as points of a roofline: operations per byte moved, and operations per second achieved."""
    D, K, H = FlyNet.n_inputs, FlyNet.n_classes, FlyNet.n_inputs * width_mult
    # name of the stage -> its operations, and the numbers (4 bytes) it must read and write at least
    needs = {
        ("plain", "dense W1 x, centre, ReLU"): (2 * batch * D * H, batch * D + H * D + batch * H),
        ("fast", "bags of seven, ReLU"): (8 * batch * H, batch * D + batch * H),
        ("fast", "two thin products"): (4 * batch * H * K, 2 * batch * H),
    }
    return [
        {
            "path": path,
            "stage": stage,
            "intensity": operations / (4 * moved),
            "achieved": operations / (stages[path][stage] / 1000),
        }
        for (path, stage), (operations, moved) in needs.items()
    ]
