"""Errors for users: one line that says what is wrong and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


class TgshError(Exception):
    """Base class of the errors that a user can correct. A notebook shows the message only, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        # IPython calls this method, where an exception has it, instead of formatting the traceback.
        return [f"{type(self).__name__}: {self}"]


class ParameterError(TgshError, ValueError):
    """A parameter has a value outside the accepted range."""


class DataError(TgshError, RuntimeError):
    """A dataset is missing, damaged, or cannot be downloaded."""


def check_int(name: str, value: Any, low: int, high: int | None = None, hint: str = "") -> int:
    """Return ``value`` if it is a whole number in ``[low, high]``.

    ``True`` and ``3.0`` are refused: a Boolean or a float in place of a count is most likely a mistake.

    Args:
        name: name of the parameter, for the message.
        value: the value to check.
        low: lowest accepted value.
        high: highest accepted value; default: no limit.
        hint: text that the message adds after the range, such as the reason for the limit.

    Raises:
        ParameterError: ``value`` is not such a number.
    """
    accepted = f"a whole number of at least {low}" if high is None else f"a whole number from {low} to {high}"
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        raise ParameterError(f"{name} must be {accepted}{hint}; got {value!r}")
    return value


def check_positive(name: str, value: Any) -> float:
    """Return ``value`` as a float if it is a finite number above 0.

    Raises:
        ParameterError: ``value`` is not such a number; the message calls it ``name``.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0:
        raise ParameterError(f"{name} must be a number above 0; got {value!r}")
    return float(value)


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``choices``.

    Raises:
        ParameterError: ``value`` is none of them; the message calls it ``name`` and lists the choices.
    """
    if not isinstance(value, str) or value not in choices:
        raise ParameterError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return value
