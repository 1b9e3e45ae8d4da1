"""The run cache keeps what was computed, so that no task is trained twice and chapters share their networks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from tgsh.datasets import folder_from, user_cache
from tgsh.runs._identity import tensor_digest
from tgsh.runs._progress import note_once

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def cache_root() -> Path:
    """The folder of the run cache: ``$TGSH_CACHE``, else ``tgsh/runs`` in the user's cache folder."""
    return folder_from("TGSH_CACHE") or user_cache() / "tgsh" / "runs"


class RunCache:
    """Tensors on disk under the hash of a *spec*: a JSON-able description of all that determines them (`describe`).

    An entry is a safetensors file (no pickle). It is written under a temporary name and then renamed, so that several
    processes can share a cache and an interrupted write leaves no incomplete entry. An entry that cannot be read, or
    that does not match its digest, is removed with a note and counts as missing.

    Args:
        root: folder of the cache; default: ``$TGSH_CACHE``, else ``tgsh/runs`` in the user's cache folder.
    """

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(root) if root is not None else cache_root()

    def _path(self, spec: Mapping[str, object]) -> Path:
        key = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
        return self.root / key[:2] / f"{key}.safetensors"

    def get(self, spec: Mapping[str, object]) -> dict[str, Tensor] | None:
        """Return the tensors stored under ``spec``, on the CPU; None where there is no entry."""
        path = self._path(spec)
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
                sound = (file.metadata() or {}).get("sha256") == tensor_digest(tensors)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError:  # of another user
            note_once("an entry of the run cache may not be read; its task is trained again")
            return None
        except (SafetensorError, OSError, ValueError):
            sound = False
        if not sound:
            note_once("a damaged entry of the run cache is left out; its task is trained again")
            with contextlib.suppress(OSError):  # a cache that we may only read
                path.unlink(missing_ok=True)
            return None
        return tensors

    def put(self, spec: Mapping[str, object], tensors: Mapping[str, Tensor]) -> None:
        """Store ``tensors`` under ``spec``. If the file cannot be written, print a note and continue without it."""
        path = self._path(spec)
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        metadata = {"sha256": tensor_digest(plain), "spec": json.dumps(spec, sort_keys=True)}
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
            with os.fdopen(handle, "wb") as file:
                file.write(safetensors.torch.save(plain, metadata))
            os.chmod(temporary, 0o644)  # other users may share the cache
            os.replace(temporary, path)
        except OSError as error:
            note_once(f"the run cache cannot be written ({error.strerror}), so results are not kept")
        finally:
            with contextlib.suppress(OSError):
                if temporary is not None:
                    os.unlink(temporary)

    @contextlib.contextmanager
    def turn(self, spec: Mapping[str, object] | None) -> Iterator[None]:
        """Let one process at a time compute what belongs to ``spec``; the others wait, and should then look again.

        So chapters that run at the same time train a network once. A process that ends, or is killed, holds nothing any
        longer. Where files cannot be locked, nobody waits, and results may be computed twice.

        Args:
            spec: from `describe`; None: do not wait.
        """
        held = None if spec is None else self._lock(self._path(spec).with_suffix(".lock"))
        try:
            yield
        finally:
            if held is not None:
                with contextlib.suppress(OSError):
                    os.unlink(held[1])  # who waits for it holds a removed file, and finds what was computed
                os.close(held[0])

    @staticmethod
    def _lock(path: Path) -> tuple[int, Path] | None:
        if fcntl is None:
            return None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_CREAT | os.O_RDWR)
        except OSError:  # a cache that we may only read
            return None
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                note_once("another process computes what is needed here; this one waits for it")
                fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            os.close(file)
            return None
        except BaseException:  # interrupted while it waits
            os.close(file)
            raise
        return file, path

    def get_or_compute(
        self, spec: Mapping[str, object] | None, compute: Callable[[], Mapping[str, Tensor]]
    ) -> Mapping[str, Tensor]:
        """Return the tensors stored under ``spec``; compute and store them where there is no entry.

        Args:
            spec: from `describe`; None: compute, and store nothing.
            compute: function that returns tensors by name.
        """
        if spec is None:
            return compute()
        stored = self.get(spec)
        if stored is None:
            with self.turn(spec):
                stored = self.get(spec)
                if stored is None:
                    stored = compute()
                    self.put(spec, stored)
        return stored

    def info(self) -> tuple[int, int]:
        """Return the number of entries and their size in bytes."""
        sizes = []
        for path in self._files():
            with contextlib.suppress(FileNotFoundError):  # another process has renamed or removed it
                sizes.append(path.stat().st_size)
        return len(sizes), sum(sizes)

    def clear(self) -> tuple[int, int]:
        """Remove all entries; return the number and the size in bytes of those removed."""
        found = self.info()
        for path in [*self._files(), *self.root.glob("??/*.lock")]:
            path.unlink(missing_ok=True)
        return found

    def _files(self) -> list[Path]:
        return [*self.root.glob("??/*.safetensors"), *self.root.glob("??/*.part")]
