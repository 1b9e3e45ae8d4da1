"""The template of a chapter meets what the tests ask of a chapter, the committed run at paper scale apart."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest
import test_notebooks
import test_site
from conftest import ROOT

TEMPLATE = ROOT / "tools" / "chapter_template.ipynb"

SHAPE = (
    test_notebooks.test_parameters_are_tagged_typed_and_explained,
    test_notebooks.test_cells_are_short,
    test_notebooks.test_what_computes_a_number_is_on_the_page,
    test_notebooks.test_no_name_of_the_chapter_is_private_to_the_package,
    test_notebooks.test_no_measured_number_is_typed,
    test_site.test_every_chapter_begins_with_the_setup_cell,
)
OUTPUTS = (
    test_notebooks.test_pictures_have_captions_names_and_alt_text,
    test_notebooks.test_committed_outputs_are_complete_and_clean,
)


def run_in(folder, **variables):
    """Run the template in the profile smoke, with a run cache of its own; return the notebook and the record."""
    command = [sys.executable, ROOT / "tools" / "execute.py", TEMPLATE, folder / "out.ipynb", "--profile", "smoke"]
    places = {"TGSH_CACHE": str(folder / "cache"), "TGSH_RESULTS": str(folder)}
    done = subprocess.run(command, env=os.environ | places | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "out.ipynb", json.loads((folder / "chapter_template.json").read_text())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The template after a smoke run, and its record."""
    return run_in(tmp_path_factory.mktemp("template"))


@pytest.mark.parametrize("check", SHAPE, ids=lambda check: check.__name__)
def test_its_shape_is_that_of_a_chapter(check):
    check(TEMPLATE)


@pytest.mark.parametrize("check", OUTPUTS, ids=lambda check: check.__name__)
def test_its_outputs_are_those_of_a_chapter(check, run):
    check(run[0])


def test_it_takes_parameters_as_a_chapter_does(tmp_path, kernel):
    test_notebooks.test_papermill_runs_it_from_another_folder_with_parameters(TEMPLATE, tmp_path)
    test_notebooks.test_a_bad_parameter_is_one_line_and_no_traceback_of_ours(TEMPLATE, kernel)


def test_what_its_prose_shows_is_recorded(run):
    cells = nbformat.read(TEMPLATE, as_version=4).cells
    shown = re.findall(r"\{glue:text\}`(\w+)`", "".join(cell.source for cell in cells))
    assert shown
    assert set(shown) <= set(run[1]["results"])


def test_equal_runs_are_equal_and_another_number_of_threads_prints_the_same(run, tmp_path):
    results = run[1]["results"]
    again, one = tmp_path / "again", tmp_path / "one"
    again.mkdir()
    one.mkdir()
    assert run_in(again)[1]["results"] == results
    alone = run_in(one, OMP_NUM_THREADS="1")[1]["results"]
    assert {name: row["text"] for name, row in alone.items()} == {name: row["text"] for name, row in results.items()}
