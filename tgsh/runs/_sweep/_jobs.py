"""Jobs of a sweep: a name, the code that determines the results, and a call with the parameters of a cell."""

from __future__ import annotations

import functools
import inspect
import pkgutil
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from tgsh.errors import ParameterError, TgshError
from tgsh.runs._code import _is_library, _read, _sources, code_closure

_reading = threading.Lock()


class Job(Protocol):
    """The computation that a sweep repeats, one cell at a time. It is pickled to be sent to the workers.

    Attributes:
        name: name of the job; it is part of the name of each record.
    """

    name: str

    def code(self) -> dict[str, str]:
        """Digests of the sources and versions of the libraries that determine the results, by module or library."""

    def check(self, cell: Mapping[str, Any]) -> None:
        """Raise `ParameterError` where the job does not take the parameters of ``cell``."""

    def __call__(self, **cell: Any) -> Mapping[str, Any]:
        """Compute one cell; return its results by name: numbers, strings, or None."""


@dataclass(frozen=True)
class FunctionJob:
    """A top-level function of a module as a job.

    Args:
        name: ``"module:function"``.
    """

    name: str

    @property
    def function(self) -> Callable[..., Mapping[str, Any]]:
        """The function; its module is imported.

        Raises:
            ParameterError: there is no such module or function.
        """
        module, _, function = self.name.partition(":")
        try:
            found = getattr(import_module(module), function, None)
        except ImportError as error:
            raise ParameterError(f"the job {self.name} cannot be imported: {error}") from error
        if not callable(found):
            raise ParameterError(f"the job {self.name} is not there: {module} has no function {function!r}")
        return found

    def code(self) -> dict[str, str]:
        """As `Job.code`.

        Raises:
            ParameterError: a module that the function depends on has no source, such as a notebook.
        """
        return stable(lambda: code_closure(self.function.__module__), self.name)

    def check(self, cell: Mapping[str, Any]) -> None:
        """As `Job.check`."""
        signature = inspect.signature(self.function)
        try:
            signature.bind(**cell)
        except TypeError as error:
            takes = ", ".join(signature.parameters)
            raise ParameterError(f"{self.name} takes the parameters {takes}; {error}") from None

    def __call__(self, **cell: Any) -> Mapping[str, Any]:
        """As `Job`."""
        return self.function(**cell)


def as_job(job: Callable[..., Mapping[str, Any]] | str | Job) -> Job:
    """Return a function, or its name ``"module:function"``, as a job; a job as it is.

    Raises:
        ParameterError: a function that workers cannot import: one of a script or notebook, or inside another.
    """
    if isinstance(job, str):
        module, colon, function = job.partition(":")
        if not (colon and function.isidentifier() and all(part.isidentifier() for part in module.split("."))):
            raise ParameterError(f"a job is named 'module:function'; got {job!r}")
        return FunctionJob(job)
    if not inspect.isroutine(job):
        return job
    name = f"{job.__module__}:{job.__qualname__}"
    if job.__module__ == "__main__" or not job.__qualname__.isidentifier():
        raise ParameterError(f"the job {name} must be a top-level function of a module that workers can import")
    return FunctionJob(name)


def stable(closure: Callable[[], dict[str, str] | None], name: str) -> dict[str, str]:
    """Return a closure of code that does not depend on which rooms of ``tgsh`` this process has imported so far.

    Raises:
        ParameterError: the closure is None, since a source is missing.
    """
    for room in pkgutil.iter_modules(sys.modules["tgsh"].__path__):
        if room.name != "__main__":
            import_module(f"tgsh.{room.name}")
    with _reading:
        _sources.clear()  # what was read before these imports names rooms instead of files
        found = closure()
    if found is None:
        raise ParameterError(f"the job {name} has no digest: a module that it imports has no source file")
    return dict(sorted(found.items()))


@functools.cache
def check_code(sources: tuple[tuple[str, str], ...]) -> None:
    """Check that this process would run the sources that the sweep was started with.

    Raises:
        TgshError: a source is another one, or missing: a worker with another version, or a file that was edited.
    """
    for module, digest in sources:
        with _reading:
            known = _read(module)
        if known is None or known[0] != digest:
            found = "has no source" if known is None else "has another source"
            raise TgshError(f"{module} {found} here than where the sweep was started; give all machines one version")


def sources_of(code: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return those entries of `Job.code` that are sources of modules."""

    def is_source(name: str) -> bool:
        top = name.partition(".")[0]
        return not name.endswith(".ipynb") and (top == "tgsh" or not _is_library(top))

    return tuple((name, digest) for name, digest in code.items() if is_source(name))
