"""Provenance of a number: it is recorded with the run that produced it, and the prose is glued from the same value."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

from IPython.display import Markdown, display
from myst_nb import glue

from tgsh.datasets import folder_from
from tgsh.errors import TgshError
from tgsh.runs._device import device_name, resolve_device
from tgsh.runs._profiles import Run
from tgsh.runs._verdicts import Estimate

NBSP = "\N{NO-BREAK SPACE}"

_LIBRARIES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "matplotlib")


def commit() -> str:
    """The commit of the running code, marked "with changes" where ``tgsh`` differs from it; "unknown" without one."""
    package = Path(__file__).resolve().parent.parent
    if (package.parent / "_toc.yml").exists():
        try:
            head = _git(package, "rev-parse", "--short=12", "HEAD")
            return head + (" with changes" if _git(package, "status", "--porcelain", "--", ".") else "")
        except (OSError, subprocess.SubprocessError):
            return "unknown"
    try:  # installed by pip from a repository
        origin = json.loads(distribution("tgsh").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return "unknown"
    return origin.get("vcs_info", {}).get("commit_id", "unknown")[:12]


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=True, timeout=10
    )
    return done.stdout.strip()


def provenance(run: Run) -> dict[str, Any]:
    """Profile, dataset, seed, parameters, device, versions, commit and date of a run, JSON-able."""
    return {
        "profile": run.profile,
        "dataset": run.dataset,
        "seed": run.seed,
        "parameters": dict(sorted(run.parameters.items())),
        "device": device_name(resolve_device(run.device)),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def record(run: Run, results: Mapping[str, tuple[Any, str]]) -> None:
    """Glue results into the page and, where ``$TGSH_RESULTS`` names a folder, write them to ``<chapter>.json`` there.

    A chapter may call this several times, with other names each time; the file then holds all results. The first call
    adds the title of the data and the numbers of tasks and seeds (`Run.facts`).

    Args:
        run: the run of the chapter.
        results: name -> (value, format), e.g. ``{"mean_accuracy": (0.948, ".1%")}``. A value is a number, a string, a
            list of numbers, one for each seed, shown as their mean with their range in brackets, or an `Estimate`,
            shown with its interval. The prose shows the formatted text under that name; the file holds the text, and
            the value with two digits more: the digits after them differ with the number of threads and the processor.

    Raises:
        TgshError: the file cannot be written.
    """
    if not run.results:
        results = run.facts | dict(results)
    for name, (value, form) in results.items():
        run.results[name] = _row(value, form)
        glue(name, run.results[name]["text"], display=False)
    folder = folder_from("TGSH_RESULTS")
    if folder is not None:
        _write(folder / f"{run.chapter}.json", provenance(run) | {"results": run.results})


def _row(value: Any, form: str) -> dict[str, Any]:
    if isinstance(value, Estimate):
        row = {name: float(getattr(value, name)) for name in ("value", "low", "high")}
    elif isinstance(value, list):
        values = [float(v) for v in value]
        row = {"value": sum(values) / len(values), "per_seed": values}
    else:  # tensors and NumPy scalars as Python numbers
        row = {"value": value.item() if hasattr(value, "item") else value}
    row = {
        name: [_kept(v, form) for v in number] if isinstance(number, list) else _kept(number, form)
        for name, number in row.items()
    } | {"format": form}
    return row | {"text": _row_text(row)}


def _kept(value: Any, form: str) -> Any:
    # A number rounded to two digits more than its text shows, or to the fewest more that leave the text as it is.
    shown = re.search(r"\.(\d+)([f%eg])$", form)
    if not isinstance(value, float) or not shown or not math.isfinite(value):
        return value
    text, digits, kind = _text(value, form), int(shown[1]) + 2, shown[2]
    for places in range(digits, digits + 15):
        if kind in "f%":
            kept = round(value, places + 2 * (kind == "%")) + 0.0
        else:
            kept = float(format(value, f".{places}{kind}"))
        if _text(kept, form) == text:
            return kept
    return value


def _row_text(row: Mapping[str, Any]) -> str:
    # What a row prints follows from its numbers and its format alone, so that records can be checked.
    if "per_seed" in row:
        return _with_range(row["value"], min(row["per_seed"]), max(row["per_seed"]), row["format"])
    if "low" in row:
        return _with_range(row["value"], row["low"], row["high"], row["format"])
    return _text(row["value"], row["format"])


def _with_range(value: float, low: float, high: float, form: str) -> str:
    text, low_text, high_text = (_text(v, form) for v in (value, low, high))
    if low_text == high_text:
        return text
    return f"{text} ({low_text.removesuffix(NBSP + '%')} to {high_text.removesuffix(NBSP + '%')})"


def _text(value: Any, form: str) -> str:
    text = format(value, form)
    if isinstance(value, str):
        return text
    if form.endswith("f") and float(text) == 0:
        text = text.lstrip("-")  # no minus zero
    return text.replace("%", NBSP + "%").replace("-", "−")


def _write(path: Path, content: Mapping[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False) as file:
            json.dump(content, file, indent=2, ensure_ascii=False)
            file.write("\n")
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except OSError as error:
        raise TgshError(f"results cannot be written to {path} ({error.strerror}); set TGSH_RESULTS") from None


def show_stamp(run: Run) -> None:
    """Display the provenance of a page, at its end."""
    facts = provenance(run)
    libraries = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    parameters = ", ".join(f"{k} = {v}" for k, v in facts["parameters"].items() if k not in ("dataset", "seed"))
    rows = {
        "Commit": f"`{facts['commit']}`",
        "Date": facts["date"],
        "Profile": f"{run.profile} ({parameters})",
        "Dataset": run.data_title,
        "Seed": run.seed,
        "Device": facts["device"],
        "Versions": libraries,
        "Run time": f"{time.monotonic() - run.started:.0f} s, what the run cache held not counted",
    }
    lines = ["| This page | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    display(Markdown("\n".join(lines)))
