"""Verdicts: a measured number with its interval, and whether such numbers meet a rule of `RULES`."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

from tgsh.errors import ParameterError, check_choice
from tgsh.runs._rules import RULES

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
