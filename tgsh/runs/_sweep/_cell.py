"""One cell of a sweep, where it is computed: claimed, computed once, and written as one record."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
import os
import platform
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tgsh.errors import ParameterError, TgshError
from tgsh.runs._device import device_name, resolve_device
from tgsh.runs._provenance import _LIBRARIES, commit
from tgsh.runs._sweep._jobs import Job, check_code

Scalar = str | bool | int | float | None

RESERVED = "run_"  # begins the names of the columns of provenance
CLAIMS, FAILURES = ".claims", "failures"  # folders beside the records


@dataclass(frozen=True)
class Cell:
    """One point of the grid.

    Attributes:
        key: digest of job, parameters and code; the name of the record.
        parameters: values by name.
    """

    key: str
    parameters: dict[str, Scalar]

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.parameters.items()) or "the only cell"


@dataclass(frozen=True)
class Task:
    """The part that all cells of one sweep share.

    Attributes:
        job: the job.
        code: digest of its code, of all sources and versions of libraries.
        sources: digests of the sources alone, by module.
        folder: folder of the records, absolute.
    """

    job: Job
    code: str
    sources: tuple[tuple[str, str], ...]
    folder: str


@dataclass(frozen=True)
class Outcome:
    """The outcome of a cell: a record, a failure, or neither.

    Attributes:
        key: the key of the cell.
        record: its record; None where there is none.
        failure: one line on what went wrong; empty where the cell is busy, claimed by another process.
        details: a traceback, where the fault is not the user's.
        is_new: whether the job ran for it.
    """

    key: str
    record: dict[str, Any] | None = None
    failure: str = ""
    details: str = ""
    is_new: bool = False


def key_of(job: str, parameters: Mapping[str, Scalar], code: str) -> str:
    """Digest of all that determines a cell."""
    text = json.dumps([job, dict(sorted(parameters.items())), code])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def compute(task: Task, cell: Cell, wait: bool) -> Outcome:
    """Compute a cell and write its record, unless it is there already; runs in a worker.

    A claim is a lock that the system releases when the process ends, in whatever way. A worker that does not see the
    folder computes without a claim; the sweep then writes the record.

    Args:
        task: what the cells share.
        cell: the cell.
        wait: whether to wait for a process that has claimed the cell; else it is reported as busy.
    """
    folder = Path(task.folder)
    if not folder.is_dir():
        return _run(task, cell)
    claim = claim_of(folder, cell.key)
    try:
        with FileLock(claim, timeout=-1 if wait else 0, poll_interval=0.2):
            record = read(folder, cell.key)
            if record is not None:
                return Outcome(cell.key, record)
            started = claim.with_suffix(".started")
            started.touch()  # stays if the process dies in the middle
            outcome = _run(task, cell)
            if outcome.record is not None:
                write(folder, cell.key, outcome.record)
            started.unlink(missing_ok=True)
            return outcome
    except Timeout:
        return Outcome(cell.key)
    except OSError as error:
        return Outcome(cell.key, failure=f"{folder} cannot be written ({error.strerror or error})")


def _run(task: Task, cell: Cell) -> Outcome:
    try:
        check_code(task.sources)
        # Before the job: between its end and the record, a killed process loses the result.
        provenance = _provenance(cell.parameters) | {"code": task.code}
        started = time.perf_counter()
        results = checked(task.job(**cell.parameters), cell.parameters)
        seconds = time.perf_counter() - started
        record = {
            "job": task.job.name,
            "parameters": cell.parameters,
            "results": results,
            "seconds": round(seconds, 3),
            "provenance": provenance,
        }
        return Outcome(cell.key, record, is_new=True)
    except TgshError as error:
        return Outcome(cell.key, failure=one_line(error), is_new=True)
    except (Exception, SystemExit) as error:
        line = f"{type(error).__name__}: {one_line(error)}"
        return Outcome(cell.key, failure=line, details=traceback.format_exc(), is_new=True)


def one_line(error: BaseException) -> str:
    """Return the first line of the message of an exception, or its type where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _provenance(parameters: Mapping[str, Scalar]) -> dict[str, Any]:
    device = parameters.get("device") or "auto"
    return {
        "device": device_name(resolve_device(device)),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
        "commit": _commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


_commit = functools.cache(commit)  # of the code that this process has loaded


def plain(value: Any) -> Scalar:
    """Return a number or string as JSON holds it; a scalar of NumPy or PyTorch as that of Python.

    Raises:
        ParameterError: it is neither, or not finite.
    """
    if hasattr(value, "item"):
        with contextlib.suppress(ValueError, RuntimeError):  # of several numbers
            value = value.item()
    if not isinstance(value, Scalar):
        raise ParameterError(f"must be a number, a string or None; got {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"must be finite; got {value}")
    return value


def plain_names(kind: str, values: Any) -> dict[str, Scalar]:
    """Return parameters or results by name, each as `plain` does.

    Raises:
        ParameterError: a name is none, or of the columns of provenance, or a value is refused.
    """
    if not isinstance(values, Mapping):
        raise ParameterError(f"{kind}s must be a mapping, name to value; got {type(values).__name__}")
    found = {}
    for name, value in values.items():
        if not isinstance(name, str) or not name.isidentifier() or name.startswith(RESERVED):
            raise ParameterError(f"{name!r} names no {kind}: it must be an identifier that does not begin with run_")
        try:
            found[name] = plain(value)
        except ParameterError as error:
            raise ParameterError(f"the {kind} {name} {error}") from None
    return found


def checked(results: Any, parameters: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the results of a job, without those that repeat a parameter.

    Raises:
        ParameterError: as `plain_names`, or a result has the name of a parameter and another value.
    """
    results = plain_names("result", results)
    for name in results.keys() & parameters.keys():
        if results.pop(name) != parameters[name]:
            raise ParameterError(f"the result {name} has the name of a parameter, and another value")
    return results


def claim_of(folder: Path, key: str) -> Path:
    """The file whose lock is the claim to a cell."""
    return folder / CLAIMS / f"{key}.lock"


def died(folder: Path, key: str) -> bool:
    """Whether a process began the cell and ended without an outcome."""
    try:
        with FileLock(claim_of(folder, key), timeout=0):
            return claim_of(folder, key).with_suffix(".started").exists()
    except Timeout:
        return False


def read(folder: Path, key: str) -> dict[str, Any] | None:
    """Return the record of a cell; None where there is none.

    Raises:
        TgshError: the file is not a record.
    """
    path = folder / f"{key}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        record = None
    if not isinstance(record, dict) or {"job", "parameters", "results", "seconds", "provenance"} - record.keys():
        raise TgshError(f"{path} is not the record of a cell; remove it, and run the sweep again")
    return record


def write(folder: Path, key: str, record: Mapping[str, Any]) -> None:
    """Write the record of a cell, all of it or nothing."""
    put(folder / f"{key}.json", json.dumps(record, indent=1, ensure_ascii=False).encode() + b"\n")


def put(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then rename it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
