"""Parallel work on several items: on a CPU, one thread each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item, Result = TypeVar("Item"), TypeVar("Result")


def n_workers(device: torch.device | str) -> int:
    """Number of jobs that `parallel_map` runs at once: a CPU's threads; 1 on a GPU."""
    return torch.get_num_threads() if torch.device(device).type == "cpu" else 1


def parallel_map(
    job: Callable[[Item], Result], items: Sequence[Item], device: torch.device | str, at_most: int | None = None
) -> Iterator[Result]:
    """Apply ``job`` to each item and yield the results in order; on a CPU, several jobs run at the same time.

    On a CPU, as many jobs run at the same time as PyTorch has threads, and each uses one thread. The matrix products of
    a batch are small: threads that share one spend more time waiting for each other than they save. PyTorch releases
    Python's global lock while it computes. Since one thread computes each sum, a result does not depend on the number
    of cores. On a GPU, jobs run one after the other.

    Where a job raises an exception, no further job starts, and those that run are finished first.

    Args:
        job: function of an item.
        items: its arguments.
        device: device that the jobs compute on.
        at_most: upper limit of the number of jobs at the same time, where memory is short; default: no limit.
    """
    if torch.device(device).type != "cpu":
        yield from map(job, items)
        return
    threads = n_workers(device)
    pool = ThreadPoolExecutor(min(threads, at_most or threads), initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from pool.map(job, items)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # the setting that new threads start with is global
