"""Execute one chapter with papermill, in a profile, and leave a clean notebook: ``execute.py IN OUT --profile P``.

On failure it prints one line (and the traceback, where the fault is not the user's), leaves OUT as it was, and exits
with 1. Errors that papermill does not see, those inside widgets, count as failures too.
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError
from PIL import Image
from traitlets.config import Config

ANSI = re.compile(r"\x1b\[[0-9;]*m")


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
        counts = stat.read_text().splitlines()[0].split()  # cpu user nice system idle iowait irq softirq steal ...
        return int(counts[8]) / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)
    except (OSError, IndexError, ValueError):  # not Linux
        return None


def note_run_time(record: Path, started: float, stolen: float | None = None) -> None:
    """Add to the record that a chapter has written how many seconds it ran, and what of them was ``stolen``."""
    if not record.is_file() or record.stat().st_mtime < started:
        return
    content = json.loads(record.read_text()) | {"seconds": round(time.time() - started)}
    if stolen is not None:
        content["stolen"] = round(stolen)
    draft = record.with_suffix(".part")
    draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    os.replace(draft, record)


def execute(source: Path, target: Path, profile: str) -> str | None:
    """Execute ``source`` and write ``target``; return what went wrong, or None."""
    started, stolen = time.time(), stolen_seconds()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".execute-", dir=target.parent) as folder:
        draft = Path(folder) / source.name
        try:
            papermill.execute_notebook(
                str(source),
                str(draft),
                parameters={"profile": profile},
                kernel_name="python3",
                language="python",
                progress_bar=False,
                cwd=str(source.parent.resolve()),
                config=Config({"KernelManager": {"transport": "ipc"}}),  # no open ports, and no warning of them
            )
        except PapermillExecutionError as error:
            # One of ours explains itself in a line; anything else needs its traceback.
            traceback = ANSI.sub("", "\n".join(error.traceback))
            return traceback if "Traceback" in traceback else f"{error.ename}: {error.evalue}"
        notebook = nbformat.read(draft, as_version=4)
        errors = list(widget_errors(notebook))
        if errors:
            return "inside a widget: " + "; ".join(errors)
        clean(notebook, is_injected=True)
        nbformat.validate(notebook)
        nbformat.write(notebook, draft)
        os.replace(draft, target)
    if os.environ.get("TGSH_RESULTS"):
        meanwhile = None if stolen is None else stolen_seconds() - stolen
        note_run_time(Path(os.environ["TGSH_RESULTS"]) / f"{source.stem}.json", started, meanwhile)
    return None


def main() -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Execute one chapter with papermill.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--profile", required=True)
    chosen = parser.parse_args()
    logging.getLogger("papermill").setLevel(logging.ERROR)
    print(f"{chosen.source}: running in profile {chosen.profile} ...", flush=True)
    problem = execute(chosen.source, chosen.target, chosen.profile)
    if problem is not None:
        print(f"error: {chosen.source}: {problem}", file=sys.stderr)
        return 1
    size = chosen.target.stat().st_size
    cells = sum(cell["cell_type"] == "code" for cell in json.loads(chosen.target.read_text())["cells"])
    print(f"{chosen.source}: done, {cells} cells, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
