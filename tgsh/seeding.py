"""One seed, many independent streams of random numbers."""

from __future__ import annotations

import hashlib

import torch


def generator(seed: int, *purpose: str | int) -> torch.Generator:
    """A CPU random generator that belongs to one purpose of one seed.

    ``generator(0, "context", 5)`` never depends on how many numbers were drawn for anything else, so a task gets the
    same initial context and the same batches whether it is trained alone, in a stream, or beside 35 others.
    Numbers are always drawn on the CPU: a network is the same one on every device.
    """
    text = "/".join(str(part) for part in (seed, *purpose))
    digest = hashlib.sha256(text.encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
