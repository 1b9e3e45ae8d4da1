import re

import numpy as np
import pytest
import torch
from conftest import ROOT

from tgsh import ParameterError
from tgsh.runs import RULES, Estimate, Rule, below, holds, verdict

TABLE = dict(RULES)


@pytest.fixture(autouse=True)
def _rules(monkeypatch):
    for relation, name in ((">", "above"), (">=", "at_least"), ("<", "below"), ("<=", "at_most")):
        monkeypatch.setitem(RULES, name, Rule("a-chapter", "a quantity", relation, 0.5))


def test_a_number_is_compared_with_the_threshold():
    assert [holds("above", v) for v in (0.4, 0.5, 0.6)] == [False, False, True]
    assert [holds("at_least", v) for v in (0.4, 0.5, 0.6)] == [False, True, True]
    assert [holds("below", v) for v in (0.4, 0.5, 0.6)] == [True, False, False]
    assert [holds("at_most", v) for v in (0.4, 0.5, 0.6)] == [True, True, False]
    assert not holds("above", float("nan"))


def test_of_an_estimate_the_unfavourable_end_counts():
    wide, high, low = Estimate(0.6, 0.4, 0.7), Estimate(0.6, 0.55, 0.7), Estimate(0.4, 0.3, 0.45)
    assert [holds("above", e) for e in (wide, high, low)] == [False, True, False]
    assert [holds("below", e) for e in (wide, high, low)] == [False, False, True]


def test_a_statement_must_hold_in_every_network():
    assert holds("above", [0.6, 0.7])
    assert not holds("above", [0.6, 0.4])
    assert not holds("above", [Estimate(0.9, 0.8, 1.0), Estimate(0.9, 0.4, 1.0)])
    with pytest.raises(ParameterError, match="the rule above needs a value to compare; got none"):
        holds("above", [])


def test_a_verdict_is_what_record_takes():
    assert verdict("above", 0.6) == ("holds", "")
    assert verdict("above", 0.4) == ("does not hold", "")
    assert verdict("above", 0.4, "rises", "does not rise") == ("does not rise", "")


@pytest.mark.parametrize("apply", [holds, verdict])
def test_an_unknown_rule_is_one_clear_line(apply):
    with pytest.raises(ParameterError, match=r"rule must be one of .*half_a.*; got 'half_c'") as error:
        apply("half_c", 0.5)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", TABLE)
def test_a_rule_has_a_short_name_words_and_a_chapter_that_applies_it(name):
    rule = TABLE[name]
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name)
    assert rule.relation in (">", ">=", "<", "<=")
    assert " " in rule.quantity
    assert f'\\"{name}\\"' in (ROOT / "book" / f"{rule.chapter}.ipynb").read_text(encoding="utf-8")


def test_rounding_is_recorded_as_a_bound_not_by_its_digits():
    assert {below(size, 1e-6) for size in (0, 0.0, 6e-17, 9.9e-7)} == {("below 10⁻⁶", "")}
    assert below(torch.tensor(3e-7), 1e-5) == below(np.float32(4e-7), 1e-5) == ("below 10⁻⁵", "")


def test_what_is_more_than_rounding_has_the_next_power_of_ten():
    assert [below(size, 1e-6)[0] for size in (1e-6, 2e-6, 0.03, 0.1, 7.0, 12.0)] == [
        "below 10⁻⁵",
        "below 10⁻⁵",
        "below 10⁻¹",
        "below 10⁰",
        "below 10¹",
        "below 10²",
    ]


@pytest.mark.parametrize("size", [-1e-9, float("nan"), float("inf")])
def test_a_bound_hides_no_number_that_is_none(size):
    with pytest.raises(ParameterError, match="size must be 0 or more, and finite; got"):
        below(size, 1e-6)


@pytest.mark.parametrize("limit", [0, -1, 2e-6])
def test_the_limit_of_a_bound_is_a_power_of_ten(limit):
    with pytest.raises(ParameterError, match="limit must be a power of ten; got"):
        below(0.0, limit)
