"""Commands: ``python -m tgsh cache [clear]``, ``python -m tgsh benchmark`` and ``python -m tgsh sweep``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from tgsh.errors import ParameterError, TgshError
from tgsh.runs import BACKENDS, PROFILES, Chapter, RunCache, open_notebook, parse_grid

# Jobs of the package that `sweep` knows by a short name: name -> "module:function".
NAMED_JOBS: dict[str, str] = {"scoreboard": "tgsh.extensions.scoreboard:run_cell"}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Report the error and exit with 2."""
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status: 0; 2 after one line that says what is wrong; 130 if interrupted."""
    parser = Parser(prog="python -m tgsh", description="The T-GSH interactive paper.")
    commands = parser.add_subparsers(dest="command", required=True)
    cache = commands.add_parser("cache", help="say what the run cache holds, or empty it")
    cache.add_argument("action", nargs="?", choices=("info", "clear"), default="info")
    speed = commands.add_parser("benchmark", help="time the plain path, the fast path and the floor side by side")
    speed.add_argument("--profile", choices=tuple(PROFILES), default="paper")
    speed.add_argument("--compared", type=int, help="tasks that both paths train in turn (default 6, or all)")
    speed.add_argument("--device", default="auto")
    speed.add_argument("--out", type=Path, help="folder for benchmark.json and benchmark.png; default: only print")
    add_sweep(commands)
    chosen = parser.parse_args(arguments)
    run = {"cache": run_cache, "benchmark": run_benchmark, "sweep": run_sweep}[chosen.command]
    try:
        return run(chosen) or 0
    except (TgshError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: run it again", file=sys.stderr)
        return 130


def add_sweep(commands: argparse._SubParsersAction) -> None:
    """Add the command ``sweep``."""
    sweep = commands.add_parser("sweep", help="run a chapter, or a function, for every point of a grid of parameters")
    names = "".join(f", {name}" for name in NAMED_JOBS)
    sweep.add_argument("job", help=f"a chapter (book/NAME.ipynb), a function (module:function){names}")
    sweep.add_argument(
        "-g", "--grid", action="append", default=[], metavar="NAME=VALUES", help="seed=0:5, or width_mult=1,2,5"
    )
    sweep.add_argument(
        "--profile", help="size of a chapter: smoke, quick or paper (default: $TGSH_PROFILE, else quick)"
    )
    sweep.add_argument("--out", type=Path, help="folder of records, table and plot (default: sweeps/NAME)")
    sweep.add_argument(
        "--backend", choices=BACKENDS, default="loky", help="joblib's backend: this machine, or a cluster"
    )
    sweep.add_argument("--scheduler", help="address of the Dask scheduler, such as tcp://host:8786")
    sweep.add_argument("--jobs", type=int, help="processes on this machine (default: one for each core)")
    sweep.add_argument(
        "--show", help="names of the numbers to plot, separated by commas (default: the first 12 that vary)"
    )


def run_cache(chosen: argparse.Namespace) -> None:
    """Print what the run cache holds, or empty it."""
    store = RunCache()
    count, size = store.clear() if chosen.action == "clear" else store.info()
    print(f"{count} entries, {size / 1e6:.1f} MB {'removed from' if chosen.action == 'clear' else 'in'} {store.root}")


def run_sweep(chosen: argparse.Namespace) -> int:
    """Run a sweep; write its table and plot. Return 1 where a cell failed."""
    from tgsh.figures import over_parameters
    from tgsh.runs import grid, sweep, sweep_table, write_table

    def stop(*_: object) -> None:
        raise KeyboardInterrupt  # a scheduler's way to interrupt

    job, names = NAMED_JOBS.get(chosen.job, chosen.job), ", ".join(NAMED_JOBS)
    if not job.endswith(".ipynb") and ":" not in job:
        raise ParameterError(
            f"a sweep runs a chapter (book/NAME.ipynb), a function (module:function) or {names}; got {job!r}"
        )
    job = open_notebook(job) if job.endswith(".ipynb") else job
    values = parse_grid(chosen.grid)
    profile = chosen.profile
    if isinstance(job, Chapter) and "profile" in job.parameters and "profile" not in values:
        profile = profile or os.environ.get("TGSH_PROFILE", "quick")
    if profile is not None:
        if "profile" in values:
            raise ParameterError("profile is given twice: by --profile and in the grid")
        values["profile"] = [profile]
    name = job.name if isinstance(job, Chapter) else chosen.job.rpartition(":")[2]
    out = chosen.out or Path("sweeps") / name
    before = signal.signal(signal.SIGTERM, stop)
    try:
        done = sweep(
            job,
            grid(**values),
            out / "records",
            backend=chosen.backend,
            n_jobs=chosen.jobs,
            scheduler=chosen.scheduler,
            say=lambda line: print(line, flush=True),
        )
    finally:
        signal.signal(signal.SIGTERM, before)
    if done.n_found:
        print(f"{done.n_found} of {len(done.cells)} were finished before")
    if done.keys:
        table = sweep_table(done.folder, done.keys)
        for ending in ("parquet", "csv"):
            write_table(table, out / f"{name}.{ending}")
        print(f"the table: {out / name}.parquet, {name}.csv: {table.num_rows} rows, {table.num_columns} columns")
        metadata = {key.decode(): text.decode().split() for key, text in table.schema.metadata.items()}
        shown = chosen.show.split(",") if chosen.show else None
        figure = over_parameters(table.to_pydict(), metadata["parameters"], metadata["results"], shown)
        if figure is not None:
            figure.savefig(out / f"{name}.png")
            print(f"the plot: {out / name}.png")
    if done.failures:
        print(
            f"error: {len(done.failures)} of {len(done.cells)} cells failed; run it again to try these", file=sys.stderr
        )
    return 1 if done.failures else 0


def run_benchmark(chosen: argparse.Namespace) -> None:
    """Run the benchmark at the size of a profile, print its table and, where asked, write it."""
    from tgsh.datasets import load
    from tgsh.errors import check_int
    from tgsh.figures import growth_curves
    from tgsh.runs import commit, resolve_device
    from tgsh.timing import benchmark, table
    from tgsh.training import Recipe

    resolve_device(chosen.device)  # a device that is not there is said before anything is loaded
    size = PROFILES[chosen.profile]
    n_tasks = size["n_tasks"]
    compared = min(6, n_tasks) if chosen.compared is None else check_int("compared", chosen.compared, 1, n_tasks)
    data = load(size["dataset"], size["n_train"], size["n_test"])
    recipe = Recipe(epochs=size["epochs"])
    started = time.monotonic()
    result = benchmark(data, n_tasks, compared, recipe, size["width_mult"], chosen.device)
    facts = {
        "profile": chosen.profile,
        "device": result["machine"]["device"],
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "seconds": round(time.monotonic() - started),
    }
    result = facts | result
    print(table(result))
    if chosen.out is not None:
        chosen.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=chosen.out) as folder:
            picture, numbers = Path(folder) / "benchmark.png", Path(folder) / "benchmark.json"
            growth_curves(result["growth"]).savefig(picture)
            numbers.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
            for file in (picture, numbers):
                file.replace(chosen.out / file.name)


if __name__ == "__main__":
    sys.exit(main())
