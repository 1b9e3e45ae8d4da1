"""Seals: digests of what belongs together in a record, its notebook and the code that made them.

``execute.py`` seals a record after its chapter has succeeded. Later, `faults` names what fits no more: cells that were
edited and not run again, an output or a picture from elsewhere, a number that was changed by hand. The modules of
``tgsh`` may change (the page of the runs names those that did), so long as a run in the smoke profile gives the numbers
that it gave when the chapter was sealed: ``seals.py SEALED NOW`` compares two folders of records of such runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import torch
from compare_records import TIMED, differences, printed

from tgsh.runs import code_digest, imported_code


def digest(content: Any) -> str:
    """Return a short digest of content that JSON can express."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _code(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in _code_cells(notebook))


def machine() -> str:
    """Return what the last digits of a result depend on: instructions of the processor, and the number of cores."""
    return f"{torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores"


def seal(notebook: nbformat.NotebookNode, record: dict[str, Any]) -> dict[str, Any]:
    """Return the seal of a record and of the notebook, as executed, that wrote it.

    Comments and layout of the code do not count.
    """
    return {
        "code": digest([code_digest(cell.source) for cell in _code_cells(notebook)]),
        "outputs": digest([[cell.id, cell.outputs] for cell in _code_cells(notebook)]),
        "results": digest({key: record[key] for key in record if key not in ("seal", "seconds", "stolen")}),
        "machine": machine(),
        "modules": imported_code(_code(notebook)),
    }


def faults(notebook: nbformat.NotebookNode, record: dict[str, Any]) -> list[str]:
    """Return a line for each part of a record and its notebook that is not as it was sealed."""
    sealed, now = record.get("seal", {}), seal(notebook, record)
    said = {
        "code": "cells were edited after the run: run the chapter again",
        "outputs": "outputs are not those of the run",
        "results": "the record is not as the run wrote it",
    }
    return [line for part, line in said.items() if sealed.get(part) != now[part]]


def main() -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Compare today's records of the smoke profile with those sealed.")
    parser.add_argument("sealed", type=Path)
    parser.add_argument("now", type=Path)
    chosen = parser.parse_args()
    made_on = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["seal"]["machine"]
        for path in sorted(chosen.sealed.glob("*.json"))
    }
    elsewhere = sorted(chapter for chapter, where in made_on.items() if where != machine())
    if elsewhere:
        print(f"sealed on another machine, so only names are compared: {', '.join(elsewhere)}")
    before, after = printed(chosen.sealed), printed(chosen.now)
    missing = sorted(set(after) - set(before))
    found = [f"{chapter}: not sealed; make paper seals it" for chapter in missing]
    found += [
        line
        for line in differences(before, after)
        if line.partition(":")[0] not in elsewhere or line.endswith((" missing after", "no record"))
    ]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(before)} sealed chapters were compared, times left out ({', '.join(sorted(TIMED))})")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
