"""The chapters: their shape, their committed outputs, and how they fail."""

import ast
import base64
import json
import re
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest
from conftest import ROOT
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from PIL import Image

sys.path.insert(0, str(ROOT / "tools"))
import compare_records
import execute

CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(work|root|tmp|home|usr|Users)/|[A-Z]:\\")
every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def code_cells(chapter: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(chapter, as_version=4).cells if cell.cell_type == "code"]


def outputs(chapter: Path) -> list[nbformat.NotebookNode]:
    return [output for cell in code_cells(chapter) for output in cell.outputs]


def test_there_are_chapters_and_the_toc_names_them_all():
    toc = (ROOT / "_toc.yml").read_text()
    assert CHAPTERS
    assert all(f"book/{path.stem}" in toc for path in CHAPTERS)


@every_chapter
def test_parameters_are_tagged_typed_and_explained(chapter):
    tagged = [cell for cell in code_cells(chapter) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    parameters = papermill.inspect_notebook(str(chapter))
    lines = [line for line in tagged[0].source.splitlines() if ":" in line.split("=")[0]]
    assert len(parameters) == len(lines)  # papermill drops, with no more than a word, a line it cannot read
    assert {"profile", "seed", "device"} <= set(parameters)
    for name, parameter in parameters.items():
        assert parameter["inferred_type_name"] != "None", name
        assert parameter["help"], name


def is_set_up(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell only prepares the chapter: Colab, parameters, imports, `open_chapter`."""
    statements = ast.parse(cell.source).body
    return (
        cell.id == "colab-setup"
        or "parameters" in cell.metadata.get("tags", [])
        or "open_chapter(" in cell.source
        or all(isinstance(statement, ast.Import | ast.ImportFrom) for statement in statements)
    )


@every_chapter
def test_cells_are_short(chapter):
    for cell in code_cells(chapter):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 22 or is_set_up(cell), cell.source


@every_chapter
def test_what_computes_a_number_is_on_the_page(chapter):
    for cell in code_cells(chapter):
        assert "remove-cell" not in cell.metadata.get("tags", []) or cell.id == "colab-setup", cell.source
        assert not {"remove-input", "remove-output"} & set(cell.metadata.get("tags", [])), cell.source


@every_chapter
def test_no_name_of_the_chapter_is_private_to_the_package(chapter):
    for cell in code_cells(chapter):
        assert not re.search(r"tgsh\.\w*\._|import _", cell.source), cell.source


def test_the_printed_numbers_are_those_before_the_package_was_rearranged():
    before = compare_records.printed(ROOT / "tests" / "printed_numbers.json")
    before = compare_records.apply_moves(before, ROOT / "tests" / "moved_numbers.json")
    assert compare_records.differences(before, compare_records.printed(ROOT / "data" / "results")) == []


@every_chapter
def test_pictures_have_captions_names_and_alt_text(chapter):
    pictures = 0
    for cell in code_cells(chapter):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            pictures += 1
            metadata = cell.metadata.get("mystnb", {})
            assert metadata.get("figure", {}).get("name", "").startswith("fig-"), cell.source
            assert len(metadata["figure"]["caption"]) > 30
            assert len(metadata["image"]["alt"]) > 30
    assert pictures


@every_chapter
def test_committed_outputs_are_complete_and_clean(chapter):
    for cell in code_cells(chapter):
        assert cell.execution_count is not None, cell.source
    for output in outputs(chapter):
        text = json.dumps(output)
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
        assert not re.search(r"Traceback|Warning:", text)
        assert not MACHINE_PATH.search(output.get("text", "") + str(output.get("data", {}).get("text/plain", "")))
    assert not list(execute.widget_errors(nbformat.read(chapter, as_version=4)))


@every_chapter
def test_committed_outputs_are_of_a_paper_run_and_equal_the_recorded_results(chapter):
    recorded = json.loads((ROOT / "data" / "results" / f"{chapter.stem}.json").read_text())
    assert recorded["profile"] == "paper"
    # A chapter that has no dataset to choose generates its own.
    takes_images = "dataset" in papermill.inspect_notebook(str(chapter))
    assert recorded["dataset"] == ("mnist" if takes_images else "synthetic")
    assert re.fullmatch("[0-9a-f]{12}", recorded["commit"])
    glued = {}
    for output in outputs(chapter):
        name = output.get("metadata", {}).get("scrapbook", {}).get("name")
        if name and "application/papermill.record/text/html" not in output.data:  # a picture for the front page
            glued[name] = ast.literal_eval(output.data["application/papermill.record/text/plain"])
    assert glued == {name: row["text"] for name, row in recorded["results"].items()}


@every_chapter
def test_papermill_runs_it_from_another_folder_with_parameters(chapter, tmp_path):
    command = [sys.executable, "-m", "papermill", str(chapter), "out.ipynb", "-k", "python3"]
    given = {"profile": "smoke", "seed": "3"}
    if "width_mult" in papermill.inspect_notebook(str(chapter)):
        given["width_mult"] = "1"
    command += [word for name, value in given.items() for word in ("-p", name, value)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=execute.LIMITS["smoke"])
    assert done.returncode == 0, done.stderr[-2000:]
    assert "seed 3" in json.dumps(nbformat.read(tmp_path / "out.ipynb", as_version=4))
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["out.ipynb"]


def first_error(kernel, sources):
    """What the kernel says of the first of the cells that fails, as `papermill` prints it; None where all succeed."""
    for source in ("%reset -f", *sources):
        said = kernel.execute_interactive(source, output_hook=lambda message: None, timeout=60)["content"]
        if said["status"] == "error":
            return execute.ANSI.sub("", "\n".join(said["traceback"]))
    return None


@every_chapter
def test_a_bad_parameter_is_one_line_and_no_traceback_of_ours(chapter, kernel):
    given = parameterize_notebook(load_notebook_node(str(chapter)), {"profile": "smoke", "seed": "many"})
    said = first_error(kernel, [cell.source for cell in given.cells if cell.cell_type == "code"])
    assert re.fullmatch("ParameterError: seed must be a whole number .* got 'many'", said)


def test_papermill_ends_with_the_line_of_a_bad_parameter(tmp_path):
    command = [sys.executable, "-m", "papermill", str(CHAPTERS[0]), str(tmp_path / "out.ipynb")]
    done = subprocess.run(
        [*command, "-k", "python3", "-p", "profile", "smoke", "-p", "seed", "many"], capture_output=True, text=True
    )
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert re.fullmatch("ParameterError: seed must be a whole number .* got 'many'", last)
    assert "tgsh/" not in done.stderr.split("Exception encountered")[1]


# Numbers are glued, not typed. What may be typed: conventions, and what the text says is the paper's or the notebook's.
CONVENTIONS = {"95 %", "99 %"}
TYPED = re.compile(r"(?<![\w.-])(?:\d+(?:\.\d+)?\s?%|\d+\.\d+(?!\w))")


def typed_numbers(markdown: str) -> list[str]:
    """Decimals and percentages in prose, outside code, mathematics, links and roles, that name no source."""
    prose = re.sub(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)", "", markdown, flags=re.DOTALL)
    own = [part for part in re.split(r"\n\s*\n", prose) if not re.search("paper|notebook|published|setting", part)]
    return [number for part in own for number in TYPED.findall(part) if number not in CONVENTIONS]


def test_typed_numbers_are_found():
    assert typed_numbers("Accuracy is 94.5 % here, and `0.5` or $0.3$ or {glue:text}`x` are no matter.") == ["94.5 %"]
    assert typed_numbers("We find 0.71.") == ["0.71"]
    assert typed_numbers("The authors' notebook reports 93.2 %.") == []


@every_chapter
def test_no_measured_number_is_typed(chapter):
    cells = [cell for cell in nbformat.read(chapter, as_version=4).cells if cell.cell_type == "markdown"]
    assert [number for cell in cells for number in typed_numbers(cell.source)] == []


# tools/execute.py


def write_chapter(path: Path, *sources: str) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, path)
    return path


def run_tool(source: Path, target: Path, profile: str = "smoke", *more: str) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "tools" / "execute.py", source, target, "--profile", profile, *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=execute.LIMITS["smoke"] + 60)


def test_execute_leaves_a_clean_notebook(tmp_path):
    source = write_chapter(tmp_path / "a.ipynb", "profile = 'paper'", "print(profile)")
    done = run_tool(source, tmp_path / "out" / "a.ipynb")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "a.ipynb").read_text()
    notebook = nbformat.reads(text, as_version=4)
    assert notebook.cells[-1].outputs[0].text == "smoke\n"
    assert len(notebook.cells) == 2
    assert str(tmp_path) not in text
    assert "papermill" not in notebook.metadata


def test_chapters_of_one_folder_run_at_once(tmp_path):
    source = write_chapter(tmp_path / "a.ipynb", "profile = 'paper'", "import os; print(os.getpid())")
    tool = [sys.executable, ROOT / "tools" / "execute.py", source, "--profile", "smoke"]
    started = [subprocess.Popen([*tool, tmp_path / f"{k}.ipynb"], stdout=subprocess.PIPE) for k in range(3)]
    assert [(process.communicate(timeout=300), process.returncode)[1] for process in started] == [0, 0, 0]
    assert len({nbformat.read(tmp_path / f"{k}.ipynb", as_version=4).cells[1].outputs[0].text for k in range(3)}) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.ipynb", "1.ipynb", "2.ipynb", "a.ipynb"]


@pytest.mark.parametrize("channels", [1, 3])
def test_stored_pictures_are_lighter_and_the_same(channels):
    grey = np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8)
    drawn = np.concatenate([grey, grey, grey, np.full_like(grey, 255)], axis=2)
    if channels == 3:
        drawn[0, 0, 0] ^= 1  # one pixel that is not grey
    file = BytesIO()
    Image.fromarray(drawn).save(file, "PNG")
    png = base64.b64encode(file.getvalue()).decode()
    light = execute.lighter(png)
    kept = Image.open(BytesIO(base64.b64decode(light)))
    assert len(light) < len(png)
    assert kept.mode == {1: "L", 3: "RGB"}[channels]
    assert np.array_equal(np.asarray(kept.convert("RGBA")), drawn)


def test_a_transparent_picture_stays_as_it_is():
    file = BytesIO()
    Image.new("RGBA", (8, 8), (9, 9, 9, 100)).save(file, "PNG")
    png = base64.b64encode(file.getvalue()).decode()
    assert execute.lighter(png) == png


@pytest.mark.parametrize(
    "fault",
    [
        "raise ValueError('a deliberate error')",
        "import ipywidgets\nout = ipywidgets.Output()\nwith out:\n    raise ValueError('a deliberate error')\nout",
        "import ipywidgets\n@ipywidgets.interact(x=3)\ndef f(x):\n    raise ValueError('a deliberate error')",
    ],
    ids=["cell", "output-widget", "interact"],
)
def test_a_deliberate_error_fails_the_chapter_and_leaves_the_old_one(tmp_path, fault):
    source, target = write_chapter(tmp_path / "a.ipynb", "profile = 'paper'", fault), tmp_path / "b.ipynb"
    target.write_text("old")
    done = run_tool(source, target)
    assert done.returncode == 1
    assert "a deliberate error" in done.stderr
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "cache") == ["a.ipynb", "b.ipynb"]


def test_an_unknown_profile_is_one_line(tmp_path):
    done = run_tool(CHAPTERS[0], tmp_path / "out.ipynb", profile="fast")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("profile must be one of smoke, quick, paper; got 'fast'")
    assert "Traceback" not in done.stderr


def test_a_misspelt_parameter_is_one_line(tmp_path):
    done = run_tool(CHAPTERS[0], tmp_path / "out.ipynb", "smoke", "-p", "n_task", "12")
    assert done.returncode == 1
    assert re.search("has no parameter n_task; it has .*n_tasks", done.stderr)
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out.ipynb").exists()


def test_a_value_from_the_command_line_keeps_its_type():
    assert [execute.literal(text) for text in ("3", "0.5", "None", "True", "cuda:0", "[1]")] == [
        *(3, 0.5, None, True),
        *("cuda:0", "[1]"),
    ]


def test_output_on_stderr_fails_the_chapter(tmp_path):
    source = write_chapter(tmp_path / "a.ipynb", "profile = 'paper'", "import warnings; warnings.warn('a new warning')")
    done = run_tool(source, tmp_path / "b.ipynb")
    assert done.returncode == 1
    assert "wrote to stderr" in done.stderr
    assert "a new warning" in done.stderr
    assert not (tmp_path / "b.ipynb").exists()


RECORD = """
import json, os, pathlib
folder = pathlib.Path(os.environ["TGSH_RESULTS"])
folder.mkdir(parents=True)
row = {"value": VALUE, "text": "VALUE"}
(folder / "a.json").write_text(json.dumps({"results": {"x": row}}))
"""


@pytest.mark.parametrize(
    ("value", "then", "kept"), [("1.5", "", True), ("float('nan')", "", False), ("1.5", "1 / 0", False)]
)
def test_notebook_and_record_are_kept_together_or_not_at_all(tmp_path, monkeypatch, value, then, kept):
    monkeypatch.setenv("TGSH_RESULTS", str(tmp_path / "results"))
    source = write_chapter(tmp_path / "a.ipynb", "profile = 'paper'", RECORD.replace("VALUE", value, 1), then)
    done = run_tool(source, tmp_path / "b.ipynb")
    assert (done.returncode == 0) == kept
    assert (tmp_path / "b.ipynb").exists() == kept
    assert (tmp_path / "results" / "a.json").exists() == kept
    assert not list(tmp_path.glob(".draft-*"))
    if "nan" in value:
        assert "the recorded number x is" in done.stderr


def test_a_cell_that_takes_too_long_is_named(tmp_path, monkeypatch):
    source = write_chapter(tmp_path / "a.ipynb", "profile = 'paper'", "import time\ntime.sleep(60)")
    problem = execute.run(source, tmp_path / "b.ipynb", {}, limit=1)
    assert problem == "a cell took more than 1 s and was given up; it begins: import time"


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_execution_is_one_line_and_leaves_nothing(tmp_path, signal_name):
    source = write_chapter(tmp_path / "a.ipynb", "profile = 'paper'", "import time\ntime.sleep(60)")
    command = [sys.executable, ROOT / "tools" / "execute.py", source, tmp_path / "b.ipynb", "--profile", "smoke"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # In the background of a script, where these tests may run, SIGINT is ignored.
    running = subprocess.Popen(command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options)
    while not list(tmp_path.glob(".draft-*/*.ipynb")):
        assert running.poll() is None
    running.send_signal(getattr(signal, signal_name))
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted: ")
    assert "Traceback" not in said
    assert not (tmp_path / "b.ipynb").exists()
    assert not list(tmp_path.glob(".draft-*"))
