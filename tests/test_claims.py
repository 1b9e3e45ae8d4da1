"""The claims of the front page: marks follow from records, and every claim names what is recorded."""

import html
import json
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "_extensions"))
import tgsh_claims
from tgsh_claims import CONDITION, FAILS, HOLDS, mark_of, read_count, read_verdict

GROUPS = json.loads((ROOT / "data" / "claims.json").read_text(encoding="utf-8"))
CLAIMS = {claim["id"]: claim for group in GROUPS.values() for claim in group}
BUILDS = {  # records -> pages that show them
    ROOT / "data" / "results": ROOT / "_build" / "committed" / "html",
    ROOT / "_build" / "smoke" / "results": ROOT / "_build" / "smoke" / "html",
}
of_each_claim = pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)


def records_in(folder):
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}


def record(**texts):
    """A record of texts, or of pairs of a value and a text."""
    pairs = {name: found if isinstance(found, tuple) else (found, found) for name, found in texts.items()}
    return {"results": {name: {"value": value, "text": text} for name, (value, text) in pairs.items()}}


# how a mark is found


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("holds", HOLDS),
        ("holds in degree", CONDITION),
        ("holds, but the random layer alone gives more", CONDITION),
        ("does not hold as published; holds with interpolation", CONDITION),
        ("does not hold", FAILS),
        ("does not hold: no better than the angle alone", FAILS),
    ],
)
def test_a_verdict_says_whether_a_claim_holds(text, mark):
    assert read_verdict(text, {}) == mark


def test_other_words_are_read_as_the_claim_says_and_else_refused():
    reads = {"reaches": HOLDS, "misses": FAILS}
    assert [read_verdict(text, reads) for text in ("reaches", "misses it")] == [HOLDS, FAILS]
    for text in ("", "perhaps", "holdsome", "upholds"):
        with pytest.raises(ValueError, match="says neither that a claim holds nor that it does not"):
            read_verdict(text, reads)


def test_a_count_holds_for_all_for_none_or_for_some():
    assert [read_count(text) for text in ("5 of 5", "3 of 5", "0 of 5")] == [HOLDS, CONDITION, FAILS]
    for text in ("5", "all of 5", "5 of 5 networks"):
        with pytest.raises(ValueError, match="is no count"):
            read_count(text)


A, B, C = {"verdict": "a"}, {"verdict": "b", "else": "not b"}, {"value": "c", "is": ">", "than": 0.5, "what": "c"}


@pytest.mark.parametrize(
    ("texts", "conditions", "mark", "words"),
    [
        ({"a": "holds", "b": "holds"}, [A, B], HOLDS, []),
        ({"a": "holds", "b": "does not hold"}, [A, B], CONDITION, ["not b"]),
        ({"a": "holds in part", "b": "holds"}, [A, B], CONDITION, ["holds in part"]),
        ({"n": "3 of 5"}, [{"count": "n", "else": "in {} networks"}], CONDITION, ["in 3 of 5 networks"]),
        ({"a": "does not hold", "b": "holds"}, [A, B], FAILS, []),
        ({"c": (0.6, "60 %")}, [C], HOLDS, []),
        ({"c": (0.5, "50 %")}, [C], FAILS, []),
        ({"c": (0.9, "90 %"), "d": (0.5, "50 %")}, [C | {"less": "d"}], FAILS, []),
    ],
)
def test_the_first_condition_decides_and_the_others_restrict(texts, conditions, mark, words):
    found = mark_of({"chapter": "one", "mark": conditions}, {"one": record(**texts)})
    assert (found.mark, found.conditions) == (mark, words)
    assert len(found.reasons) == len(conditions)


def test_a_condition_that_nothing_lifts_and_a_verdict_of_another_chapter():
    claim = {"chapter": "one", "mark": [{"verdict": "two:a"}], "given": "if the task is given"}
    assert mark_of(claim, {"two": record(a="holds")})[:2] == (CONDITION, ["if the task is given"])
    assert mark_of(claim, {"two": record(a="does not hold")})[:2] == (FAILS, [])


# data/claims.json


@of_each_claim
@pytest.mark.parametrize("folder", BUILDS, ids=["committed", "smoke"])
def test_a_claim_names_what_is_recorded(claim, folder):
    records = records_in(folder)
    if not records:
        pytest.skip("no records: `make test` makes them before it runs the tests")
    assert mark_of(claim, records).mark in (HOLDS, CONDITION, FAILS)
    for chapter, name in tgsh_claims.NAME.findall(claim["number"] + claim.get("more", "")):
        assert name in records[chapter or claim["chapter"]]["results"], name


@of_each_claim
def test_a_claim_is_complete_and_types_no_number(claim):
    assert {"id", "claim", "of", "chapter", "number", "mark"} <= set(claim)
    assert claim["of"] in tgsh_claims.WHOSE
    assert claim["mark"]
    typed = re.sub(r"\{\{.*?\}\}|\$.*?\$|9[59] %", "", claim["claim"] + claim["number"])  # conventions: 95 %, 99 %
    assert not re.search(r"\d[.]\d|\d ?%", typed), typed
    for condition in claim["mark"]:
        assert len({"verdict", "count", "value"} & set(condition)) == 1
        assert set(condition.get("reads", {}).values()) <= {HOLDS, CONDITION, FAILS}


