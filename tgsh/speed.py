"""The benchmark: the loop as published, ours, and the floor, side by side in one run.

``python -m tgsh benchmark`` (or ``make benchmark``) prints the table and writes it, with a description of the machine.
Times on a shared machine drift, so the paths take turns, task by task, and what is reported is their ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from types import SimpleNamespace

import torch

from tgsh import plain, training
from tgsh.benchmarks import RotationMNIST
from tgsh.datasets import ImageDataset
from tgsh.machine import Ceilings, machine, measure_ceilings, peak_memory, seconds_of
from tgsh.models import FlyNet
from tgsh.runs.device import resolve_device
from tgsh.runs.progress import track
from tgsh.runs.workers import n_workers, side_by_side
from tgsh.seeding import generator
from tgsh.training import Recipe, batches


@dataclass(frozen=True)
class Work:
    """The work that the result needs, whoever computes it: bytes through memory and floating-point operations."""

    bytes: float
    operations: float

    def seconds(self, ceilings: Ceilings) -> float:
        """Time at the ceilings if moving and computing do not overlap."""
        return self.bytes / ceilings.bandwidth + self.operations / ceilings.arithmetic


def task_work(n_train: int, n_test: int, width_mult: int, epochs: int) -> Work:
    """One task: features computed and written once, read again in every epoch; two thin products a sample and epoch.

    Seven additions a unit and sample make the features (4 bytes each). Logits and gradient take 2 x 10 operations each
    per unit, sample and epoch; the test samples take features and logits once.
    """
    H, K = FlyNet.n_inputs * width_mult, FlyNet.n_classes
    features = n_train * H
    moved = 4 * features * (1 + epochs)
    computed = 7 * (features + n_test * H) + features * epochs * 4 * K + n_test * H * 2 * K
    return Work(moved, computed)


def time_plain(net: FlyNet, stream: RotationMNIST, tasks: Sequence[int], recipe: Recipe) -> dict:
    """Train and evaluate ``tasks`` as published, one after the other: seconds, and test accuracy of each."""

    def run() -> dict[int, float]:
        plain.fit_contexts(net, stream, tasks, recipe, data_seed=net.seed)
        own = {t: net.context_vector(t)[None].detach() for t in tasks}
        return {t: plain.accuracy_on(net, stream, t, context).item() for t, context in own.items()}

    return _timed(run, net)


def time_fast(net: FlyNet, stream: RotationMNIST, tasks: Sequence[int], recipe: Recipe) -> dict:
    """Train and evaluate ``tasks`` by `tgsh.training`, nothing cached: seconds, and test accuracy of each."""

    def run() -> dict[int, float]:
        planned = training.groups(net, stream, recipe, tasks)
        learning = training.learn(net, stream, planned, recipe, data_seed=net.seed)
        return {t: accuracy for learned in learning for t, accuracy in learned.items()}

    return _timed(run, net)


def _timed(run: Callable[[], dict[int, float]], net: FlyNet) -> dict:
    accuracy: dict[int, float] = {}
    seconds = seconds_of(lambda: accuracy.update(run()), net.W2.device)
    return {"seconds": seconds, "accuracy": accuracy}


def compare(make_net: Callable[[int], FlyNet], stream: RotationMNIST, tasks: Sequence[int], recipe: Recipe) -> dict:
    """Both paths on the same tasks, taking turns. Each entry: seconds a task (mean) and mean test accuracy.

    A turn is as many tasks as the fast path trains at once; the plain path takes them one by one, with all threads.

    Args:
        make_net: a new network with that many contexts, on the device to be timed.
        stream: both paths train ``tasks`` of it by ``recipe``.
        tasks: positions in the stream.
        recipe: how they are trained.
    """
    paths = {"plain": time_plain, "fast": time_fast}
    for path in paths.values():  # the first call pays for start-up; one short epoch pays it for both
        short = RotationMNIST(stream.dataset.subset(256, 128), n_tasks=1)
        path(make_net(1), short, [0], Recipe(epochs=1))
    at_once = n_workers(make_net(1).W2.device)
    turns = [(name, tasks[i : i + at_once]) for i in range(0, len(tasks), at_once) for name in paths]
    timed: dict[str, list[dict]] = {name: [] for name in paths}
    for name, turn in track(turns, "timing plain and fast in turn"):
        timed[name].append(paths[name](make_net(len(stream)), stream, turn, recipe))
    return {name: _summary(rows, len(tasks)) for name, rows in timed.items()}


def _summary(turns: list[dict], n_tasks: int) -> dict:
    accuracy = {str(t): value for turn in turns for t, value in turn["accuracy"].items()}
    return {
        "seconds_per_task": sum(turn["seconds"] for turn in turns) / n_tasks,
        "mean_accuracy": sum(accuracy.values()) / n_tasks,
        "accuracy": accuracy,
    }


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


def growth(
    make_net: Callable[..., FlyNet], dataset: ImageDataset, recipe: Recipe, width_mult: int, n_tasks: int = 4
) -> list[dict]:
    """Seconds and peak memory of a stream as tasks, width, samples and epochs grow, one at a time.

    Every stream has a multiple of the number of tasks that are trained at once, so that no core is idle.
    """
    n, at_once = len(dataset.train_labels), n_workers(make_net(1).W2.device)
    base = {"n_tasks": at_once, "width_mult": width_mult, "n_train": n, "epochs": 1}
    grid = {
        "n_tasks": [at_once * k for k in sorted({1, max(n_tasks // 2, 1), n_tasks})],
        "width_mult": sorted({max(width_mult // 4, 1), max(width_mult // 2, 1), width_mult, 2 * width_mult}),
        "n_train": [n // 4, n // 2, n],
        "epochs": [1, 2, 4],
    }
    points = [(name, value, base | {name: value}) for name, values in grid.items() for value in values]
    rows = []
    for name, value, size in track(points, "growth"):
        data = dataset.subset(n_train=size["n_train"])
        stream = RotationMNIST(data, n_tasks=size["n_tasks"], step=360 // max(size["n_tasks"], 36))
        net = make_net(size["n_tasks"], size["width_mult"])
        settings = Recipe(epochs=size["epochs"], batch_size=recipe.batch_size, lr=recipe.lr)
        with peak_memory(net.W2.device) as memory:
            seconds = time_fast(net, stream, range(len(stream)), settings)["seconds"]
        rows.append({"along": name, "value": value, "seconds": seconds, "peak_memory": memory.bytes})
    return rows


def time_stream(net: FlyNet, stream: RotationMNIST, recipe: Recipe) -> dict:
    """The whole stream along the fast path, evaluation included, nothing cached: seconds, accuracy, peak memory."""
    with peak_memory(net.W2.device) as memory:
        timed = time_fast(net, stream, range(len(stream)), recipe)
    accuracy = timed["accuracy"].values()
    return {
        "seconds": timed["seconds"],
        "mean_accuracy": sum(accuracy) / len(accuracy),
        "peak_memory": memory.bytes,
    }


def benchmark(
    dataset: ImageDataset,
    n_tasks: int,
    compared: Sequence[int],
    recipe: Recipe,
    width_mult: int = 10,
    device: str = "auto",
    seed: int = 0,
) -> dict:
    """Everything the table needs: the machine, its ceilings, the floor, both paths on ``compared`` tasks, growth."""
    where = resolve_device(device)

    def make_net(n: int, width: int = width_mult) -> FlyNet:
        return FlyNet(n, width_mult=width, seed=seed).to(where)

    stream = RotationMNIST(dataset, n_tasks=n_tasks)
    ceilings = measure_ceilings(where)
    work = task_work(len(dataset.train_labels), len(dataset.test_labels), width_mult, recipe.epochs)
    paths = compare(make_net, stream, compared, recipe)
    parts = stages(make_net(1), stream)
    return {
        "machine": machine(where),
        "dataset": dataset.name,
        "n_tasks": n_tasks,
        "recipe": asdict(recipe),
        "width_mult": width_mult,
        "ceilings": asdict(ceilings),
        "floor": asdict(work) | {"seconds_per_task": work.seconds(ceilings)},
        "paths": paths,
        "ratio": paths["plain"]["seconds_per_task"] / paths["fast"]["seconds_per_task"],
        "above_floor": paths["fast"]["seconds_per_task"] / work.seconds(ceilings),
        "stages": parts,
        "features": kept_or_recomputed(make_net(1), stream),
        "roofline": roofline(parts, width_mult),
        "stream": time_stream(make_net(n_tasks), stream, recipe),
        "growth": growth(make_net, dataset, recipe, width_mult),
    }


def table(result: dict) -> str:
    """The benchmark as plain text: seconds a task and for the stream, and what each is to ours."""
    n, fast = result["n_tasks"], result["paths"]["fast"]["seconds_per_task"]
    rows = [
        ("plain (as published)", result["paths"]["plain"]["seconds_per_task"]),
        ("ours", fast),
        ("floor", result["floor"]["seconds_per_task"]),
    ]
    lines = [f"{'':22}{'s per task':>12}{f's for {n} tasks':>18}{'ours = 1':>12}"]
    lines += [f"{name:22}{seconds:12.2f}{n * seconds:18.1f}{seconds / fast:12.2f}" for name, seconds in rows]
    stream = result["stream"]
    lines.append(f"{'ours, whole stream':22}{stream['seconds'] / n:12.2f}{stream['seconds']:18.1f}")
    lines.append(f"peak memory of the stream: {stream['peak_memory'] / 1e9:.2f} GB")
    return "\n".join(lines)
