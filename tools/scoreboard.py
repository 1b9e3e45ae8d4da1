"""Choose the settings of the scoreboard's methods, run its grid, and write its table.

    .venv/bin/python tools/scoreboard.py tune
    .venv/bin/python tools/scoreboard.py run FOLDER [--seeds 3] [--jobs 1]
    .venv/bin/python tools/scoreboard.py write FOLDER

``tune`` and ``run`` go on where they were interrupted.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tgsh.runs import sweep, sweep_table, write_table
from tgsh.scoreboard import METHODS, grid_cells, read_settings, run_cell, tune

DATA = Path(__file__).resolve().parent.parent / "data"
SETTINGS, TABLE = DATA / "scoreboard_settings.json", DATA / "scoreboard.parquet"
SIZES = {"dataset": "mnist", "n_train": 500, "n_test": 200, "n_validation": 1000, "timed": 1}
# On the first task these are the same learner: there is nothing to forget, and only one task to find.
SAME = {"gaussians": "flynet", "own_large": "finetuned", "ewc": "finetuned", "joint": "finetuned"}


def choose() -> None:
    """Tune every method on the first task of the rotations, which three streams share, and of the split digits."""
    found = json.loads(SETTINGS.read_text(encoding="utf-8")) if SETTINGS.exists() else {}
    for method in sorted(METHODS, key=lambda name: name in SAME):
        for stream in ("rotation", "split"):
            if method not in found.setdefault(stream, {}):
                same = found[stream].get(SAME.get(method))
                found[stream][method] = same or tune(stream, method, "mnist", SIZES["n_train"], SIZES["n_validation"])
                SETTINGS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
                print(stream, method, found[stream][method], flush=True)


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tune", "run", "write"))
    parser.add_argument("folder", nargs="?", type=Path, help="folder of the records of the cells")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--jobs", type=int, default=1, help="number of processes")
    arguments = parser.parse_args()
    if arguments.what == "tune":
        return choose()
    if arguments.folder is None:
        parser.error("give the folder of the records")
    if arguments.what == "run":
        cells = grid_cells(read_settings(SETTINGS), range(arguments.seeds), **SIZES)
        sweep(run_cell, cells, arguments.folder, n_jobs=arguments.jobs, say=print)
    else:
        write_table(sweep_table(arguments.folder), TABLE)
    return None


if __name__ == "__main__":
    main()
