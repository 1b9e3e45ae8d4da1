"""Compare recorded results before and after a change: ``compare_records.py BEFORE AFTER``.

Each is a folder of records, as in ``data/results``, or a JSON file that holds the printed numbers of many chapters, as
``--write`` makes it. Every number of BEFORE must be in AFTER with the same printed text; times are left out. Numbers
that only AFTER has are counted. ``--moved FILE`` names the numbers that are known to have moved, with reason and both
texts: such a number must be printed as the file says; null in place of the second text means that it is recorded no
more. Exits with 1, after a line for each other difference.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

# A time, or a ratio of times, is another one in every run.
TIMED = {"speed", "benchmark"}


def printed(source: Path) -> dict[str, dict[str, str]]:
    """Chapter -> name -> printed text, of a folder of records or of a file that `main` has written."""
    if source.is_file():
        return json.loads(source.read_text(encoding="utf-8"))
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(source.glob("*.json"))}
    return {
        chapter: {name: row["text"] for name, row in record["results"].items()}
        for chapter, record in records.items()
        if chapter not in TIMED and "results" in record
    }


def apply_moves(numbers: dict[str, dict[str, str]], moved: Path) -> dict[str, dict[str, str]]:
    """``numbers`` with the texts that ``moved`` gives after the change in place of those before it.

    Raises:
        ValueError: a number is not there, or is not printed as ``moved`` says it was.
    """
    result = {chapter: dict(texts) for chapter, texts in numbers.items()}
    for group in json.loads(moved.read_text(encoding="utf-8")):
        for chapter, texts in group["numbers"].items():
            for name, (old, new) in texts.items():
                before = result[chapter].pop(name, None)
                if before != old:
                    raise ValueError(f"{chapter}: {name} was {before}, not {old}")
                if new is not None:
                    result[chapter][name] = new
    return result


def differences(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> list[str]:
    """A line for each number that is missing or printed otherwise."""
    lines = []
    for chapter, numbers in before.items():
        if chapter not in after:
            lines.append(f"{chapter}: no record")
            continue
        for name, text in numbers.items():
            now = after[chapter].get(name, "missing")
            if now != text:
                lines.append(f"{chapter}: {name}: {text} before, {now} after")
    return lines


def main() -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Compare the printed numbers of two sets of records.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path, nargs="?")
    parser.add_argument("--moved", type=Path, help="numbers that are known to have moved, and why")
    parser.add_argument("--chapter", action="append", help="only this chapter; may be repeated")
    parser.add_argument("--write", type=Path, help="write the printed numbers of BEFORE there, and compare nothing")
    chosen = parser.parse_args()
    before = printed(chosen.before)
    if chosen.write:
        chosen.write.write_text(json.dumps(before, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return 0
    if chosen.after is None:
        parser.error("AFTER is missing")
    after = printed(chosen.after)
    if chosen.moved:
        before = apply_moves(before, chosen.moved)
    if chosen.chapter:
        before = {chapter: numbers for chapter, numbers in before.items() if chapter in chosen.chapter}
    found = differences(before, after)
    print(*found, sep="\n", end="\n" if found else "")
    total = sum(map(len, before.values()))
    print(f"{total - len(found)} of {total} printed numbers are the same; {sum(map(len, after.values()))} are recorded")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
