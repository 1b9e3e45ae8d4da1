"""All recorded numbers on one page, with a search, and as files beside it.

``{numbers}`` is the table; ``numbers.csv`` and ``numbers.parquet`` are written beside the page when the book is built.
"""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tgsh_site import results_folder, revision

COLUMNS = (
    "chapter",
    "name",
    "text",
    "value",
    "low",
    "high",
    "per_seed",
    "profile",
    "dataset",
    "seed",
    "commit",
    "date",
)


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Each recorded number: `COLUMNS` by name; what it has not is missing. Numbers of several seeds: ``per_seed``."""
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        run = {key: record.get(key) for key in ("profile", "dataset", "seed", "commit", "date")}
        for name, row in record.get("results", {}).items():
            numbers = {key: row[key] for key in ("text", "value", "low", "high") if key in row}
            each = {"per_seed": " ".join(map(repr, row["per_seed"]))} if "per_seed" in row else {}
            yield {"chapter": path.stem, "name": name} | numbers | each | run


def as_csv(folder: Path) -> str:
    """All recorded numbers as CSV, with a line of names."""
    file = StringIO()
    table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows(folder))
    return file.getvalue()


def as_parquet(folder: Path, commit: str, file: Path) -> None:
    """Write all recorded numbers as Parquet: `COLUMNS`, typed, and described in the schema, with the commit.

    ``value`` is empty where the record holds a word; ``text`` is what the chapter prints.
    """
    import pyarrow as pa  # only where the book is built
    import pyarrow.parquet

    types = dict.fromkeys(("value", "low", "high"), pa.float64())
    types |= {"per_seed": pa.list_(pa.float64()), "seed": pa.int64()}
    fields = [pa.field(name, types.get(name, pa.string()), metadata={"description": _MEANS[name]}) for name in COLUMNS]
    schema = pa.schema(fields, metadata={"commit": commit, "license": "CC-BY-4.0"})
    table = pa.Table.from_pylist([_typed(row) for row in rows(folder)], schema=schema)
    pyarrow.parquet.write_table(table, file)


_MEANS = {
    "chapter": "the chapter that recorded the number",
    "name": "its name in that chapter",
    "text": "as the chapter prints it",
    "value": "the number, or the mean over the seeds; empty where the result is a word",
    "low": "lower end of a confidence interval",
    "high": "upper end of a confidence interval",
    "per_seed": "the numbers of the single seeds",
    "profile": "size of the run: smoke, quick or paper",
    "dataset": "what was learned",
    "seed": "seed of the run",
    "commit": "the code that ran",
    "date": "day of the run",
}


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    is_number = isinstance(row.get("value"), int | float) and not isinstance(row["value"], bool)
    seeds = [float(number) for number in row["per_seed"].split()] if "per_seed" in row else None
    return row | {"value": float(row["value"]) if is_number else None, "per_seed": seeds}


class Numbers(SphinxDirective):
    """The table of all recorded numbers; a name leads to the chapter that records it."""

    def run(self) -> list[nodes.Node]:
        """The nodes of the table, or a sentence where nothing is recorded."""
        folder = results_folder(self.env.app)
        for path in sorted(folder.glob("*.json")):
            self.env.note_dependency(str(path))
        found = list(rows(folder))
        if not found:
            return self.parse_text_to_nodes("No number is recorded.")
        lines = [
            '<div class="tgsh-numbers" tabindex="0" role="region" aria-label="All recorded numbers"><table>',
            "<thead><tr><th>Chapter</th><th>Name</th><th>Number</th></tr></thead><tbody>",
            *map(self._line, found),
            "</tbody></table></div>",
        ]
        return [nodes.raw("", "\n".join(lines), format="html")]

    def _line(self, row: dict[str, Any]) -> str:
        chapter, name, text = (html.escape(str(row[key])) for key in ("chapter", "name", "text"))
        if f"book/{row['chapter']}" in self.env.found_docs:
            chapter = f'<a href="{chapter}{self.env.app.builder.out_suffix}">{chapter}</a>'
        return f'<tr id="{row["chapter"]}.{name}"><td>{chapter}</td><td><code>{name}</code></td><td>{text}</td></tr>'


def add_search(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None) -> None:
    """Load the script of the search on this page only."""
    if page == "book/numbers":
        app.add_js_file("numbers.js")


def write_files(app: Sphinx, failure: Exception | None) -> None:
    """Put the files beside the page."""
    page = Path(app.outdir) / "book"
    if failure is None and app.builder.name == "html" and "book/numbers" in app.env.found_docs:
        (page / "numbers.csv").write_text(as_csv(results_folder(app)), encoding="utf-8")
        as_parquet(results_folder(app), revision(app), page / "numbers.parquet")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.add_directive("numbers", Numbers)
    app.connect("html-page-context", add_search)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
