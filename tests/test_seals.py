"""Records, notebooks and code that belong together, and what a hand has changed in them since."""

import copy
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import execute
import seals

from tgsh.runs import code_digest, imported_code
from tgsh.runs._provenance import _row_text

CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)

SOURCES = (
    "profile: str = 'paper'  # a comment\nseed: int = 0  # of what is random",
    "from tgsh.figures import subplots\nfrom tgsh.runs import open_chapter, record",
    "run = open_chapter('a', globals(), synthetic='a chapter of a test', ranges={})",
    "record(run, {'mean': ([0.1, 0.3], '.2f')})",
    "figure, ax = subplots()\nax.plot([0, 1])\nfigure",
    "figure, ax = subplots()\nax.plot([1, 0])\nfigure",
    "print('profile paper')",
)


def of_chapter(chapter: Path) -> tuple[nbformat.NotebookNode, dict]:
    """A committed chapter and its record."""
    record = ROOT / "data" / "results" / f"{chapter.stem}.json"
    return nbformat.read(chapter, as_version=4), json.loads(record.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small chapter, executed and sealed by the tool: notebook and record."""
    folder = tmp_path_factory.mktemp("chapter")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in SOURCES])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, folder / "a.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TGSH_RESULTS", str(folder / "results"))
        assert execute.execute(folder / "a.ipynb", folder / "b.ipynb", "smoke") is None
    record = json.loads((folder / "results" / "a.json").read_text(encoding="utf-8"))
    return nbformat.read(folder / "b.ipynb", as_version=4), record


@pytest.fixture
def notebook(run):
    return copy.deepcopy(run[0])


@pytest.fixture
def record(run):
    return copy.deepcopy(run[1])


def test_what_has_just_run_is_as_it_was_sealed(notebook, record):
    assert seals.faults(notebook, record) == []
    assert record["seal"]["machine"] == seals.machine()
    assert {"tgsh.figures._style", "tgsh.runs._provenance"} <= record["seal"]["modules"].keys()
    assert all(name.startswith("tgsh.") for name in record["seal"]["modules"])


def test_a_record_without_a_seal_is_named(notebook, record):
    del record["seal"]
    assert len(seals.faults(notebook, record)) == 3


@pytest.mark.parametrize(
    ("cell", "source"),
    [(0, SOURCES[0].replace("seed: int = 0", "seed: int = 1")), (3, SOURCES[3].replace("0.1", "0.2")), (6, "")],
    ids=["default seed", "value", "deleted"],
)
def test_code_that_was_edited_after_the_run_is_named(notebook, record, cell, source):
    notebook.cells[cell].source = source
    assert seals.faults(notebook, record) == ["cells were edited after the run: run the chapter again"]


def test_comments_and_layout_are_free(notebook, record):
    notebook.cells[0].source = SOURCES[0].replace("a comment", "another")
    notebook.cells[6].source = "print(\n    'profile paper',\n)"
    assert seals.faults(notebook, record) == []


def swap_pictures(notebook, record):
    one, two = notebook.cells[4].outputs[0].data, notebook.cells[5].outputs[0].data
    assert one["image/png"] != two["image/png"]
    one["image/png"], two["image/png"] = two["image/png"], one["image/png"]


def edit_output(notebook, record):
    notebook.cells[6].outputs[0].text = "profile quick\n"


def add_note(notebook, record):
    note = nbformat.v4.new_output("display_data", {"text/plain": "note: the run cache cannot be written"})
    notebook.cells[3].outputs.append(note)


def edit_record(notebook, record):
    record["results"]["mean"]["text"] = "0.30 (0.10 to 0.30)"


def edit_both(notebook, record):
    edit_record(notebook, record)
    for output in notebook.cells[3].outputs:
        for kind, text in output.data.items():
            output.data[kind] = text.replace("0.20 (0.10 to 0.30)", "0.30 (0.10 to 0.30)")


def invent_commit(notebook, record):
    record["commit"] = "0123456789ab"


@pytest.mark.parametrize("fault", [swap_pictures, edit_output, add_note, edit_record, edit_both, invent_commit])
def test_what_a_hand_has_changed_is_named(notebook, record, fault):
    fault(notebook, record)
    found = seals.faults(notebook, record)
    outputs, results = "outputs are not those of the run", "the record is not as the run wrote it"
    expected = {edit_record: [results], invent_commit: [results], edit_both: [outputs, results]}
    assert found == expected.get(fault, [outputs])


@every_chapter
def test_committed_chapters_are_as_they_were_sealed(chapter):
    assert seals.faults(*of_chapter(chapter)) == []


@every_chapter
def test_recorded_numbers_are_finite_and_print_as_recorded(chapter):
    for name, row in of_chapter(chapter)[1]["results"].items():
        assert _row_text(row) == row["text"], name
        numbers = [row[key] for key in ("value", "low", "high") if isinstance(row.get(key), float)]
        assert all(map(math.isfinite, [*numbers, *row.get("per_seed", ())])), name


@every_chapter
def test_the_stamp_of_a_page_says_what_its_record_says(chapter):
    notebook, record = of_chapter(chapter)
    stamps = [
        text
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if (text := output.get("data", {}).get("text/markdown", "")).startswith("| This page |")
    ]
    assert len(stamps) == 1
    for name, key in (("Commit", "`{}`"), ("Date", "{}"), ("Profile", "{} ("), ("Seed", "{}"), ("Device", "{}")):
        assert f"| {name} | {key.format(record[name.lower()])}" in stamps[0], name


@every_chapter
def test_the_commit_of_a_record_is_in_the_history(chapter):
    record = of_chapter(chapter)[1]
    git = ["git", "-C", str(ROOT)]
    shallow = subprocess.run([*git, "rev-parse", "--is-shallow-repository"], capture_output=True, text=True)
    if shallow.returncode or shallow.stdout.strip() == "true":
        pytest.skip("no history")
    done = subprocess.run([*git, "merge-base", "--is-ancestor", record["commit"], "HEAD"], capture_output=True)
    assert done.returncode == 0, record["commit"]


@every_chapter
def test_every_chapter_has_a_smoke_run_to_compare_with(chapter):
    sealed = json.loads((ROOT / "data" / "results" / "smoke" / chapter.with_suffix(".json").name).read_text())
    assert sealed["profile"] == "smoke"
    assert sealed["commit"] == of_chapter(chapter)[1]["commit"]
    assert sealed["seal"]["code"] == of_chapter(chapter)[1]["seal"]["code"]


def compare(sealed: Path, now: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "tools" / "seals.py", sealed, now]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_smoke_run_with_other_numbers_is_named(tmp_path, record):
    sealed, now = tmp_path / "sealed", tmp_path / "now"
    sealed.mkdir()
    (sealed / "a.json").write_text(json.dumps(record))
    shutil.copytree(sealed, now)
    assert compare(sealed, now).returncode == 0
    edit_record(None, record)
    (now / "a.json").write_text(json.dumps(record))
    done = compare(sealed, now)
    assert done.returncode == 1
    assert "a: mean: 0.20 (0.10 to 0.30) before, 0.30 (0.10 to 0.30) after" in done.stdout
    (now / "new.json").write_text(json.dumps(record))
    assert "new: not sealed; make paper seals it" in compare(sealed, now).stdout


def test_on_another_machine_only_names_are_compared(tmp_path, record):
    record["seal"]["machine"] = "NEON, 64 cores"
    sealed, now = tmp_path / "sealed", tmp_path / "now"
    for folder in (sealed, now):
        folder.mkdir()
    (sealed / "a.json").write_text(json.dumps(record))
    edit_record(None, record)
    (now / "a.json").write_text(json.dumps(record))
    assert compare(sealed, now).returncode == 0
    del record["results"]["mean"]
    (now / "a.json").write_text(json.dumps(record))
    assert "a: mean: 0.20 (0.10 to 0.30) before, missing after" in compare(sealed, now).stdout


def test_code_is_known_without_its_layout():
    assert code_digest("a = 1  # one") == code_digest("a=1")
    assert code_digest("def f():\n    'Say.'\n    return 1") == code_digest("def f():\n    return 1")
    assert code_digest("a = 1") != code_digest("a = 1.0")
    assert code_digest("f(a, b)") != code_digest("f(b, a)")
    with pytest.raises(ImportError):
        imported_code("from tgsh.nowhere import x")
