"""The parameters of every chapter: a bad value is one line that names parameter and range, and the range is true."""

import functools
import re

import nbformat
import pytest
from conftest import ROOT

from tgsh import ParameterError
from tgsh.runs import _parameters, _profiles

CHAPTERS = [*sorted((ROOT / "book").glob("*.ipynb")), ROOT / "tools" / "chapter_template.ipynb"]


LOAD = functools.cache(_profiles.load)


class Opening:
    """The cells of a chapter up to ``open_chapter``, compiled."""

    def __init__(self, path):
        cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        cells = [c for c in cells if "remove-cell" not in c.metadata.get("tags", ())]
        first = next(i for i, c in enumerate(cells) if "parameters" in c.metadata.get("tags", ()))
        last = next(i for i, c in enumerate(cells) if "open_chapter(" in c.source)
        self.parameters, *self.others = [compile(c.source, str(path), "exec") for c in cells[first : last + 1]]
        self.defaults = self.open().parameters
        self.types = dict(self._annotations)

    def open(self, injected=None, **values):
        """Open the chapter in profile smoke as papermill does: parameters, then the given ones, then the rest."""
        namespace = {"In": ["", injected or ""]}
        exec(self.parameters, namespace)
        self._annotations = namespace["__annotations__"]
        namespace |= {"profile": "smoke"} | values
        for cell in self.others:
            exec(cell, namespace)
        return namespace["run"]

    def refusal(self, **values):
        """The line that refuses ``values``; fails where they are accepted."""
        with pytest.raises(ParameterError) as caught:
            self.open(**values)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def of_kind(self, *kinds):
        return [name for name, kind in self.types.items() if kind in kinds]


@pytest.fixture(scope="module", params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_profiles, "_say", lambda run: None)
        patch.setattr(_profiles, "load", LOAD)
        patch.setattr(_parameters, "free_memory", functools.cache(_parameters.free_memory))  # never the same twice
        yield Opening(request.param)


WHOLE = re.compile(r"(\w+) must be a whole number from (\d+) to (\d+)(?: \(.*\))?; got .*")
LISTED = re.compile(r"(\w+) must be one of ((?:\d+(?:, )?)+); got .*")
NUMBER = re.compile(r"(\w+) must be a number from ([\de.+-]+) to ([\de.+-]+); got .*")


def accepted(chapter, name):
    """The smallest and the largest value of a numeric parameter, from the line that refuses a text."""
    line = chapter.refusal(**{name: "abc"})
    found = [match for match in (rule.fullmatch(line) for rule in (WHOLE, LISTED, NUMBER)) if match]
    assert found, line
    named, *bounds = found[0].groups()
    assert named == name
    if len(bounds) == 1:
        numbers = [int(number) for number in bounds[0].split(", ")]
        return min(numbers), max(numbers)
    return tuple(float(bound) if found[0].re is NUMBER else int(bound) for bound in bounds)


def test_a_bad_number_is_one_line_that_names_parameter_and_range(chapter):
    for name in chapter.of_kind(int, float):
        low, high = accepted(chapter, name)
        wrong = ["0,001", "abc", "", True, float("inf"), float("nan"), -1, 10**10, high + 1, low - 1, [low]]
        for value in wrong + ([3.5] if chapter.types[name] is int else []):
            line = chapter.refusal(**{name: value})
            assert line.startswith(f"{name} must be "), line
            assert re.search(rf"\b{re.escape(f'{low:g}' if low < 1e6 else str(low))}\b", line), line


def test_the_smallest_and_the_largest_number_are_accepted(chapter):
    numbers = chapter.of_kind(int, float)
    smallest = {name: accepted(chapter, name)[0] for name in numbers}
    assert {name: chapter.open(**smallest).parameters[name] for name in numbers} == smallest
    for name in numbers:
        others = {"n_tasks": smallest["n_tasks"]} if name == "step" else {}  # few tasks, wide apart
        high = accepted(chapter, name)[1]
        assert chapter.open(**others | {name: high}).parameters[name] == high


def test_none_is_the_default_of_the_profile_or_one_line(chapter):
    written = chapter.open().parameters
    for name in chapter.types:
        try:
            run = chapter.open(**{name: None})
        except ParameterError:
            assert re.match(f"{name} must be .*; got None$", chapter.refusal(**{name: None}))
        else:
            assert run.parameters == written


@pytest.mark.parametrize("device", ["cuda:01", "cuda:128", "cuda:99999999999999999999", "cuda:-1", "cpu:0", "gpu", 0])
def test_a_device_that_is_not_there_is_one_line(chapter, device):
    assert chapter.refusal(device=device).startswith("device ")


def test_a_bad_text_is_one_line(chapter):
    for name in sorted({"profile", "dataset"} & set(chapter.types)):
        for value in ("", "fast", 3, True):
            assert re.fullmatch(f"{name} must be one of .*; got {value!r}", chapter.refusal(**{name: value}))


def test_a_name_that_the_chapter_does_not_have_is_one_line(chapter):
    line = chapter.refusal(injected="# Parameters\nn_task = 12\nprofile = 'smoke'\n")
    assert line.startswith("this chapter has no parameter n_task; it has profile, ")
    chapter.open(injected="# Parameters\nprofile = 'smoke'\n")


@pytest.mark.parametrize("n_tasks", [13, 15])
def test_unseen_tasks_refuses_rotations_of_which_every_second_does_not_close_the_circle(n_tasks, monkeypatch):
    monkeypatch.setattr(_profiles, "_say", lambda run: None)
    line = Opening(ROOT / "book" / "unseen-tasks.ipynb").refusal(n_tasks=n_tasks)
    assert line == f"n_tasks must be one of 12, 18, 20, 24, 30, 36; got {n_tasks}"
