"""Downloading a dataset by torchvision, so that an interruption leaves nothing half-written."""

from __future__ import annotations

import contextlib
import io
import shutil
import socket
import tempfile
import time
from pathlib import Path

from tgsh.datasets._idx import read_all
from tgsh.datasets._sources import Source
from tgsh.errors import DataError

_TIMEOUT = 30.0  # seconds to wait for an answer


def download_into(root: Path, source: Source) -> None:
    """Download a dataset into a folder of its own, check it, then move each file to its place.

    Args:
        root: the data folder; the files come to ``<kind>/raw``.
        source: the dataset.

    Raises:
        DataError: it cannot be downloaded, or what came is damaged.
    """
    from torchvision import datasets

    print(f"Downloading {source.title} ({source.megabytes} MB) to {root} ...", flush=True)
    timeout = socket.getdefaulttimeout()
    folder = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob(f".{source.name}-*"):  # of a download that was killed, an hour ago or more
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{source.name}-", dir=root))
        socket.setdefaulttimeout(_TIMEOUT)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            getattr(datasets, source.kind)(str(folder), download=True)
        came, raw = folder / source.kind / "raw", root / source.kind / "raw"
        read_all(source, came)
        raw.mkdir(parents=True, exist_ok=True)
        for name in source.kept:
            (came / name).replace(raw / name)
    except (OSError, RuntimeError, EOFError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        if isinstance(error, DataError):  # its remedy is not for a file that is gone
            reason = "what came is damaged"
        instead = "profile 'quick'" if source.name == "mnist" else "dataset 'digits'"
        raise DataError(
            f"{source.title} is not in {root} and could not be downloaded ({reason}); connect to the network, point "
            f"TGSH_DATA_ROOT at a folder that holds {source.kind}/raw, or use {instead}, which needs neither"
        ) from None
    finally:
        socket.setdefaulttimeout(timeout)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
