"""The device that a run uses: the memory that is free there, and how many jobs run there at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

from tgsh.errors import ParameterError

Item, Result = TypeVar("Item"), TypeVar("Result")


def resolve_device(name: str = "auto") -> torch.device:
    """Return the device of that name.

    Args:
        name: ``"auto"`` (a GPU if there is one, else the CPU), ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.

    Raises:
        ParameterError: another name, or a GPU that this machine does not have.
    """
    if not isinstance(name, str) or not re.fullmatch(r"auto|cpu|cuda(:(0|[1-9][0-9]*))?", name):
        raise ParameterError(f"device must be auto, cpu, cuda or cuda:N; got {name!r}")
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if n_gpus else "cpu")
    if name.startswith("cuda") and int(name.partition(":")[2] or 0) >= n_gpus:
        raise ParameterError(f"device {name!r} is not there: this machine has {n_gpus} CUDA GPUs; use device 'auto'")
    return torch.device(name)


def device_name(device: torch.device | str) -> str:
    """Return the name of a device for readers: the model of a GPU, or "CPU"."""
    device = torch.device(device)
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def free_memory(device: torch.device, root: Path = Path("/")) -> int:
    """Bytes that this process may still fill, on the machine and on ``device``.

    On Linux this is what the kernel calls available, or what the limit of a container leaves; elsewhere, all memory.
    ``root`` is the folder that holds ``proc`` and ``sys``.
    """
    free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 2**63
    lines = _read(root / "proc" / "meminfo").splitlines()
    free = min([free, *(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))])
    group = root / "sys" / "fs" / "cgroup"
    limit, used = _read(group / "memory.max").strip(), _read(group / "memory.current").strip()
    if limit.isdigit() and used.isdigit():
        files = [int(line.split()[1]) for line in _read(group / "memory.stat").splitlines() if "inactive_file" in line]
        free = min(free, int(limit) - int(used) + sum(files[:1]))
    if device.type == "cuda":
        free = min(free, torch.cuda.mem_get_info(device)[0])
    return max(0, free)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def widest_network(free: int, n_tasks: int, n_seeds: int) -> int:
    """Estimate the largest ``width_mult`` with which the networks of a chapter fill at most ``free`` bytes; at least 1.

    Numbers of 4 bytes for each of the 784 * ``width_mult`` hidden units: 784 to draw its row of W1; for each network
    its weights, and for each context the trained one, its start and a copy; and the features of 6000 images.
    """
    numbers = 784 + n_seeds * (24 + 3 * n_tasks) + 6000
    return max(1, int(free / (4 * 784 * numbers)))


def n_workers(device: torch.device | str) -> int:
    """Number of jobs that `parallel_map` runs at once: a CPU's threads; 1 on a GPU."""
    return torch.get_num_threads() if torch.device(device).type == "cpu" else 1


def parallel_map(
    job: Callable[[Item], Result], items: Sequence[Item], device: torch.device | str, at_most: int | None = None
) -> Iterator[Result]:
    """Apply ``job`` to each item and yield the results in order; on a CPU, several jobs run at the same time.

    On a CPU, as many jobs run at the same time as PyTorch has threads, and each uses one thread, also in the matrix
    products of NumPy and SciPy. These products are small: threads that share one spend more time waiting for each other
    than they save. PyTorch and NumPy release Python's global lock while they compute. Since one thread computes each
    sum, a result does not depend on the number of cores. On a GPU, jobs run one after the other.

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
        with threadpool_limits(1, user_api="blas"):
            yield from pool.map(job, items)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # the setting that new threads start with is global
