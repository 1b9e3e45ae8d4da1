"""Jobs side by side: on a CPU, a thread for each job and one core for each thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item, Result = TypeVar("Item"), TypeVar("Result")


def n_workers(device: torch.device | str) -> int:
    """How many jobs `side_by_side` runs at once: a CPU's threads; a GPU is one worker."""
    return torch.get_num_threads() if torch.device(device).type == "cpu" else 1


def side_by_side(
    job: Callable[[Item], Result], items: Sequence[Item], device: torch.device | str, at_most: int | None = None
) -> Iterator[Result]:
    """``job(item)`` of every item, in order. On a CPU as many run at once as PyTorch has threads, each on one of them;
    ``at_most`` so many where memory is short.

    The products of a batch are small. Threads that share one spend longer waiting for each other than they save; worse
    on a machine with other work to do. Threads with a job each need not wait, and PyTorch leaves Python's lock while it
    computes. It also makes a result independent of the number of cores: every sum is taken by one thread.

    A job that raises stops the rest; those that are running come to their end first.
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
        torch.set_num_threads(threads)  # what a new thread starts with is global
