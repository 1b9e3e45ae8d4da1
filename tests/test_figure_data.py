"""The values behind figures: read from what matplotlib drew, taken out of the notebook, linked from the page."""

import csv
import io
import json
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pyarrow.parquet
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "book" / "_extensions"))
import execute
import figure_data
import tgsh_numbers


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    axes.set(title="a panel", xlabel="angle", ylabel="share")
    yield axes
    plt.close(figure)


def table(axes):
    return list(csv.DictReader(io.StringIO(figure_data.as_csv(axes.figure))))


def places(axes, mark):
    rows = [row for row in table(axes) if row["mark"] == mark]
    return [tuple(float(row[key]) for key in "xyz" if row[key]) for row in rows]


def test_a_line_gives_its_points_with_panel_axes_and_series(axes):
    axes.plot([0, 10], [0.25, 1 / 3], label="mean")
    first, second = table(axes)
    assert list(first) == list(figure_data.COLUMNS)
    assert list(first.values()) == ["a panel", "angle", "share", "line", "mean", "", "0", "0.25", ""]
    assert (second["x"], second["y"]) == ("10", "0.333333")


def test_a_line_across_the_panel_gives_its_one_value(axes):
    axes.axhline(0.1, label="chance")
    axes.axvline(30)
    axes.text(0, 0, "no value")
    level, angle = table(axes)
    assert (level["mark"], level["x"], level["y"], level["series"]) == ("line across", "", "0.1", "chance")
    assert (angle["x"], angle["y"]) == ("30", "")


def test_bars_give_length_name_and_foot(axes):
    axes.bar(["pixels", "layer"], [0.2, 0.4], label="task")
    axes.bar(["pixels", "layer"], [0.8, 0.6], bottom=[0.2, 0.4])
    assert places(axes, "bar") == [(0, 0.2, 0), (1, 0.4, 0), (0, 0.8, 0.2), (1, 0.6, 0.4)]
    assert [row["tick"] for row in table(axes)] == ["pixels", "layer"] * 2


def test_bars_that_lie_give_the_same(axes):
    axes.barh([1, 2], [5, 7])
    assert places(axes, "bar") == [(5, 1, 0), (7, 2, 0)]


def test_points_areas_histograms_and_matrices(axes):
    axes.scatter([1, 2], [3, 4])
    axes.plot([5], [6], "o")
    axes.fill_between([0, 1], [0, 0], [1, 2])
    axes.hist([1, 1, 2], bins=2, histtype="stepfilled")
    axes.imshow(np.array([[1.0, 0.5], [0.5, np.nan]]))
    assert places(axes, "point") == [(5, 6), (1, 3), (2, 4)]
    assert {(0, 0), (0, 1), (1, 2), (1, 0)} <= set(places(axes, "area"))
    assert max(y for _, y in places(axes, "outline")) == 2
    assert places(axes, "entry")[:3] == [(0, 0, 1), (1, 0, 0.5), (0, 1, 0.5)]
    assert table(axes)[-1]["z"] == "nan"


def test_points_in_space_have_three_coordinates():
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    axes.plot([0, 1], [2, 3], [4, 5])
    axes.scatter([6], [7], [8])
    assert places(axes, "line") == [(0, 2, 4), (1, 3, 5)]
    assert places(axes, "point") == [(6, 7, 8)]
    plt.close(figure)


def test_pictures_drawings_and_what_is_too_much_have_no_table(axes, monkeypatch):
    axes.imshow(np.zeros((4, 4, 3)))
    assert figure_data.as_csv(axes.figure) is None
    axes.plot([0, 1], [0, 1])
    assert figure_data.as_csv(axes.figure)
    monkeypatch.setattr(figure_data, "MOST_BYTES", 50)
    assert figure_data.as_csv(axes.figure) is None
    monkeypatch.undo()
    axes.axis("off")
    assert figure_data.as_csv(axes.figure) is None


RECORD = """
import os, pathlib
folder = pathlib.Path(os.environ["TGSH_RESULTS"])
folder.mkdir(exist_ok=True)
(folder / "a.json").write_text('{"results": {}}')
"""
CELL = """
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([1, 2], [3, 4], label="ours")
plt.close(figure)
figure
"""


