"""The machine: its description, its two ceilings, and the memory in use."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import torch

from tgsh.runs import device_name


@dataclass(frozen=True)
class Ceilings:
    """Measured upper limits of the machine.

    Attributes:
        bandwidth: bytes per second of a large copy (bytes read plus bytes written).
        arithmetic: floating-point operations per second of a large single-precision matrix product.
    """

    bandwidth: float
    arithmetic: float

    def best(self, other: Ceilings) -> Ceilings:
        """The higher of two measurements of each ceiling."""
        return Ceilings(max(self.bandwidth, other.bandwidth), max(self.arithmetic, other.arithmetic))


def _synchronise(device: torch.device) -> None:
    """Wait until the device has finished its work; on a CPU, return at once."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure_ceilings(device: torch.device, repeats: int = 10) -> Ceilings:
    """Measure both ceilings; the best of ``repeats`` counts, because other work on the machine only lowers them."""
    source = torch.ones(2**26, device=device)  # 256 MiB, more than any cache
    target = torch.empty_like(source)
    square = torch.rand(2048, 2048, device=device)
    copying = min(seconds_of(lambda: target.copy_(source), device) for _ in range(repeats))
    multiplying = min(seconds_of(lambda: square @ square, device) for _ in range(repeats))
    return Ceilings(2 * source.nbytes / copying, 2 * 2048**3 / multiplying)


def seconds_of(action: Callable[[], object], device: torch.device) -> float:
    """Wall-clock seconds of one call of ``action``, until the device has finished."""
    _synchronise(device)
    start = time.perf_counter()
    action()
    _synchronise(device)
    return time.perf_counter() - start


@contextmanager
def peak_memory(device: torch.device) -> Iterator[SimpleNamespace]:
    """Peak memory inside the block, in ``.bytes``: of the process (CPU) or of the device's allocator (GPU).

    Of the process, ``.files`` at that moment were pages of files, such as PyTorch's libraries: the system can drop them
    and read them again, and processes share them.
    """
    result, done = SimpleNamespace(bytes=0, files=0), threading.Event()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        yield result
        result.bytes = torch.cuda.max_memory_allocated(device)
        return

    def look() -> None:
        result.bytes, result.files = max((result.bytes, result.files), _resident_bytes())

    def watch() -> None:
        while not done.is_set():
            look()
            time.sleep(0.01)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield result
    finally:
        done.set()
        watcher.join()
        look()  # what the last moments took


def memory_of_pytorch() -> SimpleNamespace:
    """Memory of a process of its own that has imported PyTorch and does nothing: ``.bytes``, and of them ``.files``.

    No program that uses this build of PyTorch takes less: a build for GPUs registers thousands of their operators.
    """
    child = [sys.executable, "-c", "import torch; print(flush=True); input()"]
    with subprocess.Popen(child, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # it has imported
        resident, files = _resident_bytes(process.pid)
        process.communicate(b"\n")
    return SimpleNamespace(bytes=resident, files=files)


def _resident_bytes(process: int | None = None) -> tuple[int, int]:
    # All that is in memory, and of that the pages of files; default: of this process.
    try:
        pages = Path(f"/proc/{process or 'self'}/statm").read_text(encoding="utf-8").split()
        return tuple(int(n) * os.sysconf("SC_PAGE_SIZE") for n in pages[1:3])
    except OSError:  # no /proc: macOS reports the largest size so far, in bytes, and not what it consists of
        if process is not None:
            return 1024 * int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(process)])), 0
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0


def machine(device: torch.device) -> dict[str, object]:
    """Description of the machine, JSON-able, without its name and without paths."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":")[1].strip()
            for line in cpuinfo.read_text(encoding="utf-8").splitlines()
            if "model name" in line
        ]
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
