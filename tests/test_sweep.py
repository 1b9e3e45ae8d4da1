"""A sweep runs each cell once, keeps each result as a record, and goes on after whatever interrupts it."""

import dataclasses
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
import sweep_jobs
from conftest import ROOT

from tgsh.errors import ParameterError, TgshError
from tgsh.runs import Sweep, _sweep, grid, sweep
from tgsh.runs._sweep import _cell
from tgsh.runs._sweep._jobs import FunctionJob


@pytest.fixture
def place(tmp_path):
    """A folder in which each run of a job leaves a file."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


def runs_in(place) -> Counter:
    """How often each job began and ended, by name and cell."""
    return Counter(path.name.rpartition("-")[0] for path in place.iterdir())


def once(n: int) -> Counter:
    return Counter(f"{part}-{x}" for x in range(n) for part in ("begun", "ended"))


def records(folder) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def test_a_grid_holds_every_combination():
    assert grid(seed=range(2), width=[1, 5]) == [
        {"seed": 0, "width": 1},
        {"seed": 0, "width": 5},
        {"seed": 1, "width": 1},
        {"seed": 1, "width": 5},
    ]
    assert grid() == [{}]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"seed": []}, "seed must be a list of one or more values; got []"),
        ({"name": "abc"}, "name must be a list of one or more values; got 'abc'"),
        ({"a": range(1000), "b": range(1000)}, "the grid has 1,000,000 cells; a sweep takes at most 100,000"),
    ],
)
def test_a_grid_that_is_none_is_refused(values, line):
    with pytest.raises(ParameterError) as refused:
        grid(**values)
    assert str(refused.value) == line


def test_each_cell_runs_once_and_is_a_record_with_provenance(place, tmp_path):
    said = []
    done = sweep(sweep_jobs.square, grid(x=range(3), place=[str(place)]), tmp_path / "out", n_jobs=1, say=said.append)
    assert runs_in(place) == once(3)
    assert (done.n_found, done.failures, len(done.keys)) == (0, {}, 3)
    first, *_ = records(tmp_path / "out")
    assert first["job"] == "sweep_jobs:square"
    x = first["parameters"]["x"]
    assert first["results"] == {"square": x * x, "text": f"x{x}"}
    assert first["seconds"] >= 0
    assert set(first["provenance"]) == {"device", "versions", "commit", "date", "code"}
    assert "torch" in first["provenance"]["versions"]
    assert [line.partition(":")[0].split(",")[0] for line in said] == ["1 of 3", "2 of 3", "3 of 3"]
    assert ["left" in line for line in said] == [True, True, False]

    wider = sweep(sweep_jobs.square, grid(x=range(4), place=[str(place)]), tmp_path / "out", n_jobs=1)
    assert wider.n_found == 3
    assert runs_in(place) == once(4)


def test_a_cell_that_fails_is_a_line_and_the_others_go_on(place, tmp_path, capsys):
    folder = tmp_path / "out"
    done = sweep(sweep_jobs.moody, grid(x=range(5), place=[str(place)]), folder, n_jobs=1)
    assert runs_in(place) == Counter({"begun-0": 1, "ended-0": 1, "begun-4": 1, "ended-4": 1})
    lines = capsys.readouterr().err.splitlines()
    (details,) = (folder / "failures").iterdir()
    assert lines == [
        f"failed: x=1, place={place}: x must not be 1",
        f"failed: x=2, place={place}: ZeroDivisionError: two (traceback: {details})",
        f"failed: x=3, place={place}: the result root must be finite; got nan",
    ]
    assert "two\nlines" in details.read_text()
    assert (len(done.failures), len(done.keys), len(records(folder))) == (3, 2, 2)


@pytest.mark.parametrize(
    ("result", "line"),
    [
        ([1], "results must be a mapping, name to value; got list"),
        ({"a": [1]}, "the result a must be a number, a string or None; got list"),
        ({"a b": 1}, "'a b' names no result: it must be an identifier that does not begin with run_"),
        ({"run_date": 1}, "'run_date' names no result: it must be an identifier that does not begin with run_"),
        ({"x": 2}, "the result x has the name of a parameter, and another value"),
    ],
)
def test_a_result_that_no_table_holds_is_refused(result, line):
    with pytest.raises(ParameterError) as refused:
        _cell.checked(result, {"x": 1})
    assert str(refused.value) == line


def test_scalars_of_libraries_are_plain_numbers():
    import numpy as np
    import torch

    found = _cell.checked(
        {"a": np.float32(0.5), "b": torch.tensor(3), "c": np.bool_(True), "x": 1.0, "d": None}, {"x": 1}
    )
    assert found == {"a": 0.5, "b": 3, "c": True, "d": None}
    assert [type(value) for value in found.values()] == [float, int, bool, type(None)]


def test_code_that_changes_a_result_makes_a_new_cell(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    source = tmp_path / "job_of_a_reader.py"

    def run(text):
        source.write_text(text)
        importlib.invalidate_caches()
        sys.modules.pop("job_of_a_reader", None)
        return sweep("job_of_a_reader:job", [{"x": 2}], tmp_path / "out", n_jobs=1)

    assert run("def job(x):\n    return {'y': x}\n").n_found == 0
    assert run("def job(x):\n    # the same\n    return {'y': x}\n").n_found == 1
    assert run("def job(x):\n    return {'y': 3 * x}\n").n_found == 0
    assert sorted(record["results"]["y"] for record in records(tmp_path / "out")) == [2, 6]
    sys.modules.pop("job_of_a_reader", None)


def test_the_digest_of_code_does_not_depend_on_what_is_imported():
    program = "from tgsh.runs._sweep._jobs import FunctionJob as J; print(J('tgsh.timing:time_stream').code())"
    command = [sys.executable, "-c", program]
    alone = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    import tgsh.figures  # noqa: F401 (which the other process imports late)

    assert alone.stdout.strip() == str(FunctionJob("tgsh.timing:time_stream").code())


@pytest.mark.parametrize(
    ("job", "cells", "line"),
    [
        (lambda: {}, [{}], "must be a top-level function of a module that workers can import"),
        ("nothing", [{}], "a job is named 'module:function'; got 'nothing'"),
        ("no_such_module:job", [{}], "the job no_such_module:job cannot be imported: No module named"),
        ("sweep_jobs:no", [{}], "the job sweep_jobs:no is not there: sweep_jobs has no function 'no'"),
        (
            sweep_jobs.square,
            [{"x": 1, "place": "", "y": 2}],
            "takes the parameters x, place, seconds; got an unexpected",
        ),
        (sweep_jobs.square, [{"x": 1}], "takes the parameters x, place, seconds; missing a required argument: 'place'"),
        (sweep_jobs.square, [{"x": [1], "place": ""}], "the parameter x must be a number, a string or None; got list"),
        (sweep_jobs.square, [], "a sweep needs at least one cell"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_runs(job, cells, line, tmp_path):
    with pytest.raises(ParameterError) as refused:
        sweep(job, cells, tmp_path / "out")
    assert line in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"backend": "slurm"}, "backend must be one of loky, dask, ray; got 'slurm'"),
        ({"n_jobs": 0}, "n_jobs must be a whole number of at least 1; got 0"),
        ({"backend": "dask", "n_jobs": 2}, "n_jobs is for the backend loky; dask uses all workers of the cluster"),
        ({"scheduler": "tcp://a:1"}, "a scheduler is for the backend dask; got the backend loky"),
    ],
)
def test_options_of_another_backend_are_refused(options, line, tmp_path):
    with pytest.raises(ParameterError) as refused:
        sweep(sweep_jobs.square, [{"x": 1, "place": ""}], tmp_path, **options)
    assert str(refused.value) == line


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TgshError, match=r"file/out cannot be made \(Not a directory\); choose another folder"):
        sweep(sweep_jobs.square, [{"x": 1, "place": str(tmp_path)}], tmp_path / "file" / "out", n_jobs=1)


def test_a_damaged_record_is_one_line(place, tmp_path):
    cells = grid(x=[1], place=[str(place)])
    (key,) = sweep(sweep_jobs.square, cells, tmp_path / "out", n_jobs=1).keys
    (tmp_path / "out" / f"{key}.json").write_text("{")
    with pytest.raises(TgshError, match="is not the record of a cell; remove it, and run the sweep again"):
        sweep(sweep_jobs.square, cells, tmp_path / "out", n_jobs=1)


def test_a_killed_sweep_goes_on_where_it_stopped(place, tmp_path):
    program = (
        "import sys, sweep_jobs; from tgsh.runs import grid, sweep\n"
        "sweep(sweep_jobs.square, grid(x=range(6), place=[sys.argv[1]], seconds=[0.3]), sys.argv[2], n_jobs=1)\n"
    )
    command = [sys.executable, "-c", program, str(place), str(tmp_path / "out")]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}) as process:
        while not list(place.glob("begun-2-*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    finished = {record["parameters"]["x"] for record in records(tmp_path / "out")}
    assert {0, 1} <= finished < set(range(6))
    cells = grid(x=range(6), place=[str(place)], seconds=[0.3])
    done = sweep(sweep_jobs.square, cells, tmp_path / "out", n_jobs=1)
    assert done.n_found == len(finished)
    assert len(records(tmp_path / "out")) == len(done.keys) == 6
    begun = {x: runs_in(place)[f"begun-{x}"] for x in range(6)}
    assert all(begun[x] == 1 for x in finished)
    assert sum(begun.values()) <= 7  # the cell that was cut off ran again


def test_two_sweeps_in_one_folder_share_the_work(place, tmp_path):
    cells, found = grid(x=range(8), place=[str(place)], seconds=[0.1]), []

    def run():
        found.append(sweep(sweep_jobs.square, cells, tmp_path / "out", n_jobs=1))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs_in(place) == once(8)
    assert [len(done.keys) for done in found] == [8, 8]


def test_a_worker_with_other_code_refuses(place, tmp_path):
    task = _cell.Task(FunctionJob("sweep_jobs:square"), "", (("sweep_jobs", "0" * 16),), str(tmp_path))
    outcome = _cell.compute(task, _cell.Cell("key", {"x": 1, "place": str(place)}), wait=False)
    line = "sweep_jobs has another source here than where the sweep was started; give all machines one version"
    assert outcome.failure == line
    assert runs_in(place) == {}


def test_where_workers_do_not_see_the_folder_the_sweep_writes_the_records(place, tmp_path, monkeypatch):
    def elsewhere(task, cell, wait):
        return _cell.compute(dataclasses.replace(task, folder=str(tmp_path / "not here")), cell, wait)

    monkeypatch.setattr(_sweep, "compute", elsewhere)
    for n_found in (0, 2):
        done = sweep(sweep_jobs.square, grid(x=range(2), place=[str(place)]), tmp_path / "out", n_jobs=1)
        assert isinstance(done, Sweep)
        assert done.n_found == n_found
    assert runs_in(place) == once(2)


def test_a_process_that_dies_costs_only_its_own_cell(place, tmp_path, capsys):
    done = sweep(sweep_jobs.deadly, grid(x=range(4), place=[str(place)]), tmp_path / "out", n_jobs=2)
    line = "its process died, most likely for want of memory"
    assert [done.cells[key].parameters["x"] for key in done.failures] == [1]
    assert list(done.failures.values()) == [line]
    assert capsys.readouterr().err == f"failed: x=1, place={place}: {line}\n"
    assert sorted(record["parameters"]["x"] for record in records(tmp_path / "out")) == [0, 2, 3]
