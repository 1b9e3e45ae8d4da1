"""Parameters of a chapter: which there are, the range of each, and the line that refuses a value outside of it."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tgsh.errors import ParameterError, check_int
from tgsh.runs._device import free_memory, widest_network

Range = tuple[Any, ...] | list[int]

TRAINING, TEST, RAREST, IN_A_TURN, MEMORY = (
    "training images",
    "test images",
    "test images of the rarest class",
    "360 / step",
    "free memory",
)

# The ranges of the parameters that many chapters have.
RANGES: dict[str, Range] = {
    "n_tasks": (1, 360),
    "step": (1, 360),
    "width_mult": (1, MEMORY),
    "epochs": (1, 10_000),
    "n_seeds": (1, 1000),
    "n_train": (1, 10**9),  # `load` knows how many there are
    "n_test": (1, 10**9),
    "seed": (0, 2**31 - 1),
}
_TEXTS = ("profile", "dataset", "device")
_OPTIONAL = ("n_train", "n_test")  # None: all images


def check_names(namespace: Mapping[str, Any], ranges: Mapping[str, Range]) -> dict[str, Any]:
    """Return the values by name of the parameters in the ``globals()`` of a chapter, as they are there.

    Raises:
        ParameterError: papermill has set a name, or the cell tagged ``parameters`` annotates one, that the chapter does
            not have.
    """
    annotated = [name for name in namespace.get("__annotations__", ()) if name in namespace]
    known = [name for name in annotated if name in _TEXTS or name in RANGES or name in ranges]
    unknown = sorted((set(annotated) | _injected(namespace.get("In", ()))) - set(known))
    if unknown:
        raise ParameterError(f"this chapter has no parameter {', '.join(unknown)}; it has {', '.join(known)}")
    return {name: namespace[name] for name in known}


def _injected(cells: Sequence[str]) -> set[str]:
    # Names that papermill has set: it adds a cell, and only warns of a name that the chapter does not have.
    added = [cell for cell in cells if cell.startswith("# Parameters\n")]
    if not added:
        return set()
    return {target.id for node in ast.parse(added[-1]).body for target in getattr(node, "targets", ())}


class Settling:
    """Checks the values of a chapter's parameters, one after the other; a bound may be another parameter.

    A range is ``(low, high)`` or ``(low, high, reason)``, where the reason says why not less than ``low``; or a list of
    all accepted values. ``high`` is a number, the name of another parameter, or one of ``"training images"``,
    ``"test images"``, ``"test images of the rarest class"``, ``"360 / step"`` and ``"free memory"``. The bounds of a
    number that need not be whole are floats.

    Args:
        values: the values by name.
        typed: names that the reader has set. Another value above its highest is a default for more images or tasks than
            there are now, and is lowered.
        ranges: ranges by name.
        labels: function that returns the labels of the training and of the test images.
        device: the resolved device.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        typed: set[str],
        ranges: Mapping[str, Range],
        labels: Callable[[], tuple[Any, Any]],
        device: Any,
    ) -> None:
        self.values, self.typed, self.ranges = dict(values), typed, RANGES | dict(ranges)
        self.labels, self.device = labels, device
        self._settled: set[str] = set()

    def all(self) -> dict[str, Any]:
        """Return all values, checked.

        Raises:
            ParameterError: a value is out of its range; the message names parameter and range.
        """
        for name in self.values:
            if name in self.ranges:
                self.settle(name)
        return self.values

    def settle(self, name: str) -> Any:
        """Return the value of one parameter, checked.

        Raises:
            ParameterError: it is out of its range.
        """
        value, bounds = self.values.get(name), self.ranges[name]
        if name in self._settled or (value is None and name in _OPTIONAL):
            return value
        if isinstance(bounds, list):
            if not isinstance(value, int) or isinstance(value, bool) or value not in bounds:
                raise ParameterError(f"{name} must be one of {', '.join(map(str, bounds))}; got {value!r}")
        else:
            self.values[name] = self._within(name, value, *bounds)
        self._settled.add(name)
        return self.values[name]

    def _within(self, name: str, value: Any, low: float, high: Any, reason: str = "") -> Any:
        if isinstance(low, float):
            return _check_number(name, value, low, high)
        most, notes = high, []
        if isinstance(high, str):
            most, note = self._bound(high)
            notes.append(note)
            is_count = isinstance(value, int) and not isinstance(value, bool)
            if high != MEMORY and name not in self.typed and is_count and value > most >= low:
                value = most
        if reason and isinstance(value, int) and value < low:
            notes.append(f"from {low} because {reason}")
        return check_int(name, value, low, most, hint=f" ({'; '.join(notes)})" if notes else "")

    def _bound(self, high: str) -> tuple[int, str]:
        if high == IN_A_TURN:
            return 360 // self.settle("step"), f"{high}, a full turn"
        if high == MEMORY:
            counts = [self.settle(name) if name in self.values else 1 for name in ("n_tasks", "n_seeds")]
            free = free_memory(self.device)
            return widest_network(free, *counts), f"{free / 1e9:.1f} GB of memory are free"
        if high in (TRAINING, TEST, RAREST):
            train, test = self.labels()
            count = {TRAINING: len(train), TEST: len(test), RAREST: int(test.bincount(minlength=10).min())}[high]
            return count, f"the number of {high}"
        return self.settle(high), high


def _check_number(name: str, value: Any, low: float, high: float) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        raise ParameterError(f"{name} must be a number from {low:g} to {high:g}; got {value!r}")
    return float(value)
