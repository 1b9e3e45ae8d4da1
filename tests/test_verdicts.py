import re

import pytest
from conftest import ROOT

from tgsh import ParameterError
from tgsh.runs import RULES, Estimate, Rule, holds, verdict

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
