"""The README and CONTRIBUTING.md name what exists, and the README's program runs."""

import re

import matplotlib
import pytest
import yaml
from conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


PROGRAMS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def named(text: str) -> set[str]:
    """Paths below the repository in the first column of tables."""
    rows = re.findall(r"^\| (`[^|]+) \|", text, flags=re.MULTILINE)
    return {path for row in rows for path in re.findall(r"`([\w./-]+)`", row)}


def test_the_table_names_every_room_and_every_file_beside_the_rooms():
    package = ROOT / "tgsh"
    rooms = {f"tgsh/{path.parent.name}/" for path in package.glob("*/__init__.py")}
    files = {f"tgsh/{path.name}" for path in package.glob("*.py") if path.name != "__init__.py"}
    assert {path for path in named(README) if path.startswith("tgsh/")} == rooms | files | {"tgsh/"}


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_path_that_is_named_exists(text):
    tables = {path for path in named(text) if "/" in path}
    links = set(re.findall(r"\]\((?!https?:|#)([^)]+)\)", text))
    prose = set(re.findall(r"`((?:book|tests|tools|tgsh|data)/[\w./-]+\.\w+)`", text))
    missing = {path for path in tables | links | prose if not (ROOT / path).exists()}
    assert {path for path in missing if not re.search("NAME|ROOM", path)} == set()


def test_the_program_runs(tmp_path):
    _, program = PROGRAMS
    small = {'load("mnist")': 'load("digits", 300, 150)', "n_tasks=36": "n_tasks=3", "width_mult=10": "width_mult=1"}
    for usual, smaller in small.items():
        assert usual in program
        program = program.replace(usual, smaller)
    names = {}
    exec(re.sub(r"^  ", "", program, flags=re.MULTILINE), names)
    assert names["record"].accuracy.shape == (3,)
    assert names["S"].shape == (3, 3)
    assert 0 <= names["report"].half_a.value <= 1


def test_the_first_picture_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setenv("TGSH_CACHE", str(tmp_path))
    matplotlib.use("agg")
    first, _ = PROGRAMS
    names = {}
    exec(first.replace('load("digits")', 'load("digits", 300, 150)').replace("n_tasks=36", "n_tasks=4"), names)
    (image,) = names["plt"].gca().images
    assert image.get_array().shape == (4, 4)
    names["plt"].close("all")


def test_the_citation_names_the_papers_as_the_bibliography_does():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    bibliography = (ROOT / "book" / "references.bib").read_text(encoding="utf-8").replace("{", "").replace("}", "")
    assert citation["references"][0] == citation["preferred-citation"]
    for paper in citation["references"]:
        (number,) = (entry["value"] for entry in paper["identifiers"])
        assert paper["url"] == f"https://arxiv.org/abs/{number.removeprefix('arXiv:')}"
        (entry,) = (entry for entry in bibliography.split("@") if number.removeprefix("arXiv:") in entry)
        authors = " and ".join(f"{author['family-names']}, {author['given-names']}" for author in paper["authors"])
        for fact in (paper["title"], authors, str(paper["year"])):
            assert fact in entry
