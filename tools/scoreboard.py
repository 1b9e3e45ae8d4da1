"""Choose the settings of the scoreboard's methods, run its grid, and write its table.

    .venv/bin/python tools/scoreboard.py tune
    .venv/bin/python tools/scoreboard.py run FOLDER [--seeds 5] [--jobs 1]
    .venv/bin/python tools/scoreboard.py time FOLDER
    .venv/bin/python tools/scoreboard.py write FOLDER

Each goes on where it was interrupted. ``run`` measures accuracy, and needs no calm machine; ``time`` measures the time
of each method, in turn with FlyNet, and does. ``write`` makes one table of the records of both.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tgsh.runs import sweep, sweep_table, write_table
from tgsh.scoreboard import METHODS, N_SEEDS, RECORDED, read_settings, recorded_grid, run_cell, time_grid, tune

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


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("tune", "run", "time", "write"))
    parser.add_argument("folder", nargs="?", type=Path, help="folder of the records of the cells")
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="number of seeds")
    parser.add_argument("--jobs", type=int, default=1, help="number of processes")
    arguments = parser.parse_args()
    if arguments.what == "tune":
        return choose()
    if arguments.folder is None:
        parser.error("give the folder of the records")
    if arguments.what == "write":
        write_table(sweep_table(arguments.folder), TABLE)
        return None
    settings = read_settings(SETTINGS)
    cells = recorded_grid(settings, arguments.seeds) if arguments.what == "run" else time_grid(settings)
    sweep(run_cell, cells, arguments.folder, n_jobs=arguments.jobs, say=lambda line: print(line, flush=True))
    return None


if __name__ == "__main__":
    main()
