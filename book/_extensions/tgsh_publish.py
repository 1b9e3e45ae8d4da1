"""What a published site has besides its pages: cards of shared links, a site map, a page for what is not found.

The address of the site follows from the GitHub remote. Without one, nothing here can name an absolute address, and only
the cards' texts and the page for what is not found are written.
"""

from __future__ import annotations

import html
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from tgsh_site import checkout

CARD = "rotation-contexts.png"  # the figure of the README
NOT_FOUND = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Page not found</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 40rem; margin: 15vh auto; padding: 0 1rem; font-family: sans-serif; line-height: 1.5; }}
</style>
</head>
<body>
<main>
<h1>This page does not exist</h1>
<p>It may have been renamed. The <a href="{home}">front page</a> lists all claims, and its navigation all chapters.</p>
</main>
</body>
</html>
"""


def address(app: Sphinx) -> str | None:
    """Where GitHub publishes the pages, with a slash at the end; None without a public repository."""
    repository = app.config.html_theme_options.get("repository_url", "")
    owner, _, name = repository.removeprefix("https://github.com/").partition("/")
    return f"https://{owner.lower()}.github.io/{name}/" if name else None


def add_card(app: Sphinx, page: str, template: str, context: dict[str, Any], document: nodes.document | None) -> None:
    """Write what is shown where a link to the page is shared."""
    if document is None or app.builder.name != "html":
        return
    first = next((text for text in map(_text, document.findall(nodes.paragraph)) if len(text) > 60), app.config.project)
    described = first if len(first) <= 200 else first[:199].rsplit(" ", 1)[0] + " …"
    title = next((node.astext() for node in document.findall(nodes.title)), app.config.project)
    tags = {"og:type": "article", "og:title": title, "og:description": described}
    home = address(app)
    if home:
        tags |= {"og:url": f"{home}{page}.html", "og:image": f"{home}_static/{CARD}"}
        tags |= {"og:image:alt": "Similarity of the contexts of 36 rotations, before and after training"}
    lines = [f'<meta property="{name}" content="{html.escape(text)}" />' for name, text in tags.items()]
    lines.append(f'<meta name="description" content="{html.escape(described)}" />')
    context["metatags"] = "\n".join([context.get("metatags", ""), *lines])


def _text(paragraph: nodes.paragraph) -> str:
    return " ".join(paragraph.astext().split())


def add_files(app: Sphinx, failure: Exception | None) -> None:
    """Write the page for what is not found and, where the address is known, the site map and the picture of cards."""
    if failure is not None or app.builder.name != "html":
        return
    folder, home = Path(app.outdir), address(app)
    (folder / "404.html").write_text(NOT_FOUND.format(home=home or "/"), encoding="utf-8")
    if home is None:
        return
    pages = sorted(app.env.found_docs)
    lines = [f"<url><loc>{html.escape(home + page)}.html</loc></url>" for page in pages]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
        *lines,
    ]
    (folder / "sitemap.xml").write_text("\n".join([*lines, "</urlset>", ""]), encoding="utf-8")
    card = checkout(app) / "data" / "results" / CARD
    if card.exists():
        shutil.copy2(card, folder / "_static" / CARD)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.connect("html-page-context", add_card)
    app.connect("build-finished", add_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
