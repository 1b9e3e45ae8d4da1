"""Compare recorded results before and after a change: ``compare_records.py BEFORE AFTER``.

Each is a folder of records, as in ``data/results``, or a JSON file that holds the printed numbers of many chapters, as
``--write`` makes it. Every number of BEFORE must be in AFTER with the same printed text; times are left out. Numbers
that only AFTER has are counted. ``--moved FILE`` names the numbers that are known to have moved, with reason and both
texts: such a number must be printed as the file says; null in place of the second text means that it is recorded no
more. ``--values`` compares two folders of equal runs: the same names, and every value to its last digit, not only its
printed text. Exits with 1, after a line for each other difference.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

# A time, or a ratio of times, is another one in every run.
TIMED = {"speed", "benchmark"}


def recorded(folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    """Chapter -> name -> what the record says of it: value, text, and values of seeds or ends of an interval."""
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {
        chapter: record["results"]
        for chapter, record in records.items()
        if chapter not in TIMED and "results" in record
    }


def printed(source: Path) -> dict[str, dict[str, str]]:
    """Chapter -> name -> printed text, of a folder of records or of a file that `main` has written."""
    if source.is_file():
        return json.loads(source.read_text(encoding="utf-8"))
    return {
        chapter: {name: row["text"] for name, row in results.items()} for chapter, results in recorded(source).items()
    }


def exact(folder: Path) -> dict[str, dict[str, str]]:
    """Chapter -> name -> all that the record says of it, on one line."""
    if not folder.is_dir():
        raise SystemExit(f"error: {folder} is no folder of records, and only records hold values")
    return {
        chapter: {name: json.dumps(row, ensure_ascii=False, sort_keys=True) for name, row in results.items()}
        for chapter, results in recorded(folder).items()
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


def only_in(after: dict[str, dict[str, str]], before: dict[str, dict[str, str]]) -> list[str]:
    """A line for each number that only ``after`` has."""
    return [
        f"{chapter}: {name}: missing before, {text} after"
        for chapter, numbers in after.items()
        for name, text in numbers.items()
        if name not in before.get(chapter, {})
    ]


def main() -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Compare the printed numbers of two sets of records.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path, nargs="?")
    parser.add_argument("--moved", type=Path, help="numbers that are known to have moved, and why")
    parser.add_argument("--chapter", action="append", help="only this chapter; may be repeated")
    parser.add_argument(
        "--values", action="store_true", help="two equal runs: compare values too, and in both directions"
    )
    parser.add_argument("--write", type=Path, help="write the printed numbers of BEFORE there, and compare nothing")
    chosen = parser.parse_args()
    read = exact if chosen.values else printed
    if chosen.values and (chosen.moved or chosen.write):
        parser.error("--values goes with neither --moved nor --write, which know printed texts only")
    before = read(chosen.before)
    if chosen.write:
        chosen.write.write_text(json.dumps(before, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return 0
    if chosen.after is None:
        parser.error("AFTER is missing")
    after = read(chosen.after)
    if chosen.moved:
        before = apply_moves(before, chosen.moved)
    if chosen.chapter:
        before, after = (
            {chapter: numbers for chapter, numbers in records.items() if chapter in chosen.chapter}
            for records in (before, after)
        )
    found = differences(before, after)
    n_moved = len(found)
    if chosen.values:
        found += only_in(after, before)
    print(*found, sep="\n", end="\n" if found else "")
    total, kind = sum(map(len, before.values())), "recorded" if chosen.values else "printed"
    print(f"{total - n_moved} of {total} {kind} numbers are the same; {sum(map(len, after.values()))} are recorded")
    return 1 if found or (chosen.values and not total) else 0


if __name__ == "__main__":
    sys.exit(main())
