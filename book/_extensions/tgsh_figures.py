"""Below each figure of a chapter: its values as a CSV file, where a run has left one, and the cell that drew it.

``tools/execute.py`` writes the files into ``figures/CHAPTER/NAME.csv`` beside the records. They are copied beside the
pages, so that a page opened as a file leads to them, too.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from tgsh_site import results_folder

FOLDER = "figures"


def add_sources(app: Sphinx, document: nodes.document, page: str) -> None:
    """Add the two links to every named figure of a cell."""
    if app.builder.name != "html":
        return
    chapter = page.removeprefix("book/")
    tables = results_folder(app) / FOLDER / chapter
    for figure in document.findall(nodes.figure):
        cell = _cell(figure)
        if cell is None or not figure["ids"]:
            continue
        name = figure["ids"][0]
        cell["ids"].append(f"cell-{name}")
        links = [
            nodes.reference("", "the cell that made it", refuri=f"#cell-{name}", internal=True, classes=["tgsh-code"])
        ]
        if (tables / f"{name}.csv").exists():
            address = f"{FOLDER}/{chapter}/{name}.csv"
            links = [nodes.reference("", "its values (CSV)", refuri=address, internal=True), nodes.Text(", "), *links]
        figure += nodes.legend(
            "", nodes.paragraph("", "", nodes.Text("This figure: "), *links), classes=["tgsh-sources"]
        )


def _cell(node: nodes.Node) -> nodes.container | None:
    while node is not None and "cell" not in (node.get("classes", ()) if isinstance(node, nodes.container) else ()):
        node = node.parent
    return node


def put_tables(app: Sphinx, failure: Exception | None) -> None:
    """Copy the files beside the pages of their chapters."""
    if failure is not None or app.builder.name != "html":
        return
    for folder in sorted((results_folder(app) / FOLDER).glob("*/")):
        if f"book/{folder.name}" in app.env.found_docs:
            shutil.copytree(folder, Path(app.outdir) / "book" / FOLDER / folder.name, dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.connect("doctree-resolved", add_sources)
    app.connect("build-finished", put_tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
