"""What tests share: a run cache of their own, small datasets, and MNIST where it is at hand."""

import os
from pathlib import Path

import pytest
import torch
from jupyter_client.manager import start_new_kernel

from tgsh import ImageDataset, load
from tgsh.datasets._sources import FILES
from tgsh.runs import _progress

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TGSH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TGSH_RESULTS", raising=False)
    monkeypatch.setattr(_progress, "_noted", set())  # a note is told once a process


@pytest.fixture(scope="session")
def digits() -> ImageDataset:
    return load("digits")


@pytest.fixture(scope="session")
def few(digits) -> ImageDataset:
    return digits.subset(n_train=300, n_test=150)


@pytest.fixture(scope="session")
def mnist() -> ImageDataset:
    root = os.environ.get("TGSH_DATA_ROOT")
    if not root or not all((Path(root) / "MNIST" / "raw" / name).exists() for name in FILES):
        pytest.skip("no MNIST: set TGSH_DATA_ROOT to a folder that holds MNIST/raw")
    return load("mnist")


@pytest.fixture
def threads():
    """Sets the number of threads; puts it back afterwards."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def kernel():
    """A kernel that chapters share, since each would import the same libraries; names of one are gone in the next."""
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)
