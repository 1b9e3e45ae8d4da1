"""``python -m tgsh sweep``, the table and the plot that it writes, and grids as they are typed."""

import json
import os
import re

import nbformat
import pyarrow.csv
import pyarrow.parquet
import pytest
import sweep_jobs
from conftest import ROOT
from PIL import Image

from tgsh.__main__ import main
from tgsh.errors import ParameterError, TgshError
from tgsh.figures import over_parameters
from tgsh.runs import grid, open_notebook, parse_grid, sweep, sweep_table, write_table

CHAPTER = str(ROOT / "book" / "living-network.ipynb")


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["seed=0:5", "width_mult=1,2,5,10"], {"seed": [0, 1, 2, 3, 4], "width_mult": [1, 2, 5, 10]}),
        (["a=0:3,10", "b=6:0:-2"], {"a": [0, 1, 2, 10], "b": [6, 4, 2]}),
        (["device=cuda:0", "x=0.5,1e-3", "y=True,None,mnist"], None),
    ],
)
def test_a_typed_grid_is_read(texts, values):
    found = parse_grid(texts)
    assert found == (values or {"device": ["cuda:0"], "x": [0.5, 0.001], "y": [True, None, "mnist"]})


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nothing"], "a sweep runs a chapter (book/NAME.ipynb), a function (module:function) or scoreboard; got 'not"),
        (
            ["scoreboard", "-g", "streem=split"],
            "tgsh.extensions.scoreboard:run_cell takes the parameters stream, method, seed, settings, dataset, n_train",
        ),
        (["no.ipynb"], "there is no chapter no.ipynb"),
        ([f"{ROOT}/book/none.ipynb"], f"there is no chapter {ROOT}/book/none.ipynb; {ROOT}/book has a-"),
        (["tgsh.nothing:at_all"], "the job tgsh.nothing:at_all cannot be imported: No module named 'tgsh.nothing'"),
        ([CHAPTER, "-g", "sead=1"], "living-network has no parameter sead; it has profile, dataset,"),
        ([CHAPTER, "-g", "seed=a"], "seed must be of type int; got 'a'"),
        ([CHAPTER, "-g", "seed=True"], "seed must be of type int; got True"),
        ([CHAPTER, "-g", "seed=5:0"], "seed=5:0: 5:0 has no numbers; A:B runs from A up to, not including, B"),
        ([CHAPTER, "-g", "seed=0:5:0"], "seed=0:5:0: 0:5:0 has no numbers; A:B runs from A up to, not including, B"),
        ([CHAPTER, "-g", f"seed=0:{10**12}"], "seed=0:1000000000000: 0:1000000000000 has 1,000,000,000,000 numbers"),
        ([CHAPTER, "-g", "seed=0:100000", "-g", "epochs=1,2"], "the grid has 200,000 cells; a sweep takes at most"),
        ([CHAPTER, "-g", "x="], "x= lacks a value; type NAME=VALUES, such as seed=0:5 or width_mult=1,2,5"),
        ([CHAPTER, "-g", "x=1,,2"], "x=1,,2 lacks a value; type NAME=VALUES"),
        ([CHAPTER, "-g", "seed"], "a grid is typed as NAME=VALUES, such as seed=0:5 or width_mult=1,2,5; got 'seed'"),
        ([CHAPTER, "-g", "seed=1", "-g", "seed=2"], "seed is given twice; separate its values by commas: seed=1,2,5"),
        ([CHAPTER, "-g", "seed=1,0:3"], "seed=1,0:3 holds the value 1 twice"),
        ([CHAPTER, "--profile", "big"], "profile must be one of smoke, quick, paper; got 'big'"),
        (
            [CHAPTER, "-g", "profile=smoke", "--profile", "smoke"],
            "profile is given twice: by --profile and in the grid",
        ),
    ],
)
def test_what_cannot_run_is_one_line_before_anything_runs(arguments, line, tmp_path, capsys):
    assert main(["sweep", *arguments, "--out", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {line}")
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_function_over_a_grid_gives_table_and_plot(tmp_path, capsys):
    place, out = tmp_path / "runs", tmp_path / "out"
    place.mkdir()
    command = ["sweep", "sweep_jobs:moody", "-g", "x=0,2,4", "-g", f"place={place}", "--jobs", "1", "--out", str(out)]
    assert main(command) == 1
    captured = capsys.readouterr()
    assert captured.err == "error: 1 of 3 cells failed; run it again to try these\n"
    *_, table, plot = captured.out.splitlines()
    assert table == f"the table: {out}/moody.parquet, moody.csv: 2 rows, 10 columns"
    assert plot == f"the plot: {out}/moody.png"
    assert pyarrow.parquet.read_table(out / "moody.parquet")["square"].to_pylist() == [0, 16]
    assert pyarrow.csv.read_csv(out / "moody.csv")["square"].to_pylist() == [0, 16]
    with Image.open(out / "moody.png") as plot:
        assert plot.size[0] > 300
    assert main(command) == 1
    assert "2 of 3 were finished before" in capsys.readouterr().out
    assert len(list(place.iterdir())) == 4


def test_the_job_of_the_page_runs(tmp_path, monkeypatch, capsys):
    page = (ROOT / "book" / "sweeps.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n# my_sweep.py\n(.*?)```", page, flags=re.DOTALL)
    (tmp_path / "my_sweep.py").write_text(program.replace('load("digits")', 'load("digits", 300, 150)'))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", "my_sweep:accuracy", "-g", "width_mult=1", "-g", "seed=0:2", "--jobs", "1"]) == 0
    table = pyarrow.parquet.read_table("sweeps/accuracy/accuracy.parquet")
    assert table["seed"].to_pylist() == [0, 1]
    assert all(0.3 < accuracy < 1 for accuracy in table["mean_accuracy"].to_pylist())
    assert sweep_table("sweeps/accuracy/records")["width_mult"].to_pylist() == [1, 1]


def test_a_chapter_over_a_grid_gives_its_recorded_numbers(tmp_path, capsys):
    command = ["sweep", CHAPTER, "-g", "seed=0:2", "--profile", "smoke", "--jobs", "1", "--out", str(tmp_path)]
    assert main(command) == 0, capsys.readouterr()
    table = pyarrow.parquet.read_table(tmp_path / "living-network.parquet").to_pydict()
    assert (table["seed"], table["profile"]) == ([0, 1], ["smoke", "smoke"])
    committed = json.loads((ROOT / "data" / "results" / "smoke" / "living-network.json").read_text())["results"]
    numbers = {name for name, row in committed.items() if isinstance(row["value"], float)}
    assert numbers <= table.keys()
    assert any(table[name][0] != table[name][1] for name in numbers)
    assert all(0 < accuracy < 1 for accuracy in table["accuracy_full"])
    assert main(command) == 0
    assert "2 of 2 were finished before" in capsys.readouterr().out


def notebook(path, *sources: str, tags=("parameters",)):
    cells = [nbformat.v4.new_code_cell(source) for source in ("profile: str = 'quick'\nx: int = 1", *sources)]
    cells[0].metadata["tags"] = list(tags)
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(made, path)
    return path


RECORD = """
import json, os, pathlib
folder = pathlib.Path(os.environ["TGSH_RESULTS"])
folder.mkdir(parents=True)
rows = {"y": {"value": 2 * x}, "z": {"value": 0.5, "low": 0.4, "high": 0.6}}
(folder / "any.json").write_text(json.dumps({"results": rows}))
"""


def test_a_notebook_fails_in_a_line_or_gives_its_values(tmp_path, monkeypatch):
    before = dict(os.environ)
    assert open_notebook(notebook(tmp_path / "a.ipynb", RECORD))(x=3) == {"y": 6, "z": 0.5, "z_low": 0.4, "z_high": 0.6}
    with pytest.raises(TgshError, match="b records no numbers"):
        open_notebook(notebook(tmp_path / "b.ipynb", "x"))(x=3)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero\n"):
        open_notebook(notebook(tmp_path / "c.ipynb", "x / 0"))(x=3)
    with pytest.raises(TgshError, match="the kernel of d died, most likely for want of memory"):
        open_notebook(notebook(tmp_path / "d.ipynb", "import os; os._exit(1)"))(x=3)
    assert dict(os.environ) == before


def test_prose_and_comments_leave_the_code_of_a_chapter_as_it_was(tmp_path):
    one = open_notebook(notebook(tmp_path / "a.ipynb", "y = x"))
    same = open_notebook(notebook(tmp_path / "a.ipynb", "y = x  # a comment"))
    other = open_notebook(notebook(tmp_path / "a.ipynb", "y = x + 1"))
    assert one.code() == same.code() != other.code()


@pytest.mark.parametrize(
    ("content", "line"),
    [("{", "is not a notebook"), ("[]", "is not a notebook"), (None, "has no cell tagged parameters")],
)
def test_a_file_that_is_no_chapter_is_one_line(content, line, tmp_path):
    path = notebook(tmp_path / "a.ipynb", tags=())
    if content is not None:
        path.write_text(content)
    with pytest.raises(ParameterError, match=line):
        open_notebook(path)


def test_the_table_is_tidy_and_says_where_it_comes_from(tmp_path):
    place = tmp_path / "runs"
    place.mkdir()
    cells = [{"x": 2, "place": str(place)}, {"x": 1, "place": str(place), "seconds": 0.0}]
    done = sweep(sweep_jobs.square, cells, tmp_path / "out", n_jobs=1)
    table = sweep_table(tmp_path / "out")
    provenance = ["run_seconds", "run_device", "run_commit", "run_code", "run_date", "run_versions"]
    assert table.column_names == ["x", "place", "seconds", "square", "text", *provenance]
    assert [str(kind) for kind in table.schema.types[:6]] == ["int64", "string", "double", "int64", "string", "double"]
    assert table["x"].to_pylist() == [1, 2]
    assert table["seconds"].to_pylist() == [0.0, None]
    assert sweep_table(tmp_path / "out", done.keys)["x"].to_pylist() == [2, 1]
    metadata = {key.decode(): text.decode() for key, text in table.schema.metadata.items()}
    assert metadata["job"] == "sweep_jobs:square"
    assert metadata["parameters"].split() == ["x", "place", "seconds"]
    assert metadata["results"].split() == ["square", "text"]
    assert {metadata["commit"]} == set(table["run_commit"].to_pylist())
    for ending, read in (("parquet", pyarrow.parquet.read_table), ("csv", pyarrow.csv.read_csv)):
        write_table(table, tmp_path / f"t.{ending}")
        assert read(tmp_path / f"t.{ending}")["square"].to_pylist() == [1, 4]
    assert pyarrow.parquet.read_schema(tmp_path / "t.parquet").metadata == table.schema.metadata
    with pytest.raises(ParameterError, match=r"a table is written as .parquet or .csv; got t.xlsx"):
        write_table(table, tmp_path / "t.xlsx")


def test_of_two_records_of_a_cell_the_later_counts(tmp_path):
    (key,) = sweep("sweep_jobs:square", grid(x=[3], place=[str(tmp_path)]), tmp_path / "out", n_jobs=1).keys
    record = json.loads((tmp_path / "out" / f"{key}.json").read_text())
    for name, date, result in (("a", "2000-01-01", 1), ("b", "2999-01-01", 2), ("c", "2001-01-01", 3)):
        record["provenance"] |= {"date": date, "code": name}
        record["results"]["square"] = result
        (tmp_path / "out" / f"{name}.json").write_text(json.dumps(record))
    table = sweep_table(tmp_path / "out")
    assert (table["square"].to_pylist(), table["run_code"].to_pylist()) == ([2], ["b"])
    assert table.schema.metadata[b"code"] == b"b"
    assert sweep_table(tmp_path / "out", ["c", key])["square"].to_pylist() == [3, 9]


def test_records_that_are_no_table_are_one_line(tmp_path):
    with pytest.raises(ParameterError, match="holds no records of a sweep"):
        sweep_table(tmp_path)
    place = tmp_path / "runs"
    place.mkdir()
    out = tmp_path / "out"
    sweep(sweep_jobs.square, grid(x=[1], place=[str(place)]), out, n_jobs=1)
    sweep(sweep_jobs.square, grid(x=["a"], place=[str(place)]), out, n_jobs=1)
    with pytest.raises(TgshError, match="has no record 0; run the sweep again"):
        sweep_table(out, ["0"])


def test_the_plot_shows_numbers_that_differ_over_the_parameter_with_most_values():
    columns = {
        "seed": [0, 1, 2, 3] * 2,
        "width": [1] * 4 + [2] * 4,
        "a": [0.1, 0.2, None, 0.3, 1.0, 1.5, 2.0, 1.5],
        "b": [1] * 8,
        "name": ["x"] * 8,
    }
    figure = over_parameters(columns, ["seed", "width"], ["a", "b", "name"])
    (ax,) = (ax for ax in figure.axes if ax.get_visible())
    assert (ax.get_title(), ax.get_xlabel()) == ("a", "width")
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [1, 2]
    assert line.get_ydata().tolist() == pytest.approx([0.2, 1.5])
    assert over_parameters(columns, ["seed"], ["name"]) is None
    with pytest.raises(ParameterError, match="c is not a number that was recorded; choose among a, b"):
        over_parameters(columns, ["seed"], ["a", "b", "name"], ["c"])


def test_a_cell_of_the_scoreboard_is_swept_by_its_short_name(tmp_path, capsys):
    small = ["dataset=digits", "n_train=20", "n_test=20", "n_validation=50", "n_tasks=2", "timed=0"]
    cells = ["stream=split", "method=pixels,joint", "seed=0:2"]
    typed = [part for text in (*cells, *small) for part in ("-g", text)]
    assert main(["sweep", "scoreboard", *typed, "--out", str(tmp_path), "--jobs", "1"]) == 0
    table = pyarrow.parquet.read_table(tmp_path / "scoreboard.parquet").to_pylist()
    assert {(row["method"], row["seed"]) for row in table} == {(m, s) for m in ("pixels", "joint") for s in (0, 1)}
    assert all(0 < row["final_accuracy"] <= 1 for row in table)
    assert all((row["forgetting"] is None) == (row["method"] == "joint") for row in table)
