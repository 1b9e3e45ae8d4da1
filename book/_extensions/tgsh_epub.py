"""The EPUB: pages without scripts, formulas as MathML, a cover, and what a reading program wants to know of the book.

A reading program runs no script, so that formulas would show as TeX, and the strict form of its pages takes no HTML
that a browser forgives. Nothing here changes the site.
"""

from __future__ import annotations

import html
import re
import uuid
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from tgsh_site import checkout, revision, without_mathjax

_log = logging.getLogger(__name__)
FIGURE = "rotation-contexts.png"  # the figure of the README
COVER = "cover.png"
# What docutils does not know, and what it does.
SPELLINGS = {"°": r"^\circ", r"\dots": r"\ldots", r"\bigl": "", r"\bigr": "", r"\big": ""}
NEEDED = {".xhtml", ".css", ".png", ".jpg", ".jpeg", ".svg", ".gif"}
ASKS_THE_SITE = re.compile(r'<a href="numbers\.(?:csv|parquet)"[^>]*>(.*?)</a>')  # files that only the site has
LATE_STYLES = re.compile(r'<link rel="stylesheet"[^>]*(?:mystnb|codeautolink|copybutton|togglebutton)[^>]*/>')
SUMMARY = re.compile(r"<summary.*?</summary>", re.DOTALL)
SCRIPTS = re.compile(r"<script\b.*?</script>", re.DOTALL)
NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)\w+;")  # characters by names that only HTML knows
SIZES = re.compile(r' (?:displaystyle|scriptlevel)="[^"]*"')  # which checkers of EPUBs refuse
PROPERTIES = {"<math": "mathml", "<svg": "svg"}  # of a page, to be declared


class Book(Epub3Builder):
    """Sphinx's builder of EPUBs, with the changes that the head of this file names."""

    name = "epub"

    def handle_finish(self) -> None:
        """Leave what the pages do not use out of the file, and draw the cover."""
        folder = Path(self.outdir)
        for page in folder.rglob("*.xhtml"):
            page.write_text(strict(page.read_text(encoding="utf-8")), encoding="utf-8")
        texts = "".join(
            path.read_text(encoding="utf-8") for kind in ("xhtml", "css") for path in folder.rglob(f"*.{kind}")
        )
        named = re.findall(r"""(?:href="|src="|url\(["']?)([^"'#?)]+)""", texts)
        used = {name.rpartition("/")[2] for name in named} | {COVER}
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            if path.suffix not in NEEDED or (path.suffix != ".xhtml" and path.name not in used):
                path.unlink()
        super().handle_finish()

    def build_content(self) -> None:
        """Declare which pages hold MathML or SVG, as EPUB 3 wants it."""
        super().build_content()
        cover, path = Path(self.outdir, "epub-cover.xhtml"), Path(self.outdir, "content.opf")
        cover.write_text(strict(cover.read_text(encoding="utf-8")), encoding="utf-8")

        def declared(found: re.Match[str]) -> str:
            page = Path(self.outdir, found[1]).read_text(encoding="utf-8")
            properties = " ".join(name for tag, name in PROPERTIES.items() if tag in page)
            return found[0].replace("<item ", f'<item properties="{properties}" ') if properties else found[0]

        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'<item [^>]*href="(book/[^"]+\.xhtml)"[^>]*/>', declared, text), encoding="utf-8")


def strict(text: str) -> str:
    """A page in the strict form: without scripts, and without links to what only the site has."""
    for pattern in (SCRIPTS, LATE_STYLES, ASKS_THE_SITE):
        text = pattern.sub(lambda found: found[1] if found.re.groups else "", text)
    text = re.sub(r"<svg (?![^>]*xmlns=)", '<svg xmlns="http://www.w3.org/2000/svg" ', text)
    text = re.sub(r'<p class="expanded.*?</p>', "", text)  # of two labels the one that a style sheet would hide
    text = re.sub(r"<(img|br|hr)\b([^>]*?)\s*/?>", r"<\1\2 />", text)
    text = re.sub(r"<dl>\s*<dd>", "<dl><dt></dt><dd>", text)  # a long signature is laid out as a list without terms
    text = SUMMARY.sub(lambda found: re.sub(r"<(/?)p\b", r"<\1span", found[0]), text)
    return text.replace(' role="doc-biblioentry"', "")


def mathml(tex: str, is_block: bool, where: nodes.Node) -> str:
    """A formula as MathML; as TeX, with a warning, where docutils does not know a part of it."""
    for ours, known in SPELLINGS.items():
        tex = re.sub(rf"{re.escape(ours)}(?![A-Za-z])", known.replace("\\", r"\\"), tex)
    try:
        made = NAMED.sub(lambda found: html.unescape(found[0]), latex2mathml.tex2mathml(tex, as_block=is_block))
        return SIZES.sub("", made)
    except MathError as error:
        _log.warning("no MathML: %s in %s", error, tex, location=where)
        return f"<code>{html.escape(tex)}</code>"


def write_math(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(mathml(node.astext(), False, node))
    raise nodes.SkipNode


def write_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula, with its number."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})</span>')
    translator.body.append(mathml(node.astext(), True, node) + "</div>\n")
    raise nodes.SkipNode


def draw_cover(file: Path, title: str, figure: Path) -> None:
    """Draw the title over the figure of the README."""
    from matplotlib.figure import Figure  # only where an EPUB is built
    from matplotlib.image import imread

    cover = Figure(figsize=(6, 8), dpi=200, facecolor="white")
    cover.text(0.08, 0.92, "\n".join(_wrapped(title, 24)), fontsize=26, va="top", linespacing=1.3)
    if figure.exists():
        axes = cover.add_axes((0.08, 0.12, 0.84, 0.4))
        axes.imshow(imread(figure))
        axes.axis("off")
    cover.text(0.08, 0.06, "An interactive paper", fontsize=14)
    file.parent.mkdir(parents=True, exist_ok=True)
    cover.savefig(file)


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], longer] if len(longer) <= width else [*lines, word]
    return lines


def prepare(app: Sphinx) -> None:
    """Set what the EPUB says of itself, and how its formulas are written."""
    if app.builder.name != Book.name:
        return
    app.add_html_math_renderer("mathml", (write_math, None), (write_block, None))
    app.config.html_math_renderer = "mathml"
    without_mathjax(app)
    app.config.html_static_path = [path for path in app.config.html_static_path if not path.endswith(".assets")]
    citation = yaml.safe_load((checkout(app) / "CITATION.cff").read_text(encoding="utf-8"))
    # one name for both: Sphinx writes the one into the table of contents, and readers compare it with the other
    app.config.epub_identifier = app.config.epub_uid = f"uuid-{uuid.uuid5(uuid.NAMESPACE_URL, f'tgsh {revision(app)}')}"
    app.config.epub_scheme, app.config.epub_basename = "UUID", "book"
    app.config.epub_title = title = app.config.html_title
    app.config.version = str(citation["version"])
    app.config.epub_description = citation["abstract"]
    app.config.epub_contributor = app.config.author
    app.config.epub_show_urls, app.config.epub_tocdepth, app.config.epub_tocscope = "no", 1, "includehidden"
    app.config.epub_cover = (f"_static/{COVER}", "epub-cover.html")
    figure = checkout(app) / "data" / "results" / FIGURE
    draw_cover(Path(app.outdir, "_static", COVER), title, figure)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.add_builder(Book, override=True)
    app.connect("builder-inited", prepare, priority=100)  # before Sphinx looks at what the EPUB says of itself
    return {"parallel_read_safe": True, "parallel_write_safe": True}
