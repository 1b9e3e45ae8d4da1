"""A measured number with its interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A measured number with its 95 % bootstrap interval, from ``low`` to ``high``."""

    value: float
    low: float
    high: float
