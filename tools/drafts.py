"""What the tools share, so that an interruption at any moment leaves nothing that the next command or a reader meets.

What takes long is made in a draft beside its place, and renamed when it is complete. A process locks its drafts: what
a killed one left is removed by the next. Two commands at once never share a draft.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn

PREFIX = ".draft-"


@contextmanager
def draft_folder(place: Path) -> Iterator[Path]:
    """A new folder in ``place``, which is made where it is missing; it is removed afterwards."""
    place.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _locked(place):  # nobody sweeps a draft that is not locked yet
            _sweep(place)
            options = {"prefix": PREFIX, "dir": place, "ignore_cleanup_errors": True}
            folder = stack.enter_context(tempfile.TemporaryDirectory(**options))
            stack.enter_context(_locked(folder))
        yield Path(folder)


def sweep(place: Path) -> None:
    """Remove the drafts in ``place`` of processes that run no more: nobody holds their lock."""
    with _locked(place):
        _sweep(place)


def _sweep(place: Path) -> None:
    for left in place.glob(f"{PREFIX}*"):
        with suppress(OSError), _locked(left, fcntl.LOCK_NB):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(folder: Path | str, way: int = 0) -> Iterator[None]:
    # The system releases the lock when the process ends, in whatever way.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | way)
        yield
    finally:
        os.close(descriptor)


def put_folder(draft: Path, target: Path) -> None:
    """Rename the folder ``draft`` to ``target``, in place of what is there: complete before as after."""
    old = draft.with_name(f"{draft.name}-old")
    while True:
        with suppress(FileNotFoundError):
            os.rename(target, old)
        try:
            os.rename(draft, target)
        except OSError:
            if not target.exists():
                raise
            continue  # another command was faster: ours replaces its
        finally:
            shutil.rmtree(old, ignore_errors=True)
        return


def put_text(text: str, target: Path) -> None:
    """Write a file in UTF-8, all of it or nothing."""
    put_bytes(text.encode("utf-8"), target)


def put_bytes(content: bytes, target: Path) -> None:
    """Write a file, all of it or nothing."""
    with draft_folder(target.parent) as folder:
        (folder / target.name).write_bytes(content)
        os.replace(folder / target.name, target)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Report the error and exit with 2."""
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report an interruption of the imports, before `command` is reached, in a line."""
    if issubclass(kind, KeyboardInterrupt):
        print("interrupted: run it again", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = one_line


def command(main: Callable[[], int], remedy: str = "run it again") -> int:
    """Run the command line of a tool; return its exit status.

    An interruption, and a disk or folder that refuses, is one line on stderr. SIGTERM, a scheduler's way to interrupt,
    counts as one.
    """

    def stop(*_: object) -> None:
        raise KeyboardInterrupt  # SIGINT itself may be ignored, as in the background of a script

    signal.signal(signal.SIGTERM, stop)
    try:
        return main()
    except KeyboardInterrupt:
        print(f"interrupted: {remedy}", file=sys.stderr)
        return 130
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        print(f"error: {error.strerror or error}{place}", file=sys.stderr)
        return 1