@of_each_claim
def test_words_that_a_claim_reads_are_words_of_the_chapter(claim):
    for condition in claim["mark"]:
        chapter = (condition.get("verdict", "").rpartition(":")[0]) or claim["chapter"]
        source = (ROOT / "book" / f"{chapter}.ipynb").read_text(encoding="utf-8")
        for text in condition.get("reads", {}):
            assert f'\\"{text}' in source or text == FAILS, text


def test_the_drawing_leads_from_each_row_to_the_next():
    drawn = {name: claim["at"] for name, claim in CLAIMS.items() if "at" in claim}
    assert len({tuple(place) for place in drawn.values()}) == len(drawn)
    for name in drawn:
        assert all(drawn[base][0] == drawn[name][0] - 1 for base in CLAIMS[name].get("rests", ())), name
    assert all("at" in claim for claim in CLAIMS.values() if "rests" in claim or "label" in claim)


# the pages


def shown(page):
    """Claim -> mark, as a page shows them."""
    found = re.findall(r'<li id="claim-([\w-]+)"><div class="tgsh-mark tgsh-(\w+)"><svg.*?</svg> ([^<]+)</div>', page)
    assert all(tgsh_claims.KINDS[mark] == kind for _, kind, mark in found)
    return {name: mark for name, _, mark in found}


@pytest.mark.parametrize("folder", BUILDS, ids=["committed", "smoke"])
def test_the_front_page_shows_the_mark_of_every_record(folder):
    page = BUILDS[folder] / "book" / "intro.html"
    if not page.exists():
        pytest.skip("not built: `make test` builds it before it runs the tests")
    records = records_in(folder)
    text = page.read_text(encoding="utf-8")
    assert shown(text) == {name: mark_of(claim, records).mark for name, claim in CLAIMS.items()}
    drawn = re.findall(
        r'<a href="#claim-([\w-]+)" class="tgsh-box tgsh-\w+">.*?<text[^>]*>([^<]*)</text></g></a>', text
    )
    assert dict(drawn) == {name: mark_of(claim, records).mark for name, claim in CLAIMS.items() if "at" in claim}


CLAIM = {
    "id": "one",
    "claim": "A statement.",
    "of": "paper",
    "chapter": "a",
    "number": "r = {{r}}",
    "mark": [{"verdict": "v"}],
    "more": "More: {{r}}. Angle {{angle}}°. Code {{code}}.",
    "label": "A statement",
    "at": [0, 0],
}


@pytest.fixture
def build(tmp_path):
    """Render a page with one claim beside the record of the chapter a; returns what Sphinx says, and the page."""

    def run(*texts):
        (tmp_path / "data" / "results").mkdir(parents=True)
        (tmp_path / "data" / "claims.json").write_text(json.dumps({"group": [CLAIM]}), encoding="utf-8")
        for found in texts:
            (tmp_path / "data" / "results" / "a.json").write_text(json.dumps(found), encoding="utf-8")
        (tmp_path / "index.md").write_text(
            "# Claims\n\n```{claims} group\n```\n\n```{claims-map}\n```\n", encoding="utf-8"
        )
        extensions = ["myst_nb", "tgsh_site", "tgsh_claims"]
        (tmp_path / "conf.py").write_text(f"extensions = {extensions}\nhtml_theme = 'basic'\n", encoding="utf-8")
        paths = {"PYTHONPATH": str(ROOT / "book" / "_extensions"), "TGSH_ROOT": str(tmp_path), "TGSH_RESULTS": ""}
        command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", tmp_path, tmp_path / "html"]
        done = subprocess.run(command, env=os.environ | paths, capture_output=True, encoding="utf-8")
        page = tmp_path / "html" / "index.html"
        return done.stderr, html.unescape(page.read_text(encoding="utf-8")) if not done.returncode else None

    return run


@pytest.mark.parametrize(("text", "mark"), [("holds", HOLDS), ("holds in part", CONDITION), ("does not hold", FAILS)])
def test_the_page_follows_the_record(build, text, mark):
    said, page = build(record(r="0.99 <b>*x*", v=text, angle="5 (4 to 6)", code="a `b` ``c`` d"))
    assert said == ""
    assert shown(page) == {"one": mark}
    for number in ("0.99 <b>*x*</strong>.", "5 (4 to 6)</strong>°", "a `b` ``c`` d</strong>."):
        assert f"<strong>{number}" in page
    assert f"A statement: {mark}." in page
    assert f"the recorded verdict is “{text}”" in page


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"r": "1", "v": "perhaps", "angle": "1", "code": "1"}, "claim one: the verdict 'perhaps' says neither"),
        ({"r": "1"}, "claim one: a records no v"),
        ({"v": "holds"}, "claim one: a records no r"),
    ],
    ids=["words that say nothing", "no verdict", "no number"],
)
def test_a_claim_that_its_record_does_not_bear_out_stops_the_build(build, texts, said):
    stderr, page = build(record(**texts))
    assert page is None
    assert said in stderr


def test_a_claim_of_a_chapter_that_was_not_run_has_no_mark(build):
    said, page = build()
    assert said == ""
    assert "(not run)" in page
    assert shown(page) == {}
