"""The map of the neighbourhood lists every paper once, and its chapters and verdicts exist."""

import json
import re

import pytest
from conftest import ROOT

TITLES = json.loads((ROOT / "data" / "neighbourhood.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "book" / "neighbourhood.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| Paper")
]


def test_every_paper_has_one_row_and_no_other_is_there():
    assert len(TITLES) == len(set(TITLES)) == 30
    assert sorted(row[0] for row in ROWS) == sorted(TITLES)
    assert {len(row) for row in ROWS} == {4}


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:30] for row in ROWS])
def test_a_row_has_a_verdict_from_a_chapter_or_says_why_it_has_none(row):
    _, lens, chapter, verdict = row
    for name in re.findall(r"\{doc\}`([\w-]+)`", chapter + verdict):
        assert any((ROOT / "book" / f"{name}{ending}").exists() for ending in (".ipynb", ".md")), name
    if chapter == "–":
        assert re.match(r"not yet: .{20}|does not apply, because .{40}", verdict)
        assert (lens == "–") == verdict.startswith("does not apply")
        return
    (name,) = re.findall(r"^\{doc\}`([\w-]+)`$", chapter)
    results = json.loads((ROOT / "data" / "results" / f"{name}.json").read_text(encoding="utf-8"))["results"]
    shown = re.findall(r"\{glue:text\}`([\w-]+)\.ipynb::(\w+):s`", verdict)
    assert {of for of, _ in shown} == {name}
    assert {number for _, number in shown} <= set(results)
    assert any(number.startswith("verdict_") for _, number in shown)
