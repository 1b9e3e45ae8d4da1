"""The rules of the verdicts, by chapter; the notation page prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tgsh.runs._rules import (
    _beyond,
    _datasets,
    _lenses,
    _lenses_capacity,
    _lenses_comparing,
    _lenses_shape,
    _paper,
    _scaling,
    _scoreboard,
    _symmetry,
    _theory,
)

Relation = Literal[">", ">=", "<", "<="]


@dataclass(frozen=True)
class Rule:
    """Condition under which a statement holds: ``quantity relation threshold``, in every network that was measured.

    Attributes:
        chapter: the chapter that applies it.
        quantity: the quantity, in words.
        relation: its relation to the threshold. Of an `Estimate`, the unfavourable end of the interval is compared.
        threshold: the number that it is compared with.
    """

    chapter: str
    quantity: str
    relation: Relation
    threshold: float


RULES: dict[str, Rule] = {
    name: Rule(chapter, *rule)
    for part in (
        _lenses_shape,
        _paper,
        _beyond,
        _datasets,
        _lenses,
        _lenses_capacity,
        _scoreboard,
        _scaling,
        _symmetry,
        _theory,
        _lenses_comparing,
    )
    for chapter, rules in part.RULES.items()
    for name, rule in rules.items()
}
