"""Sweeps: one job for every cell of a grid of parameters, on one machine or on a cluster."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib

from tgsh.errors import ParameterError, TgshError
from tgsh.runs._sweep import _cell
from tgsh.runs._sweep._backends import check_backend, chosen
from tgsh.runs._sweep._cell import Cell, Outcome, Task, compute
from tgsh.runs._sweep._jobs import Job, as_job, sources_of

MOST_CELLS = 100_000


@dataclass
class Sweep:
    """A finished sweep: its cells, and which of them failed.

    Attributes:
        folder: folder of the records.
        cells: cells by key, in the order of the grid.
        n_found: number of cells whose records were there before.
        failures: what went wrong, by key, one line each; such cells have no record.
    """

    folder: Path
    cells: dict[str, Cell]
    n_found: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """Keys of the cells that have a record, in the order of the grid."""
        return [key for key in self.cells if key not in self.failures]


def grid(**values: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the cells of a grid: one for every combination of the values; the last name varies fastest.

    Raises:
        ParameterError: a name has no values, or there are more than 100,000 cells.
    """
    lists = {name: choices if isinstance(choices, Sequence) else list(choices) for name, choices in values.items()}
    n_cells = 1
    for name, choices in lists.items():
        if isinstance(choices, str) or not len(choices):
            raise ParameterError(f"{name} must be a list of one or more values; got {choices!r}")
        n_cells *= len(choices)
    if n_cells > MOST_CELLS:
        raise ParameterError(f"the grid has {n_cells:,} cells; a sweep takes at most {MOST_CELLS:,}")
    return [dict(zip(lists, point, strict=True)) for point in itertools.product(*lists.values())]


