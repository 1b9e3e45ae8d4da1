"""The run cache: finished tasks, so that nothing is trained twice and chapters share their networks."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor


def cache_root() -> Path:
    """``$TGSH_CACHE``, else ``tgsh/runs`` in the user's cache folder."""
    if os.environ.get("TGSH_CACHE"):
        return Path(os.environ["TGSH_CACHE"]).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tgsh" / "runs"


class RunCache:
    """Tensors on disk under the hash of a *spec*: a JSON-able description of all that determines them.

    Entries are safetensors files (no pickle), written beside their place and then moved into it, so that two processes
    can share a cache and an interrupted write leaves nothing behind. An entry that cannot be read, or whose content
    does not match its digest, is removed with a note and counts as absent.
    """

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(root) if root is not None else cache_root()

    @staticmethod
    def digest(tensors: Mapping[str, Tensor]) -> str:
        """SHA-256 of names, dtypes, shapes and bytes."""
        sha = hashlib.sha256()
        for name in sorted(tensors):
            tensor = tensors[name].detach().cpu().contiguous()
            sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            sha.update(tensor.numpy().tobytes())
        return sha.hexdigest()

    def _path(self, spec: Mapping[str, object]) -> Path:
        key = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
        return self.root / key[:2] / f"{key}.safetensors"

    def get(self, spec: Mapping[str, object]) -> dict[str, Tensor] | None:
        """The tensors stored under ``spec``, on the CPU, or None."""
        path = self._path(spec)
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
                sound = (file.metadata() or {}).get("sha256") == self.digest(tensors)
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError, ValueError):
            sound = False
        if not sound:
            print("note: a damaged entry of the run cache was removed; its task is trained again", flush=True)
            path.unlink(missing_ok=True)
            return None
        return tensors

    def put(self, spec: Mapping[str, object], tensors: Mapping[str, Tensor]) -> None:
        """Store ``tensors`` under ``spec``. Where the disk refuses, say so and go on: a cache is a convenience."""
        path = self._path(spec)
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        metadata = {"sha256": self.digest(plain), "spec": json.dumps(spec, sort_keys=True)}
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
            with os.fdopen(handle, "wb") as file:
                file.write(safetensors.torch.save(plain, metadata))
            os.replace(temporary, path)
        except OSError as error:
            print(f"note: the run cache could not be written ({error.strerror}); going on without it", flush=True)
        finally:
            if temporary is not None and os.path.exists(temporary):
                os.unlink(temporary)

    def info(self) -> tuple[int, int]:
        """How many entries there are, and their size in bytes."""
        files = self._files()
        return len(files), sum(path.stat().st_size for path in files)

    def clear(self) -> tuple[int, int]:
        """Remove every entry; return how many there were and their size in bytes."""
        found = self.info()
        for path in self._files():
            path.unlink(missing_ok=True)
        return found

    def _files(self) -> list[Path]:
        return [*self.root.glob("??/*.safetensors"), *self.root.glob("??/*.part")]


@cache
def code_fingerprint(*modules: str) -> str:
    """Hash of the source of ``tgsh`` modules and subpackages: a result computed by other code is another result."""
    package = Path(__file__).resolve().parent.parent
    files = [file for m in modules for file in sorted((package / m).glob("*.py")) or [package / f"{m}.py"]]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
