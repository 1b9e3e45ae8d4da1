"""Errors written for the person who sees them: one line that says what is wrong and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


class TgshError(Exception):
    """Base of the errors a user can mend. In a notebook it shows as its one line, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks the exception itself before it formats a traceback.
        return [f"{type(self).__name__}: {self}"]


class ParameterError(TgshError, ValueError):
    """A parameter has a value that it does not accept."""


class DataError(TgshError, RuntimeError):
    """A dataset is missing, damaged or out of reach."""


def check_int(name: str, value: Any, low: int, high: int | None = None, hint: str = "") -> int:
    """Return ``value`` if it is a whole number in ``[low, high]``; raise `ParameterError` otherwise.

    ``True`` and ``3.0`` are refused: a parameter that arrives as a Boolean or a float was meant for another one.
    """
    accepted = f"a whole number of at least {low}" if high is None else f"a whole number from {low} to {high}"
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        raise ParameterError(f"{name} must be {accepted}{hint}; got {value!r}")
    return value


def check_positive(name: str, value: Any) -> float:
    """Return ``value`` as a float if it is a finite number above 0; raise `ParameterError` otherwise."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0:
        raise ParameterError(f"{name} must be a number above 0; got {value!r}")
    return float(value)


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``choices``; raise `ParameterError`, naming them, otherwise."""
    if not isinstance(value, str) or value not in choices:
        raise ParameterError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return value
