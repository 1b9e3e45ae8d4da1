"""Grids as they are typed: ``seed=0:5``, ``width_mult=1,2,5,10``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tgsh.errors import ParameterError

_RANGE = re.compile(r"(-?\d+):(-?\d+)(?::(-?\d+))?")
_MOST = 100_000


def parse_grid(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Return the values of each parameter of a typed grid.

    Args:
        texts: each ``NAME=VALUES``. Values are separated by commas. ``A:B`` stands for the whole numbers from A up to,
            not including, B, and ``A:B:STEP`` for every STEP-th of them; anything else is a number, True, False or
            None where it reads as one, else a text.

    Raises:
        ParameterError: a text of another form, a name given twice, or a value given twice.
    """
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not name.isidentifier():
            raise ParameterError(f"a grid is typed as NAME=VALUES, such as seed=0:5 or width_mult=1,2,5; got {text!r}")
        if name in found:
            raise ParameterError(f"{name} is given twice; separate its values by commas: {name}=1,2,5")
        found[name] = [value for part in values.split(",") for value in _values(text, part.strip())]
        texts_of = [repr(value) for value in found[name]]
        twice = next((value for value in texts_of if texts_of.count(value) > 1), None) if len(texts_of) < 1000 else None
        if twice is not None:
            raise ParameterError(f"{text} holds the value {twice} twice")
    return found


def _values(text: str, part: str) -> Iterator[Any]:
    if not part:
        raise ParameterError(f"{text} lacks a value; type NAME=VALUES, such as seed=0:5 or width_mult=1,2,5")
    ends = _RANGE.fullmatch(part)
    if ends is None:
        yield _literal(part)
        return
    low, high, step = int(ends[1]), int(ends[2]), int(ends[3] or 1)
    numbers = range(low, high, step) if step else range(0)
    if not numbers or len(numbers) > _MOST:
        size = "no numbers" if not numbers else f"{len(numbers):,} numbers, more than {_MOST:,}"
        raise ParameterError(f"{text}: {part} has {size}; A:B runs from A up to, not including, B")
    yield from numbers


def _literal(text: str) -> Any:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if value is None or isinstance(value, bool | int | float | str) else text
