"""Execute one chapter with papermill and leave a clean notebook: ``execute.py IN OUT --profile P [-p NAME VALUE ...]``.

The record gets a seal (``seals.py``), unless ``--no-seal`` says that nothing will ask for it: it takes some seconds.

Notebook and record (where ``$TGSH_RESULTS`` names a folder) are put in place together, after the chapter has succeeded.
On failure it prints one line (and the traceback, where the fault is not the user's), leaves both as they were, and
exits with 1; interrupted, with 130. What papermill does not see counts as a failure too: errors inside widgets, output
on stderr, a number that is not finite.
"""

from __future__ import annotations

import ast
import base64
import json
import logging
import math
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import drafts
import figure_data
import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError
from PIL import Image
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent  # where relative paths start, as for the package
ANSI = re.compile(r"\x1b\[[0-9;]*m")


# Seconds that one cell may take: the longest cell of a chapter takes a tenth of it. Kernel and client can wait for each
# other for ever where an Output widget catches an error.
LIMITS = {"smoke": 600, "quick": 1800, "paper": 7200}


def widget_errors(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Messages of exceptions that were raised inside Output widgets: they end up in the widget state only."""
    states = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    for model in states.values():
        for output in model.get("state", {}).get("outputs", ()):
            if output.get("output_type") == "error":
                yield f"{output['ename']}: {output['evalue']}"


def clean(notebook: nbformat.NotebookNode, is_injected: bool) -> None:
    """Remove what papermill and the kernel write about the machine and the moment, and lines of progress."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    if is_injected:
        notebook.cells = [c for c in notebook.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            cell.metadata.pop("tags")
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("metadata", {}).get("tgsh") != "progress"]
            for data in (output.get("data", {}) for output in cell.outputs):
                if "image/png" in data:
                    data["image/png"] = lighter(data["image/png"])


def take_figure_data(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Remove the values of figures from the outputs, and return those of named figures, name -> CSV."""
    found = {}
    for cell in notebook.cells:
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for output in cell.get("outputs", ()):
            table = output.get("data", {}).pop(figure_data.MIME, None)
            if table is not None and name is not None:
                found[name] = table
    return found


def put_figure_data(tables: dict[str, str], folder: Path) -> None:
    """Let ``folder`` hold these tables, one file a figure, and no others; no folder where there are none."""
    for old in folder.glob("*.csv"):
        if old.stem not in tables:
            old.unlink()
    for name, table in tables.items():
        folder.mkdir(parents=True, exist_ok=True)
        drafts.put_text(table, folder / f"{name}.csv")


def lighter(png: str) -> str:
    """The same pixels (PNG in base64) without channels that say nothing: no alpha if opaque, one channel if grey."""
    drawn = Image.open(BytesIO(base64.b64decode(png))).convert("RGBA")
    red, green, blue, alpha = drawn.split()
    if alpha.getextrema() != (255, 255):
        return png
    is_grey = red.tobytes() == green.tobytes() == blue.tobytes()
    file = BytesIO()
    (red if is_grey else Image.merge("RGB", (red, green, blue))).save(file, "PNG", optimize=True)
    return min(png, base64.b64encode(file.getvalue()).decode(), key=len)


def stolen_seconds(stat: Path = Path("/proc/stat")) -> float | None:
    """Seconds a core, since the machine started, for which the host of a virtual machine gave its cores to others."""
    try:
        counts = (
            stat.read_text(encoding="utf-8").splitlines()[0].split()
        )  # cpu user nice system idle iowait irq softirq steal ...
        return int(counts[8]) / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)
    except (OSError, IndexError, ValueError):  # not Linux
        return None


def finish_record(
    record: Path, notebook: nbformat.NotebookNode, started: float, stolen: float | None = None, is_sealed: bool = True
) -> None:
    """Add to the record of a chapter how many seconds it ran, what of them was ``stolen``, and its seal."""
    if not record.is_file():
        return
    content = json.loads(record.read_text(encoding="utf-8")) | {"seconds": round(time.time() - started)}
    if stolen is not None:
        content["stolen"] = round(stolen)
    if is_sealed:
        import seals  # which imports torch, so only where there is something to seal

        content["seal"] = seals.seal(notebook, content)
    drafts.put_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", record)


def complaints(notebook: nbformat.NotebookNode, record: Path) -> Iterator[str]:
    """What papermill passes over: errors in widgets, output on stderr, numbers that no other language reads."""
    yield from (f"inside a widget: {error}" for error in widget_errors(notebook))
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                yield f"cell {cell.id} wrote to stderr: {output.text.strip().splitlines()[-1]}"
    if record.is_file():
        for name, row in json.loads(record.read_text(encoding="utf-8"))["results"].items():
            numbers = [row["value"], *row.get("per_seed", ())]
            if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
                yield f"the recorded number {name} is {row['text']}"


def execute(
    source: Path, target: Path, profile: str, parameters: dict[str, object] | None = None, is_sealed: bool = True
) -> str | None:
    """Execute ``source`` and write ``target``; return what went wrong, or None."""
    parameters = parameters or {}
    if parameters:
        known = papermill.inspect_notebook(str(source))
        unknown = ", ".join(sorted(set(parameters) - set(known)))
        if unknown:
            return f"this chapter has no parameter {unknown}; it has {', '.join(known)}"
    started, stolen = time.time(), stolen_seconds()
    with drafts.draft_folder(target.parent) as folder:
        draft, record = folder / source.name, folder / "results" / f"{source.stem}.json"
        with results_in(record.parent.resolve()):
            problem = run(source, draft, {"profile": profile} | parameters, LIMITS.get(profile, max(LIMITS.values())))
        if problem is not None:
            return problem
        notebook = nbformat.read(draft, as_version=4)
        found = list(complaints(notebook, record))
        if found:
            return "; ".join(found)
        tables = take_figure_data(notebook)
        clean(notebook, is_injected=True)
        nbformat.validate(notebook)
        nbformat.write(notebook, draft)
        finish_record(record, notebook, started, None if stolen is None else stolen_seconds() - stolen, is_sealed)
        if os.environ.get("TGSH_RESULTS") and record.is_file():
            kept = ROOT / Path(os.environ["TGSH_RESULTS"]).expanduser()  # as the package reads a relative path
            for written in record.parent.glob(f"{record.stem}.*"):  # the record, and what lies beside it
                drafts.put_bytes(written.read_bytes(), kept / written.name)
            put_figure_data(tables, kept / "figures" / source.stem)
        os.replace(draft, target)
    return None


def run(source: Path, draft: Path, parameters: dict[str, object], limit: int) -> str | None:
    """Run ``source`` by papermill; return what went wrong, or None."""
    try:
        with tempfile.TemporaryDirectory(prefix="tgsh-kernel-") as folder, importable(Path(__file__).parent):
            # No open ports, and no warning of them; sockets of its own, so that two chapters can run at once.
            sockets = {"transport": "ipc", "ip": f"{folder}/socket"}
            papermill.execute_notebook(
                str(source),
                str(draft),
                parameters=parameters,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                cwd=str(source.parent.resolve()),
                execution_timeout=limit,
                config=Config({"KernelManager": sockets}),
                extra_arguments=[f"--IPKernelApp.extra_extensions={figure_data.__name__}"],
            )
    except PapermillExecutionError as error:
        # One of ours explains itself in a line; anything else needs its traceback.
        traceback = ANSI.sub("", "\n".join(error.traceback))
        return traceback if "Traceback" in traceback else f"{error.ename}: {error.evalue}"
    except CellTimeoutError as error:
        first = str(error).partition("Here is a preview of the cell contents:")[2].strip(" -\n").partition("\n")[0]
        return f"a cell took more than {limit} s and was given up; it begins: {first}"
    except DeadKernelError:
        return "the kernel died, most likely for want of memory; choose a smaller width_mult, n_train or n_tasks"
    return None


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Let kernels that are started import what lies in ``folder``."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*([before] if before else []), str(folder.resolve())])
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)


@contextmanager
def results_in(folder: Path) -> Iterator[None]:
    """Let the chapter write its record into ``folder``, and no other."""
    before = os.environ.get("TGSH_RESULTS")
    os.environ["TGSH_RESULTS"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("TGSH_RESULTS") if before is None else os.environ.update(TGSH_RESULTS=before)


def literal(text: str) -> object:
    """A parameter from the command line: a number, True, False or None where it reads as one, else a string."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


def main() -> int:
    """Run the command line; return its exit status."""
    parser = drafts.Parser(description="Execute one chapter with papermill.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--profile", required=True)
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), dest="parameters")
    parser.add_argument("--no-seal", action="store_false", dest="is_sealed", help="leave the record without a seal")
    chosen = parser.parse_args()
    logging.getLogger("papermill").setLevel(logging.ERROR)
    if not chosen.source.is_file():
        print(f"error: there is no chapter {chosen.source}", file=sys.stderr)
        return 1
    print(f"{chosen.source}: running in profile {chosen.profile} ...", flush=True)
    parameters = {name: literal(value) for name, value in chosen.parameters}
    problem = execute(chosen.source, chosen.target, chosen.profile, parameters, chosen.is_sealed)
    if problem is not None:
        print(f"error: {chosen.source}: {problem}", file=sys.stderr)
        return 1
    size = chosen.target.stat().st_size
    cells = sum(cell["cell_type"] == "code" for cell in json.loads(chosen.target.read_text(encoding="utf-8"))["cells"])
    print(f"{chosen.source}: done, {cells} cells, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(drafts.command(main, "the chapter is not finished; run it again, it goes on from there"))