def sweep(
    job: Callable[..., Mapping[str, Any]] | str | Job,
    cells: Sequence[Mapping[str, Any]],
    folder: Path | str,
    *,
    backend: str = "loky",
    n_jobs: int | None = None,
    scheduler: str | None = None,
    say: Callable[[str], None] | None = None,
    **backend_options: Any,
) -> Sweep:
    """Run ``job(**cell)`` for every cell, and keep each result as a record of its own in ``folder``.

    A record is a JSON file, named by a digest of the job's name, the parameters, and the code of the job's module and
    of all that it imports, libraries by their version. It is written under a temporary name and then renamed. A sweep
    that was interrupted goes on where it stopped; a cell that has a record is not run again, also when two sweeps use
    one folder. A cell that fails is reported in one line, and the others go on.

    Args:
        job: a top-level function of a module that the workers can import; its name, ``"module:function"``; or a `Job`.
            It returns its results by name: numbers, strings, or None.
        cells: parameters of each cell by name: numbers, strings, or None. `grid` makes such a list.
        folder: folder of the records. Workers that see it write their records themselves.
        backend: backend of joblib: ``"loky"``, processes of this machine; ``"dask"`` or ``"ray"``, a cluster.
        n_jobs: number of processes, of loky; default: one for each core. With 1, cells run in this process.
        scheduler: address of the Dask scheduler; default: that of the `distributed.Client` of this process.
        say: function that is given one line for each finished cell, with an estimate of the time left, and one for each
            failure; default: failures are printed on stderr.
        backend_options: passed to `joblib.parallel_config`.

    Raises:
        ParameterError: the job cannot be imported or does not take the parameters, a cell is malformed, the library of
            the backend is missing, or no scheduler answers.
        TgshError: the folder cannot be written, or the backend broke down; what is finished is kept.
    """
    check_backend(backend, n_jobs, scheduler)
    job, folder = as_job(job), Path(folder).expanduser().resolve()
    cells = [_cell.plain_names("parameter", cell) for cell in cells]
    if not cells:
        raise ParameterError("a sweep needs at least one cell")
    for cell in cells:
        job.check(cell)
    code = job.code()
    digest = hashlib.sha256(json.dumps(sorted(code.items())).encode()).hexdigest()[:16]
    task = Task(job, digest, sources_of(code), str(folder))
    try:
        (folder / _cell.CLAIMS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TgshError(f"{folder} cannot be made ({error.strerror}); choose another folder") from None
    by_key = {key: Cell(key, cell) for cell in cells for key in [_cell.key_of(job.name, cell, digest)]}
    result = Sweep(folder, by_key)
    run = _Running(task, result, say)
    if run.left():
        with chosen(backend, n_jobs, scheduler, backend_options, say or _to_stderr) as ready:
            run.all(ready)
    return result


class _Running:
    """A sweep while it runs: what is left, and what is said."""

    def __init__(self, task: Task, result: Sweep, say: Callable[[str], None] | None) -> None:
        self.task, self.result, self.say = task, result, say
        self.finished = {key for key in result.cells if _cell.read(result.folder, key) is not None}
        result.n_found = len(self.finished)
        self.started = time.monotonic()

    def left(self) -> list[Cell]:
        """Cells that have neither a record nor a failure yet."""
        known = self.finished | self.result.failures.keys()
        return [cell for key, cell in self.result.cells.items() if key not in known]

    def all(self, ready: Callable[[], dict[str, Any]]) -> None:
        """Run what is left. Where a process dies, go on without the cells that it held; then run these one by one."""
        suspects: set[str] = set()
        while True:
            n_left = len(self.left())
            try:
                self.some([cell for cell in self.left() if cell.key not in suspects], ready)
                break
            except _BrokenError as broken:
                found = self.died() - suspects
                if not found and len(self.left()) == n_left:
                    raise broken.for_reader() from broken.__cause__
                suspects |= found
        for key in [key for key in self.result.cells if key in suspects]:
            try:
                self.some([self.result.cells[key]], ready)
            except _BrokenError as broken:
                if key not in self.died():
                    raise broken.for_reader() from broken.__cause__
                self.fail(key, "its process died, most likely for want of memory", "")

    def died(self) -> set[str]:
        """Keys of the cells in the middle of which a process ended."""
        return {cell.key for cell in self.left() if _cell.died(self.result.folder, cell.key)}

    def some(self, cells: list[Cell], ready: Callable[[], dict[str, Any]]) -> None:
        """Run cells; then wait for those that another sweep has claimed."""
        keys = {cell.key for cell in cells}
        for wait in (False, True):
            todo = [cell for cell in self.left() if cell.key in keys]
            with contextlib.closing(_outcomes(self.task, todo, wait, ready)) as outcomes:
                for outcome in outcomes:
                    self.take(outcome)

    def take(self, outcome: Outcome) -> None:
        """Keep what came back from a worker."""
        if outcome.failure:
            self.fail(outcome.key, outcome.failure, outcome.details)
        elif outcome.record is not None:
            folder = self.result.folder
            if _cell.read(folder, outcome.key) is None:  # the worker does not see the folder
                _cell.write(folder, outcome.key, outcome.record)
            self.finished.add(outcome.key)
            (folder / _cell.FAILURES / f"{outcome.key}.txt").unlink(missing_ok=True)
            self.progress(f"{self.result.cells[outcome.key]} ({outcome.record['seconds']:.1f} s)")

    def fail(self, key: str, line: str, details: str) -> None:
        """Note a failure and say it."""
        self.result.failures[key] = line
        text = f"failed: {self.result.cells[key]}: {line}"
        if details:
            path = self.result.folder / _cell.FAILURES / f"{key}.txt"
            path.parent.mkdir(exist_ok=True)
            _cell.put(path, details.encode())
            text += f" (traceback: {path})"
        self.progress(text)

    def progress(self, text: str) -> None:
        """Say what became of a cell, and how long the others will take."""
        if self.say is None:
            if text.startswith("failed: "):
                _to_stderr(text)
            return
        total = len(self.result.cells)
        n_left = total - len(self.finished) - len(self.result.failures)
        n_now = total - n_left - self.result.n_found
        rest = (time.monotonic() - self.started) / n_now * n_left
        estimate = f", about {duration(rest)} left" if n_left else ""
        self.say(f"{total - n_left} of {total}{estimate}: {text}")


class _BrokenError(Exception):
    """The backend broke down: not a failure of the job."""

    def for_reader(self) -> TgshError:
        """The error that a reader sees."""
        return TgshError(f"the sweep stopped: {self}; what is finished is kept")


def _outcomes(task: Task, cells: list[Cell], wait: bool, ready: Callable[[], dict[str, Any]]) -> Iterator[Outcome]:
    # Outcomes as they come, where the backend can do so. What a job raises is in its outcome: any other exception is
    # the backend's.
    def calls() -> Iterator[Any]:
        for cell in cells:
            record = _cell.read(Path(task.folder), cell.key)  # another sweep may have finished it since
            yield joblib.delayed(compute)(task, cell, wait) if record is None else joblib.delayed(_found)(cell, record)

    if not cells:
        return
    try:
        yield from joblib.Parallel(batch_size=1, **ready())(calls())
    except TgshError:
        raise
    except Exception as error:
        raise _BrokenError(f"{type(error).__name__}: {_cell.one_line(error)}") from error


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _found(cell: Cell, record: dict[str, Any]) -> Outcome:
    return Outcome(cell.key, record)


def duration(seconds: float) -> str:
    """Return a time as text, for an estimate."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
