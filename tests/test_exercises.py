"""The exercises at the end of the chapters: every solution runs, and every parameter that is named exists."""

import ast
import re

import matplotlib
import nbformat
import papermill
import pytest
from conftest import ROOT

CHAPTERS = {path.stem: path for path in sorted((ROOT / "book").glob("*.ipynb"))}
SOLUTION = re.compile(r"^:::\{dropdown\} Solution (\d+)\n(.*?)^:::$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def exercises(path):
    """The prose of a chapter from "Try it" on, and its solutions."""
    cells = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
    part = "\n".join(cells).partition("## Try it\n")[2]
    return part, SOLUTION.findall(part)


SOLVED = [path for path in CHAPTERS.values() if exercises(path)[1]]


def test_every_chapter_has_exercises():
    assert set(CHAPTERS) - {path.stem for path in SOLVED} == {"living-network"}  # its page is one


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_every_solution_runs_and_checks_its_answer(path, monkeypatch, tmp_path):
    monkeypatch.setenv("TGSH_CACHE", str(tmp_path))
    matplotlib.use("agg")
    part, solutions = exercises(path)
    assert len(solutions) >= 3
    assert [int(number) for number, _ in solutions] == list(range(1, len(solutions) + 1))
    assert all(re.search(rf"^\*\*{number}\. ", part, re.MULTILINE) for number, _ in solutions)
    for number, text in solutions:
        (code,) = BLOCK.findall(text)
        checks = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assert)]
        assert checks, f"solution {number} checks nothing"
        assert len(code.splitlines()) <= 26
        exec(compile(code, f"{path.stem}, solution {number}", "exec"), {"__name__": "solution"})


@pytest.mark.parametrize("path", CHAPTERS.values(), ids=lambda path: path.stem)
def test_parameters_that_are_named_exist(path):
    part, _ = exercises(path)
    named = set(re.findall(r"-p (\w+) ", part))
    assert named <= set(papermill.inspect_notebook(str(path)))
