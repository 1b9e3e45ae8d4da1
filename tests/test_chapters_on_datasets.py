"""Chapters on other images than MNIST's: a quick one always, all of them with `make datasets` (some minutes)."""

import os
import warnings

import matplotlib.pyplot as plt
import nbformat
import papermill
import pytest
from conftest import ROOT
from small_datasets import SOURCES, write_packed

QUICK = ROOT / "book" / "beyond-digits.ipynb"
CHAPTERS = [
    path
    for path in sorted((ROOT / "book").glob("*.ipynb"))
    if "dataset" in papermill.inspect_notebook(str(path))  # others generate their own points
]


def run_cells(path, others=(), **values):
    """Execute the code of a chapter in this process, with parameters as papermill sets them; return its names.

    ``others`` are datasets that "Beyond digits" takes beside the first, as it does in profile paper.
    """
    namespace = {"In": [""]}
    for cell in nbformat.read(path, as_version=4).cells:
        tags = cell.metadata.get("tags", ())
        if cell.cell_type == "code" and "remove-cell" not in tags:
            code = compile(cell.source, f"{path.stem}/{cell.id}", "exec")
            with warnings.catch_warnings():  # those of libraries to their authors, which a kernel does not show
                warnings.simplefilter("ignore", DeprecationWarning)
                exec(code, namespace)
        if "parameters" in tags:
            namespace |= {"profile": "smoke"} | values
        if "run" in namespace and others:
            namespace["run"].parameters["others"] = others
    plt.close("all")
    return namespace


@pytest.fixture
def small_files(tmp_path, monkeypatch):
    """Writes a small dataset in the files of the named one, and has chapters read it."""
    monkeypatch.setenv("TGSH_DATA_ROOT", str(tmp_path / "images"))
    monkeypatch.chdir(ROOT / "book")
    return lambda name: write_packed(tmp_path / "images", name, monkeypatch)


@pytest.mark.parametrize("name", ["fashion-mnist", "kmnist"])
@pytest.mark.parametrize(
    "chapter", CHAPTERS if os.environ.get("TGSH_EVERY_CHAPTER") == "1" else [QUICK], ids=lambda path: path.stem
)
def test_a_chapter_runs_on_it_and_names_it(chapter, name, small_files, capsys):
    small_files(name)
    run = run_cells(chapter, dataset=name)["run"]
    assert run.facts["dataset_title"][0] == SOURCES[name].title
    assert run.results["dataset_title"]["text"] == SOURCES[name].title
    assert "could not" not in capsys.readouterr().out


def test_beyond_digits_shows_what_there_is_and_says_what_is_missing(small_files, monkeypatch, capsys):
    small_files("kmnist")
    damaged = small_files("fashion-mnist") / "t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    names = run_cells(QUICK, others=("digits", "fashion-mnist"), dataset="kmnist", n_seeds=1)
    assert list(names["found"]) == ["kmnist", "digits"]
    said = capsys.readouterr().out
    assert "kmnist: 600 images\ndigits: 1,433 images\nfashion-mnist: Fashion-MNIST file the data folder/" in said
    assert "t10k-labels-idx1-ubyte.gz does not hold Fashion-MNIST: its checksum is another one\n" in said
    texts = {name: row["text"] for name, row in names["run"].results.items()}
    assert texts["data_order_fashion_mnist"] == texts["auc_none_mnist"] == "not run"
    assert {texts["data_order_kmnist"], texts["data_order_digits"]} <= {"holds", "does not hold"}
    drawn = [ax.get_title() for ax in names["draw_images"](names["found"]).axes]
    assert drawn == [*SOURCES["kmnist"].class_names, *"0123456789"]
