"""Choose the settings of the scoreboard's methods, run its grid, and write its table.

    .venv/bin/python tools/scoreboard.py tune
    .venv/bin/python tools/scoreboard.py run FOLDER [--seeds 5] [--jobs 1] [--anew]
    .venv/bin/python tools/scoreboard.py time FOLDER [--anew]
    .venv/bin/python tools/scoreboard.py write FOLDER

Each goes on where it was interrupted, and runs no cell that the table holds, unless ``--anew`` asks for it. ``run``
measures accuracy, and needs no calm machine; ``time`` measures the time of each method, in turn with FlyNet, and does.
``write`` adds the records to the table, and drops what is not of the grid.
"""

from __future__ import annotations

import argparse
import inspect
import json
from pathlib import Path
from typing import Any

import pyarrow

from tgsh.extensions.scoreboard import (
    METHODS,
    N_SEEDS,
    RECORDED,
    is_cell,
    read_settings,
    recorded_cells,
    recorded_grid,
    run_cell,
    time_grid,
    tune,
)
from tgsh.runs import sweep, sweep_table, write_table

DATA = Path(__file__).resolve().parent.parent / "data"
SETTINGS, TABLE = DATA / "scoreboard_settings.json", DATA / "scoreboard.parquet"
# On the first task joint training is the same learner: there are no others.
SAME = {"joint": "own_large"}


def choose() -> None:
    """Tune every method on the first task of the rotations, which three streams share, and of the split digits."""
    found = json.loads(SETTINGS.read_text(encoding="utf-8")) if SETTINGS.exists() else {}
    for method in sorted(METHODS, key=lambda name: name in SAME):
        for stream in ("rotation", "split"):
            if method not in found.setdefault(stream, {}):
                same = found[stream].get(SAME.get(method))
                found[stream][method] = same or tune(
                    stream, method, "mnist", RECORDED["n_train"], RECORDED["n_validation"]
                )
                SETTINGS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
                print(stream, method, found[stream][method], flush=True)


def new_cells(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Arguments of `run_cell` of some rows."""
    names = inspect.signature(run_cell).parameters
    return [{name: row[name] for name in names} for row in rows]


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tune", "run", "time", "write"))
    parser.add_argument("folder", nargs="?", type=Path, help="folder of the records of the cells")
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="number of seeds")
    parser.add_argument("--jobs", type=int, default=1, help="number of processes")
    parser.add_argument("--anew", action="store_true", help="run what the table holds as well")
    arguments = parser.parse_args()
    if arguments.what == "tune":
        return choose()
    if arguments.folder is None:
        parser.error("give the folder of the records")
    settings = read_settings(SETTINGS)
    grid, times = recorded_grid(settings, arguments.seeds), time_grid(settings)
    known = [row for row in recorded_cells(TABLE) if any(is_cell(row, cell) for cell in grid + times)]
    if arguments.what == "write":
        found = sweep_table(arguments.folder)
        new = [row for row in found.to_pylist() if any(is_cell(row, cell) for cell in grid + times)]
        rows = new + [row for row in known if not any(is_cell(row, cell) for cell in new_cells(new))]
        write_table(pyarrow.Table.from_pylist(rows, found.schema), TABLE)
        return None
    cells = grid if arguments.what == "run" else times
    if not arguments.anew:
        cells = [cell for cell in cells if not any(is_cell(row, cell) for row in known)]
    sweep(run_cell, cells, arguments.folder, n_jobs=arguments.jobs, say=lambda line: print(line, flush=True))
    return None


if __name__ == "__main__":
    main()
