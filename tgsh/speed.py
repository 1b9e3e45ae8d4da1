"""The benchmark: the loop as published, ours, and the floor, side by side in one run.

``python -m tgsh.speed`` (or ``make benchmark``) prints the table and writes it, with a description of the machine. Times on
a shared machine drift, so the paths take turns, task by task, and what is reported is their ratio.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import torch

from tgsh import plain, training
from tgsh.benchmarks import RotationMNIST
from tgsh.datasets import ImageDataset
from tgsh.models import FlyNet
from tgsh.runs.device import device_name, resolve_device
from tgsh.runs.progress import track
from tgsh.training import Recipe, batches


@dataclass(frozen=True)
class Ceilings:
    """What this machine can do at most, as measured here.

    Attributes:
        bandwidth: bytes per second of a large copy (bytes read plus bytes written).
        arithmetic: floating-point operations per second of a large single-precision matrix product.
    """

    bandwidth: float
    arithmetic: float


@dataclass(frozen=True)
class Work:
    """The work that the result needs, whoever computes it: bytes through memory and floating-point operations."""

    bytes: float
    operations: float

    def seconds(self, ceilings: Ceilings) -> float:
        """Time at the ceilings if moving and computing do not overlap."""
        return self.bytes / ceilings.bandwidth + self.operations / ceilings.arithmetic


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was asked to; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure_ceilings(device: torch.device, repeats: int = 5) -> Ceilings:
    """Best of some repeats: a ceiling is what the machine can do when nothing disturbs it."""
    source = torch.ones(2**26, device=device)  # 256 MiB, more than any cache
    target = torch.empty_like(source)
    square = torch.rand(2048, 2048, device=device)
    copying = min(_seconds(lambda: target.copy_(source), device) for _ in range(repeats))
    multiplying = min(_seconds(lambda: square @ square, device) for _ in range(repeats))
    return Ceilings(2 * source.nbytes / copying, 2 * 2048**3 / multiplying)


def _seconds(action: Callable[[], object], device: torch.device) -> float:
    synchronise(device)
    start = time.perf_counter()
    action()
    synchronise(device)
    return time.perf_counter() - start


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


def time_task(path: ModuleType, stream: RotationMNIST, task: int, recipe: Recipe, width_mult: int, device: str) -> dict:
    """Train and evaluate one task by ``path`` (`tgsh.plain` or `tgsh.training`): seconds and test accuracy."""
    net = FlyNet(len(stream), width_mult=width_mult).to(resolve_device(device))
    accuracy = []

    def run() -> None:
        path.fit_contexts(net, stream, [task], recipe, data_seed=0)
        accuracy.append(path.accuracy_on(net, stream, task, net.context_vector(task)[None].detach())[0].item())

    return {"task": task, "seconds": _seconds(run, net.W2.device), "accuracy": accuracy[0]}


def compare(stream: RotationMNIST, tasks: Sequence[int], recipe: Recipe, width_mult: int, device: str) -> dict:
    """Both paths on the same tasks, taking turns. Each entry: seconds a task (mean) and mean test accuracy."""
    paths = {"plain": plain, "fast": training}
    for path in paths.values():  # the first call pays for start-up; one short epoch pays it for both
        short = RotationMNIST(stream.dataset.subset(256, 128), n_tasks=1)
        time_task(path, short, 0, Recipe(epochs=1), width_mult, device)
    turns = [(name, t) for t in tasks for name in paths]
    rows: dict[str, list[dict]] = {name: [] for name in paths}
    for name, t in track(turns, "timing plain and fast in turn"):
        rows[name].append(time_task(paths[name], stream, t, recipe, width_mult, device))
    return {
        name: {
            "seconds_per_task": sum(r["seconds"] for r in timed) / len(timed),
            "mean_accuracy": sum(r["accuracy"] for r in timed) / len(timed),
            "tasks": timed,
        }
        for name, timed in rows.items()
    }


def stages(stream: RotationMNIST, width_mult: int, device: str, n_batches: int = 60) -> dict[str, dict[str, float]]:
    """Where the time of a batch goes, in milliseconds, along the plain and along the fast path."""
    net = FlyNet(1, width_mult=width_mult).to(resolve_device(device))
    return {"plain": _plain_stages(net, stream, n_batches), "fast": _fast_stages(net, stream, n_batches)}


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
    device, W2_T = net.W2.device, net.W2.T.contiguous()
    source = batches(net, stream, [0], Recipe(epochs=1), data_seed=0)
    batch = SimpleNamespace()

    def load() -> None:
        batch.x, batch.y = next(source)

    def encode() -> None:
        batch.h = net.encode(batch.x[0]).T

    def learn() -> None:
        D = ((net.W2 * m) @ batch.h).softmax(0).sub_(batch.y[0].T)
        torch.mul(batch.h @ D.T, W2_T).sum(1)

    m = net.context_vector(0).detach()
    load()  # transforms the whole task, which the stages below do not pay again
    parts = {"images, by gather": load, "bags of seven, ReLU": encode, "two thin products": learn}
    return _time_stages(parts, min(n_batches, len(stream.dataset.train_labels) // 128 - 1), device)


def _time_stages(parts: dict[str, Callable[[], None]], n: int, device: torch.device) -> dict[str, float]:
    spent = dict.fromkeys(parts, 0.0)
    for _ in range(n):
        for name, part in parts.items():
            spent[name] += _seconds(part, device)
    return {name: 1000 * seconds / n for name, seconds in spent.items()}


def growth(dataset: ImageDataset, recipe: Recipe, width_mult: int, device: str, n_tasks: int = 4) -> list[dict]:
    """Seconds and peak memory of a stream as tasks, width, samples and epochs grow, one at a time."""
    n = len(dataset.train_labels)
    base = {"n_tasks": 1, "width_mult": width_mult, "n_train": n, "epochs": 1}
    grid = {
        "n_tasks": [1, max(n_tasks // 2, 1), n_tasks],
        "width_mult": sorted({max(width_mult // 4, 1), max(width_mult // 2, 1), width_mult, 2 * width_mult}),
        "n_train": [n // 4, n // 2, n],
        "epochs": [1, 2, 4],
    }
    points = [(name, value, base | {name: value}) for name, values in grid.items() for value in values]
    rows = []
    for name, value, size in track(points, "growth"):
        stream = RotationMNIST(dataset.subset(n_train=size["n_train"]), n_tasks=size["n_tasks"])
        net = FlyNet(size["n_tasks"], width_mult=size["width_mult"]).to(resolve_device(device))
        with peak_memory(net.W2.device) as memory:
            settings = Recipe(epochs=size["epochs"], batch_size=recipe.batch_size, lr=recipe.lr)
            seconds = _seconds(lambda: _train_all(net, stream, settings), net.W2.device)  # noqa: B023 (called at once)
        rows.append({"along": name, "value": value, "seconds": seconds, "peak_memory": memory.bytes})
    return rows


def _train_all(net: FlyNet, stream: RotationMNIST, recipe: Recipe) -> None:
    for group in training.groups(net, stream, recipe, list(range(len(stream)))):
        training.fit_contexts(net, stream, group, recipe, data_seed=0)


@contextmanager
def peak_memory(device: torch.device) -> Iterator[SimpleNamespace]:
    """The most memory in use inside the block, in bytes: of the process (CPU) or of the device's allocator (GPU)."""
    result, done = SimpleNamespace(bytes=0), threading.Event()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        yield result
        result.bytes = torch.cuda.max_memory_allocated(device)
        return

    def watch() -> None:
        while not done.is_set():
            result.bytes = max(result.bytes, _resident_bytes())
            time.sleep(0.01)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield result
    finally:
        done.set()
        watcher.join()


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # no /proc: macOS reports the largest size so far, in bytes
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def machine(device: torch.device) -> dict[str, object]:
    """What the benchmark ran on, without names or paths of the machine."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "cpu": model,
        "threads": torch.get_num_threads(),
        "device": device_name(device),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "tf32": torch.backends.cuda.matmul.allow_tf32,
    }


def benchmark(
    dataset: ImageDataset, tasks: Sequence[int], recipe: Recipe, width_mult: int = 10, device: str = "auto"
) -> dict:
    """Everything the table needs: machine, ceilings, floor, both paths, stages, growth."""
    where = resolve_device(device)
    stream = RotationMNIST(dataset, n_tasks=36)
    ceilings = measure_ceilings(where)
    work = task_work(len(dataset.train_labels), len(dataset.test_labels), width_mult, recipe.epochs)
    return {
        "machine": machine(where),
        "dataset": dataset.name,
        "recipe": asdict(recipe),
        "width_mult": width_mult,
        "ceilings": asdict(ceilings),
        "floor": asdict(work) | {"seconds_per_task": work.seconds(ceilings)},
        "paths": compare(stream, tasks, recipe, width_mult, device),
        "stages": stages(stream, width_mult, device),
        "growth": growth(dataset, recipe, width_mult, device),
    }
