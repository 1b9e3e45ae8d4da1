"""Commands: ``python -m tgsh cache [clear]`` and ``python -m tgsh benchmark``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from tgsh.errors import TgshError
from tgsh.runs import PROFILES, RunCache


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
    chosen = parser.parse_args(arguments)
    try:
        run_cache(chosen.action) if chosen.command == "cache" else run_benchmark(chosen)
    except (TgshError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: run it again", file=sys.stderr)
        return 130
    return 0


def run_cache(action: str) -> None:
    """Say what the run cache holds, or empty it."""
    store = RunCache()
    count, size = store.clear() if action == "clear" else store.info()
    print(f"{count} entries, {size / 1e6:.1f} MB {'removed from' if action == 'clear' else 'in'} {store.root}")


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
