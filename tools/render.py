"""Render pages with Jupyter Book: ``render.py FOLDER [--executed E] [--results R] [--single | --epub] PAGE ...``.

The pages are copied into a draft, notebooks from the folder E where one is named, and rendered there. FOLDER/html, or
FOLDER/book.epub, is replaced when they are complete, so that it never holds half a book. Warnings are errors, except
for ``--single``: then the log is shown, kept as FOLDER/build.log, and what was there stays as it was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import drafts

# Through the interpreter: a script's first line cannot name every folder that a checkout may lie in.
JUPYTER_BOOK = (sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build")
OPTIONS = {
    "html": ["-W", "-n"],
    "singlehtml": ["--builder", "singlehtml"],
    "epub": ["-W", "-n", "--builder", "custom", "--custom-builder", "epub"],
}


def stage(pages: list[Path], executed: Path, source: Path) -> None:
    """Copy the pages into the folder ``source``, notebooks as they are in ``executed``."""
    for page in pages:
        (source / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(executed / page if page.suffix == ".ipynb" else page, source / page)


def render(source: Path, results: Path, log: Path, builder: str = "html") -> Path | None:
    """Render the pages in ``source``; return the folder of what was made, or None where Jupyter Book failed."""
    output = source.parent / "output"
    environment = os.environ | {"TGSH_ROOT": os.getcwd(), "TGSH_RESULTS": str(results.resolve())}
    with log.open("wb") as file:
        command = [*JUPYTER_BOOK, *OPTIONS[builder], str(source), "--path-output", str(output)]
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, env=environment)
    if done.returncode:
        return None
    made = output / "_build" / builder
    # Of the theme: maps for those who debug its scripts, translations that are in the pages already, and fonts that a
    # browser takes only where it cannot read the woff2 beside them.
    for leftover in [path for kind in ("*.map", "*.po", "*.mo", "*.ttf") for path in made.rglob(kind)]:
        leftover.unlink()
    return made


def as_one_page(source: Path) -> None:
    """Leave the pages of the package out of the table of contents."""
    lines = (source / "_toc.yml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if "book/api" not in line and "sections:" not in line]
    (source / "_toc.yml").write_text("\n".join(kept) + "\n", encoding="utf-8")


def main() -> int:
    """Run the command line; return its exit status."""
    parser = drafts.Parser(description="Render pages with Jupyter Book.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument("--executed", type=Path, default=Path(), help="where the notebooks are")
    parser.add_argument("--results", type=Path, default=Path("data/results"), help="records of the chapters")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--single", action="store_true", help="one long page, book.html, to be printed")
    kind.add_argument("--epub", action="store_true", help="one file, book.epub")
    chosen = parser.parse_args()
    builder = "singlehtml" if chosen.single else "epub" if chosen.epub else "html"
    print("Rendering ...", flush=True)
    with drafts.draft_folder(chosen.folder) as draft:
        log, source = draft / "build.log", draft / "source"
        stage(chosen.pages, chosen.executed, source)
        if chosen.single:
            as_one_page(source)
        made = render(source, chosen.results, log, builder)
        os.replace(log, chosen.folder / log.name)
        if made is None:
            print((chosen.folder / log.name).read_text(encoding="utf-8", errors="replace"), file=sys.stderr)
            print(f"error: the pages were not rendered: see above, or {chosen.folder / log.name}", file=sys.stderr)
            return 1
        if chosen.epub:
            (book,) = made.glob("*.epub")
            os.replace(book, chosen.folder / "book.epub")
            return 0
        if chosen.single:  # Jupyter Book leaves that page a folder too deep
            os.replace(made / "book" / "intro.html", made / "book.html")
        drafts.put_folder(made, chosen.folder / "html")
    return 0


if __name__ == "__main__":
    sys.exit(drafts.command(main, "the pages are as they were; run it again"))
