"""The device that a run uses."""

from __future__ import annotations

import re

import torch

from tgsh.errors import ParameterError


def resolve_device(name: str = "auto") -> torch.device:
    """Return the device of that name.

    Args:
        name: ``"auto"`` (a GPU if there is one, else the CPU), ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.

    Raises:
        ParameterError: another name, or a GPU that this machine does not have.
    """
    if not isinstance(name, str) or not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise ParameterError(f"device must be auto, cpu, cuda or cuda:N; got {name!r}")
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if n_gpus else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= n_gpus:
        raise ParameterError(f"device {name!r} is not there: this machine has {n_gpus} CUDA GPUs; use device 'auto'")
    return device


def device_name(device: torch.device | str) -> str:
    """Return the name of a device for readers: the model of a GPU, or "CPU"."""
    device = torch.device(device)
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
