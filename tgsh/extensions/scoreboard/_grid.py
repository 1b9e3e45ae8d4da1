"""The grid of cells that the chapter shows: sizes, settings, and the order in which cells are run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tgsh.datasets import checkout_folder
from tgsh.errors import DataError
from tgsh.extensions.scoreboard._cells import METHODS
from tgsh.extensions.scoreboard._streams import STREAMS

# Tasks of shorter streams, for cells with more images, and where the chapter runs all cells itself.
REDUCED = {"rotation": 9, "shift": 7, "permuted": 5, "split": 5}
# The recorded grid, on the whole streams: five seeds, three for the slow methods; half an hour of one core.
RECORDED = {"dataset": "mnist", "n_train": 500, "n_test": 200, "n_validation": 1000, "timed": 1}
N_SEEDS, N_SLOW_SEEDS = 5, 3
# Methods that need more than 0.4 s of one core for a task of 1,000 images, its tests included.
SLOW = ("neuromodnet", "readout_all", "supsup", "batchensemble", "ewc", "replay", "fly_association", "gaussians")
# More images on nine rotations, for the methods that keep about as much as FlyNet: two minutes of these.
MORE_IMAGES = (2000,)
AT_BUDGET = ("flynet", "readout_784", "pixels", "own_small", "supsup", "batchensemble")
# All images, on the one stream that another paper has as well: van de Ven and Tolias (2018), split MNIST.
PUBLISHED = {"dataset": "mnist", "n_train": 11800, "n_test": 2000, "n_validation": 1000, "timed": 0}
AS_PUBLISHED = ("finetuned", "ewc", "joint", "xdg")
# Times are measured apart, on a machine that does nothing else: rotations that FlyNet learns in turn with each method.
N_TIMED = 4
_FIRST = {"rotation": "rotation", "shift": "rotation", "permuted": "rotation", "split": "split"}

Settings = Mapping[str, Mapping[str, Mapping[str, Any]]]


def read_settings(path: Path | str | None = None) -> Settings:
    """Read what `tune` found, from a JSON file: stream -> method -> settings and accuracies of the trials.

    Streams whose first task is the same, the images as they are, share an entry.

    Args:
        path: default: ``data/scoreboard_settings.json`` of the checkout.

    Raises:
        DataError: there is no such file, it is damaged, or a method is missing.
    """
    path = _of_checkout("scoreboard_settings.json") if path is None else path
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        missing = [name for stream in set(_FIRST.values()) for name in METHODS if name not in found[stream]]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} does not hold the settings of the scoreboard ({type(error).__name__})") from None
    if missing:
        raise DataError(f"{path} lacks settings of {missing[0]}; run tools/scoreboard.py tune")
    return {stream: found[first] for stream, first in _FIRST.items()}


def grid_cells(
    settings: Settings,
    seeds: Sequence[int],
    n_tasks: Mapping[str, int] = STREAMS,
    methods: Sequence[str] = tuple(METHODS),
    n_slow_seeds: int | None = None,
    **sizes: int | str,
) -> list[dict[str, Any]]:
    """Cells of a grid, as arguments of `run_cell`: all streams and methods with the first seed, then with the next.

    Args:
        settings: from `read_settings`.
        seeds: seeds.
        n_tasks: number of tasks of each stream that takes part.
        methods: keys of `METHODS`.
        n_slow_seeds: number of seeds, the first ones, of the methods in `SLOW`; default: all.
        sizes: further arguments of `run_cell`, the same in every cell.
    """
    return [
        {
            "stream": stream,
            "method": method,
            "seed": seed,
            "settings": json.dumps(settings[stream][method]["settings"]),
            "n_tasks": n_tasks[stream],
            **sizes,
        }
        for i, seed in enumerate(seeds)
        for method in methods
        if n_slow_seeds is None or i < n_slow_seeds or method not in SLOW
        for stream in STREAMS
        if stream in n_tasks
    ]


def recorded_grid(settings: Settings, n_seeds: int = N_SEEDS) -> list[dict[str, Any]]:
    """All cells of the recorded table but those of time (`time_grid`), in the order in which they are run.

    Args:
        settings: from `read_settings`.
        n_seeds: number of seeds, from 0 on.
    """
    few, others = range(min(n_seeds, N_SLOW_SEEDS)), range(N_SLOW_SEEDS, n_seeds)
    cells = grid_cells(settings, few, **RECORDED)
    cells += grid_cells(settings, few, {"split": 5}, AS_PUBLISHED, **PUBLISHED)
    for n in (RECORDED["n_train"], *MORE_IMAGES):
        sizes = RECORDED | {"n_train": n}
        cells += grid_cells(settings, few, {"rotation": REDUCED["rotation"]}, AT_BUDGET, **sizes)
    return cells + grid_cells(settings, others, n_slow_seeds=0, **RECORDED)


def time_grid(
    settings: Settings, seeds: Sequence[int] = range(N_SLOW_SEEDS), **sizes: int | str
) -> list[dict[str, Any]]:
    """Cells that measure time: every method on a few rotations, in turn with FlyNet.

    Args:
        settings: from `read_settings`.
        seeds: seeds.
        sizes: arguments of `run_cell` in the place of those of `RECORDED`.
    """
    sizes = RECORDED | {"n_test": 20, "timed": N_TIMED} | sizes
    return grid_cells(settings, seeds, {"rotation": N_TIMED}, **sizes)


def recorded_cells(path: Path | str | None = None) -> list[dict[str, Any]]:
    """Rows of the recorded table: the arguments of `run_cell`, what it returned, and the commit (``run_commit``).

    Args:
        path: Parquet file; default: ``data/scoreboard.parquet`` of the checkout.

    Raises:
        DataError: there is no such file, or it is damaged.
    """
    import pyarrow.parquet

    path = _of_checkout("scoreboard.parquet") if path is None else path
    try:
        return pyarrow.parquet.read_table(path).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path} cannot be read ({type(error).__name__}); run tools/scoreboard.py") from None


def _of_checkout(name: str) -> Path:
    folder = checkout_folder()
    if folder is None:
        raise DataError(f"data/{name} is in the repository, which this package is not run from; use profile quick")
    return folder / "data" / name


def is_cell(row: Mapping[str, Any], cell: Mapping[str, Any]) -> bool:
    """Whether a recorded row has the arguments of a cell."""
    return all(row.get(name) == value for name, value in cell.items())
