"""Jobs of the tests of sweeps, in a module that worker processes can import. Each run leaves a file of its own."""

import os
import signal
import time
import uuid
from pathlib import Path

from tgsh.errors import ParameterError


def note(place: str, name: str) -> None:
    (Path(place) / f"{name}-{uuid.uuid4().hex}").touch()


def square(x, place, seconds=0.0):
    note(place, f"begun-{x}")
    time.sleep(seconds)
    note(place, f"ended-{x}")
    return {"square": x * x, "text": f"x{x}"}


def moody(x, place):
    if x == 1:
        raise ParameterError("x must not be 1")
    if x == 2:
        raise ZeroDivisionError("two\nlines")
    if x == 3:
        return {"root": float("nan")}
    return square(x, place)


def deadly(x, place):
    note(place, f"begun-{x}")
    if x == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.2)
    return {"square": x * x}


def once_deadly(x, place):
    """Kill the own process in the first run of cell 1."""
    first = not list(Path(place).glob("begun-1-*"))
    note(place, f"begun-{x}")
    if x == 1 and first:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.2)
    return {"square": x * x}
