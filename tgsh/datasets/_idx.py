"""Reading and checking IDX files, as published (packed by gzip) or unpacked."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

import torch
from torch import Tensor

from tgsh.datasets._sources import FILES, Source
from tgsh.errors import DataError


def packed(path: Path) -> Path:
    """The packed file that belongs to an unpacked one."""
    return path.with_name(f"{path.name}.gz")


def is_there(source: Source, path: Path) -> bool:
    """Whether a file is there.

    Raises:
        DataError: its folder cannot be entered.
    """
    # A folder that cannot be entered is no reason to download.
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unreadable(source, path, error) from None
    return True


def _unreadable(source: Source, path: Path, error: OSError) -> DataError:
    return DataError(f"{source.title} file {path} cannot be read ({error.strerror}); check its permissions")


def read_all(source: Source, raw: Path) -> list[Tensor]:
    """Read and check the four files in a folder: uint8 arrays, in the order of `FILES`.

    Raises:
        DataError: a file cannot be read, is damaged, or is another dataset's by its checksum.
    """
    return [_read(source, raw / name, shape) for name, shape in FILES.items()]


def _read(source: Source, path: Path, shape: tuple[int, ...]) -> Tensor:
    # An interrupted copy is too short, and another kind of file has another header. The right length is no proof of the
    # content: these datasets come in files of the same names and sizes.
    beside = packed(path)
    is_plain = bool(source.plain) and is_there(source, path)
    if not is_plain and not is_there(source, beside):
        raise DataError(
            f"{source.title} file {path} cannot be checked: only the packed file has a published checksum; put "
            f"{beside.name} beside it, or delete it and run again (it is then downloaded)"
        )
    taken = path if is_plain else beside
    try:
        content = taken.read_bytes()
    except OSError as error:
        raise _unreadable(source, taken, error) from None
    remedy = "delete it and run again (it is then downloaded), or point TGSH_DATA_ROOT at a sound copy"
    damaged = f"{source.title} file {taken} is damaged"
    if not is_plain:
        _check_content(source, taken, content, (source.packed[path.name],))
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            raise DataError(f"{damaged}: it cannot be unpacked; {remedy}") from None
    header = (0x0800 + len(shape)).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in shape)
    expected = len(header) + torch.Size(shape).numel()
    if len(content) != expected:
        raise DataError(f"{damaged}: {len(content):,} bytes instead of {expected:,}; {remedy}")
    if not content.startswith(header):
        raise DataError(f"{damaged}: it does not begin with the IDX header of {source.title}; {remedy}")
    if is_plain:
        _check_content(source, taken, content, source.plain[path.name])
    values = torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=len(header)).reshape(shape)
    if len(shape) == 1 and values.max() > 9:
        raise DataError(f"{damaged}: it has a label {int(values.max())}, above 9; {remedy}")
    return values


def _check_content(source: Source, path: Path, content: bytes, known: tuple[str, ...]) -> None:
    if source.accepts_others or hashlib.md5(content, usedforsecurity=False).hexdigest() in known:
        return
    others = ", or set TGSH_OTHER_MNIST=1 if other images are meant" if source.name == "mnist" else ""
    join = "," if others else ", or"
    raise DataError(
        f"{source.title} file {path} does not hold {source.title}: its checksum is another one; delete it and run "
        f"again (it is then downloaded){join} point TGSH_DATA_ROOT at a sound copy{others}"
    )
