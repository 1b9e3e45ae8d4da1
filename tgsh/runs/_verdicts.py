"""Verdicts: a measured number with its interval, whether numbers meet a rule of `RULES`, and bounds of rounding."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

from tgsh.errors import ParameterError, check_choice
from tgsh.runs._rules import RULES

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_RELATIONS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


@dataclass(frozen=True)
class Estimate:
    """A measured number with its 95 % bootstrap interval, from ``low`` to ``high``."""

    value: float
    low: float
    high: float


def holds(rule: str, values: float | Estimate | Sequence[float | Estimate]) -> bool:
    """Whether all values meet a rule.

    Args:
        rule: name of a rule in `RULES`.
        values: a number or an `Estimate`, or a list of them, one for each network.

    Raises:
        ParameterError: there is no such rule, or the list is empty.
    """
    chosen = RULES[check_choice("rule", rule, tuple(RULES))]
    compare = _RELATIONS[chosen.relation]
    several = values if isinstance(values, Sequence) else [values]
    if not several:
        raise ParameterError(f"the rule {rule} needs a value to compare; got none")
    ends = [(v.low if ">" in chosen.relation else v.high) if isinstance(v, Estimate) else v for v in several]
    return all(compare(float(end), chosen.threshold) for end in ends)


def verdict(
    rule: str,
    values: float | Estimate | Sequence[float | Estimate],
    yes: str = "holds",
    no: str = "does not hold",
) -> tuple[str, str]:
    """Return the words of a verdict, in the form that `record` takes.

    Args:
        rule: name of a rule in `RULES`.
        values: as in `holds`.
        yes: the text where the rule holds.
        no: the text where it does not.

    Raises:
        ParameterError: there is no such rule, or the list is empty.
    """
    return (yes if holds(rule, values) else no), ""


def below(size: float, limit: float) -> tuple[str, str]:
    """Return a bound on a number that is mere rounding, in the form that `record` takes: "below 10⁻⁶".

    The digits of such a number depend on the order of the sums, and this on the number of threads and on the processor.
    That it lies below ``limit`` does not.

    Args:
        size: 0 or more; a difference, a relative error, the length of a gradient.
        limit: a power of ten, well above what rounding can make of the number. A ``size`` that reaches it is given by
            the next power of ten above it.

    Raises:
        ParameterError: ``size`` is negative or not finite, or ``limit`` is not a power of ten.
    """
    size, exponent = float(size), round(math.log10(limit)) if limit > 0 else 0
    if not 0 <= size < math.inf:
        raise ParameterError(f"size must be 0 or more, and finite; got {size!r}")
    if not math.isclose(limit, 10.0**exponent):
        raise ParameterError(f"limit must be a power of ten; got {limit!r}")
    if size >= limit:
        exponent = math.floor(math.log10(size)) + 1
    return f"below 10{str(exponent).translate(_RAISED)}", ""
