"""The time of a batch on one core, alone and beside a program that fills the shared cache."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass

import numpy as np
import torch

from tgsh.benchmarks import RotationMNIST
from tgsh.networks import FlyNet
from tgsh.training import Recipe, fit_closed_form, training_rule

_STREAMING = """
import numpy as np
source, target = np.ones(25_000_000), np.empty(25_000_000)  # 200 MB each
print("ready", flush=True)
while True:
    np.copyto(target, source)
"""


@dataclass(frozen=True)
class Spread:
    """Several times of one thing, in milliseconds.

    Attributes:
        median: the median.
        low, high: the quartiles.
        least: the shortest.
    """

    median: float
    low: float
    high: float
    least: float


def spread_of(milliseconds: Sequence[float]) -> Spread:
    """Median, quartiles and least of times ``(n,)``."""
    low, median, high = np.percentile(milliseconds, (25, 50, 75)).tolist()
    return Spread(median, low, high, min(milliseconds))


@contextmanager
def neighbour() -> Iterator[subprocess.Popen]:
    """Inside the block, another process, which it yields, copies 200 MB again and again."""
    with subprocess.Popen([sys.executable, "-c", _STREAMING], stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()  # it copies from now on
            yield process
        finally:
            process.kill()


def beside_a_neighbour(make_net: Callable[[int], FlyNet], stream: RotationMNIST, rounds: int = 8) -> dict:
    """Milliseconds of a training batch on one core, without and with a `neighbour`, by path.

    The paths take turns, in blocks of ``rounds`` with and without the neighbour, two of each. Where the network's rule
    is `fit_closed_form` itself, there is one path.

    Args:
        make_net: makes a network with a given number of contexts.
        stream: the tasks; a part of the first is trained.
        rounds: times that a path is timed in each block.

    Returns:
        path -> ``{"alone": Spread as a dict, "beside": Spread as a dict, "slowed": ratio of the medians}``.
    """
    few = RotationMNIST(stream.dataset.subset(n_train=min(64 * 128, len(stream.dataset.train_labels))), n_tasks=1)
    n_batches = -(-len(few.dataset.train_labels) // 128)
    rules = {"operators": fit_closed_form, "fast": training_rule(make_net(1))}
    if rules["fast"] is fit_closed_form:
        del rules["operators"]
    times: dict[tuple[str, str], list[float]] = {}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for place in ("alone", "beside") * 2:
            with neighbour() if place == "beside" else nullcontext():
                for path, fit in [*rules.items()] * rounds:
                    net, start = make_net(1), time.perf_counter()
                    fit(net, few, [0], Recipe(epochs=1), net.seed)
                    taken = 1000 * (time.perf_counter() - start) / n_batches
                    times.setdefault((path, place), []).append(taken)
    finally:
        torch.set_num_threads(threads)
    found = {key: spread_of(values) for key, values in times.items()}
    return {
        path: {place: asdict(found[path, place]) for place in ("alone", "beside")}
        | {"slowed": found[path, "beside"].median / found[path, "alone"].median}
        for path in rules
    }
