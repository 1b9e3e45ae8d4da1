"""tools/compare_records.py: the printed numbers of a book before and after a change."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.fixture
def compare():
    def run(*arguments):
        command = [sys.executable, str(ROOT / "tools" / "compare_records.py"), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def write(folder, **chapters):
    """A folder of records: chapter -> name -> printed text."""
    folder.mkdir()
    for chapter, numbers in chapters.items():
        results = {name: {"value": 0, "text": text} for name, text in numbers.items()}
        (folder / f"{chapter}.json").write_text(json.dumps({"profile": "smoke", "results": results}))
    return folder


@pytest.fixture
def before(tmp_path):
    return write(tmp_path / "before", one={"a": "94.4 %", "b": "0.12 (0.10 to 0.14)"}, two={"c": "holds"})


def test_equal_records_pass_and_new_numbers_are_counted(compare, before, tmp_path):
    after = write(tmp_path / "after", one={"b": "0.12 (0.10 to 0.14)", "a": "94.4 %", "new": "1"}, two={"c": "holds"})
    done = compare(before, after)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "3 of 3 printed numbers are the same; 4 are recorded\n"


def test_a_number_that_differs_is_named(compare, before, tmp_path):
    after = write(tmp_path / "after", one={"a": "94.5 %", "b": "0.12 (0.10 to 0.14)"}, two={"c": "holds"})
    done = compare(before, after)
    assert done.returncode == 1
    assert "one: a: 94.4 % before, 94.5 % after" in done.stdout
    assert "2 of 3 printed numbers are the same" in done.stdout
    assert compare(before, after, "--chapter", "two").returncode == 0


def test_a_number_or_a_chapter_that_is_missing_is_named(compare, before, tmp_path):
    done = compare(before, write(tmp_path / "after", one={"a": "94.4 %"}))
    assert done.returncode == 1
    assert "one: b: 0.12 (0.10 to 0.14) before, missing after" in done.stdout
    assert "two: no record" in done.stdout


def test_times_are_left_out(compare, tmp_path):
    times = [
        write(tmp_path / name, speed={"a": text}, benchmark={"b": text}) for name, text in (("x", "1"), ("y", "2"))
    ]
    done = compare(*times)
    assert done.returncode == 0
    assert done.stdout == "0 of 0 printed numbers are the same; 0 are recorded\n"


def test_printed_numbers_can_be_written_and_compared_with(compare, before, tmp_path):
    kept = tmp_path / "kept.json"
    assert compare(before, "--write", kept).returncode == 0
    assert json.loads(kept.read_text())["one"] == {"a": "94.4 %", "b": "0.12 (0.10 to 0.14)"}
    assert compare(kept, before).returncode == 0
    assert compare(kept, write(tmp_path / "after", one={"a": "94.4 %"}, two={"c": "holds"})).returncode == 1


def test_a_number_that_was_removed_is_listed_and_stays_away(compare, before, tmp_path):
    moved = tmp_path / "moved.json"
    moved.write_text(json.dumps([{"reason": "It was wrong.", "numbers": {"one": {"a": ["94.4 %", None]}}}]))
    rest = {"b": "0.12 (0.10 to 0.14)"}
    assert compare(before, write(tmp_path / "after", one=rest, two={"c": "holds"}), "--moved", moved).returncode == 0
    done = compare(before, write(tmp_path / "later", one={"a": "94.4 %"}, two={"c": "holds"}), "--moved", moved)
    assert "one: b: 0.12 (0.10 to 0.14) before, missing after" in done.stdout


def test_without_something_to_compare_with_it_says_so(compare, before):
    done = compare(before)
    assert done.returncode == 2
    assert "AFTER is missing" in done.stderr


def records(folder, **numbers):
    """A folder with the record of one chapter: name -> value, or the values of its seeds."""
    rows = {
        name: {"value": sum(v) / len(v), "per_seed": v, "text": "0.12"}
        if isinstance(v, list)
        else {"value": v, "text": "0.12"}
        for name, v in numbers.items()
    }
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps({"profile": "smoke", "seconds": len(folder.name), "results": rows}))
    return folder


def test_equal_runs_are_equal_to_the_last_digit(compare, tmp_path):
    one = records(tmp_path / "one", a=0.123, b=[0.1, 0.14])
    done = compare(one, records(tmp_path / "again", a=0.123, b=[0.1, 0.14]), "--values")
    assert (done.returncode, done.stdout) == (0, "2 of 2 recorded numbers are the same; 2 are recorded\n")
    for name, rows in (("digit", {"a": 0.123 + 1e-16, "b": [0.1, 0.14]}), ("seed", {"a": 0.123, "b": [0.14, 0.1]})):
        other = records(tmp_path / name, **rows)
        assert compare(one, other).returncode == 0  # printed alike
        done = compare(one, other, "--values")
        assert done.returncode == 1
        assert "1 of 2 recorded numbers are the same" in done.stdout
        assert len(done.stdout.splitlines()) == 2


def test_equal_runs_record_the_same_names(compare, tmp_path):
    one, more = records(tmp_path / "one", a=0.1), records(tmp_path / "more", a=0.1, b=0.2)
    assert "one: b: missing before" in compare(one, more, "--values").stdout
    assert "missing after" in compare(more, one, "--values").stdout
    assert compare(one, more, "--values").returncode == compare(more, one, "--values").returncode == 1


def test_values_are_compared_in_records_only_and_nothing_is_not_equal_to_nothing(compare, before, tmp_path):
    kept, empty = tmp_path / "kept.json", tmp_path / "empty"
    compare(before, "--write", kept)
    empty.mkdir()
    assert "is no folder of records" in compare(before, kept, "--values").stderr
    assert "error: --values goes with" in compare(before, before, "--values", "--moved", kept).stderr
    assert compare(empty, empty, "--values").returncode == 1