@pytest.mark.parametrize("name", ["fig-a", None])
def test_a_run_leaves_the_values_beside_the_record_and_not_in_the_notebook(tmp_path, monkeypatch, name):
    results = tmp_path / "results"
    cells = [nbformat.v4.new_code_cell("profile = 'smoke'"), nbformat.v4.new_code_cell(RECORD)]
    cells[0].metadata["tags"] = ["parameters"]
    cells.append(nbformat.v4.new_code_cell(CELL))
    if name:
        cells[-1].metadata["mystnb"] = {"figure": {"name": name}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    stale = results / "figures" / "a" / "fig-gone.csv"
    stale.parent.mkdir(parents=True)
    stale.write_text("x\n")
    monkeypatch.setenv("TGSH_RESULTS", str(results))
    path = os.environ.get("PYTHONPATH")
    assert execute.execute(tmp_path / "a.ipynb", tmp_path / "out.ipynb", "smoke") is None
    assert os.environ.get("PYTHONPATH") == path
    (output,) = nbformat.read(tmp_path / "out.ipynb", 4).cells[-1].outputs
    assert set(output.data) == {"image/png", "text/plain"}
    files = sorted((results / "figures" / "a").glob("*"))
    assert [file.name for file in files] == ([f"{name}.csv"] if name else [])
    if name:
        assert files[0].read_text().splitlines()[1:] == ["1,,,line,ours,,1,3,", "1,,,line,ours,,2,4,"]


def test_files_of_figures_belong_to_a_figure_and_are_small():
    for path in (ROOT / "data" / "results" / "figures").glob("*/*.csv"):
        cells = nbformat.read(ROOT / "book" / f"{path.parent.name}.ipynb", 4).cells
        assert path.stem in [cell.metadata.get("mystnb", {}).get("figure", {}).get("name") for cell in cells], path
        assert path.stat().st_size <= figure_data.MOST_BYTES


def test_a_page_leads_to_values_where_there_are_some_and_to_the_cell(tmp_path):
    (tmp_path / "book").mkdir()
    output = nbformat.v4.new_output("display_data", {"image/png": PIXEL})
    cells = [nbformat.v4.new_markdown_cell("# A chapter")]
    for name in ("fig-with", "fig-without"):
        figure = {"mystnb": {"figure": {"name": name, "caption": "What it shows."}}}
        cells.append(nbformat.v4.new_code_cell("figure", outputs=[output], metadata=figure, execution_count=1))
    python = {"language_info": {"name": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=python), tmp_path / "book" / "a.ipynb")
    (tmp_path / "index.md").write_text("# Book\n\n```{toctree}\nbook/a\n```\n")
    (tmp_path / "conf.py").write_text(
        "extensions = ['myst_nb', 'tgsh_site', 'tgsh_figures']\nhtml_theme = 'basic'\nnb_execution_mode = 'off'\n"
    )
    values = tmp_path / "data" / "results" / "figures" / "a"
    values.mkdir(parents=True)
    (values / "fig-with.csv").write_text("x\n1\n")
    paths = {"PYTHONPATH": str(ROOT / "book" / "_extensions"), "TGSH_ROOT": str(tmp_path), "TGSH_RESULTS": ""}
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", tmp_path, tmp_path / "html"]
    done = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "html" / "book" / "a.html").read_text()
    assert page.count("its values (CSV)") == 1
    assert 'href="figures/a/fig-with.csv"' in page
    assert (tmp_path / "html" / "book" / "figures" / "a" / "fig-with.csv").read_text() == "x\n1\n"
    for name in ("fig-with", "fig-without"):
        assert f'href="#cell-{name}"' in page
        assert f'id="cell-{name}"' in page


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


def test_numbers_are_typed_and_described_in_parquet(tmp_path):
    results = {
        "mean": {"value": 0.2, "per_seed": [0.1, 0.3], "text": "0.20 (0.10 to 0.30)"},
        "word": {"value": "holds", "text": "holds"},
        "yes": {"value": True, "text": "True"},
        "interval": {"value": 1, "low": 0.5, "high": 2, "text": "1 (0 to 2)"},
    }
    (tmp_path / "a.json").write_text(json.dumps({"profile": "smoke", "seed": 3, "results": results}))
    tgsh_numbers.as_parquet(tmp_path, "0123abc", tmp_path / "numbers.parquet")
    found = pyarrow.parquet.read_table(tmp_path / "numbers.parquet")
    assert found.schema.metadata[b"commit"] == b"0123abc"
    assert found.column_names == list(tgsh_numbers.COLUMNS)
    assert all(field.metadata[b"description"] for field in found.schema)
    mean, word, yes, interval = found.to_pylist()
    assert (mean["value"], mean["per_seed"], mean["seed"], mean["low"]) == (0.2, [0.1, 0.3], 3, None)
    assert (word["value"], word["text"], yes["value"]) == (None, "holds", None)
    assert (interval["value"], interval["low"], interval["high"]) == (1.0, 0.5, 2.0)


def test_the_page_of_numbers_has_both_files():
    page = ROOT / "_build" / "committed" / "html" / "book" / "numbers.html"
    if not page.exists():
        pytest.skip("committed is not built: `make test` builds it before it runs the tests")
    rows = len((page.parent / "numbers.csv").read_text(encoding="utf-8").splitlines()) - 1
    found = pyarrow.parquet.read_table(page.parent / "numbers.parquet")
    assert found.num_rows == rows
    assert len(found.schema.metadata[b"commit"]) >= 7
    for name in ("numbers.csv", "numbers.parquet"):
        assert f'href="{name}"' in page.read_text(encoding="utf-8")
