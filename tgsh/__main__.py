"""``python -m tgsh cache`` says what the run cache holds; ``python -m tgsh cache clear`` empties it."""

from __future__ import annotations

import argparse
import sys

from tgsh.errors import TgshError
from tgsh.runs.cache import RunCache


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tgsh", description="The T-GSH interactive paper.")
    commands = parser.add_subparsers(dest="command", required=True)
    cache = commands.add_parser("cache", help="what the run cache holds, and emptying it")
    cache.add_argument("action", nargs="?", choices=("info", "clear"), default="info")
    chosen = parser.parse_args(arguments)
    try:
        store = RunCache()
        count, size = store.clear() if chosen.action == "clear" else store.info()
        verb = "removed from" if chosen.action == "clear" else "in"
        print(f"{count} entries, {size / 1e6:.1f} MB {verb} {store.root}")
    except (TgshError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
