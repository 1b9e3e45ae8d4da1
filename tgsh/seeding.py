"""Independent streams of random numbers from one seed."""

from __future__ import annotations

import hashlib

import torch


def generator(seed: int, *purpose: str | int) -> torch.Generator:
    """A random generator for one purpose of one seed, on the CPU.

    ``generator(0, "context", 5)`` does not depend on the numbers drawn for other purposes, so a task has the same
    initial context and the same batches whether it is trained alone or with 35 others. Numbers are always drawn on the
    CPU: a network is the same on every device.

    Args:
        seed: seed of the network, the data order or the experiment.
        purpose: words and numbers that tell this purpose from all others.
    """
    text = "/".join(str(part) for part in (seed, *purpose))
    digest = hashlib.sha256(text.encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
