"""What a term, a symbol or an equation of the paper means, where it is read: a link to the notation page, with a note.

The notation page is the only source: terms are its lists of definitions, symbols the first column of its table of
symbols. The first mention of a term on a page, and of a symbol in a section, becomes a link. ``terms.js`` shows the
note on hover and on focus; without it the link remains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from docutils.utils import new_document
from sphinx.application import Sphinx

HOME = "book/notation"
# Pages that define, list or quote: a mention there is no place to explain it.
SKIPPED = re.compile(r"book/(notation|references|numbers|status|corrections|live-figure|api.*)")
# Phrases that contain a term but mean something else; symbols that a page uses in another sense than the notation page.
NOT_TERMS = ("single precision", "half precision", "double precision", "similarity profile")
OTHER_SYMBOLS = {
    "book/a-theory-of-contexts": ("C", "K", "N", r"\theta"),
    "book/a-usable-hash": (r"\theta",),
    "book/augment-mnist": ("C",),
    "book/capacity-and-robustness": ("N", "s"),
    "book/comparing-and-carrying-over": ("A", "B"),
    "book/dimension-and-spectra": ("B", r"\theta"),
    "book/scoreboard": ("t",),
    "book/shape-of-the-family": ("K", "R", "s", "t", "x"),
    "book/shift-mnist": ("f",),
    "book/speed": ("N",),
    "book/symmetry-of-tasks": ("N", "f", "r"),
    "book/unseen-tasks": ("K", "N"),
    "book/what-a-reconstruction-knows": ("A", "K"),
    "book/why-geometry-repeats": ("s",),
}
CLOSED = (nodes.reference, nodes.title, nodes.literal, nodes.thead, nodes.caption, nodes.footnote, nodes.Admonition)


@dataclass(frozen=True)
class Entry:
    """An entry of the notation page: its anchor there, and its meaning."""

    anchor: str
    meaning: tuple[nodes.Node, ...]


@dataclass(frozen=True)
class Notation:
    """The terms and the symbols of the notation page, by how they are written."""

    terms: dict[str, Entry]
    symbols: dict[str, Entry]

    def pattern(self) -> re.Pattern[str]:
        """What finds a term in a text, the longest that fits; acronyms as they are, other terms also with a capital."""
        written = sorted([*self.terms, *NOT_TERMS], key=len, reverse=True)
        return re.compile(rf"(?<![\w-])(?:{'|'.join(map(_spelling, written))})(?![\w-])")


def spellings(term: str) -> list[str]:
    """The terms that a heading names: ``"LSH, hashing"`` names two, ``"task-, class-incremental"`` shares an ending."""
    parts = [part.strip() for part in term.split(",")]
    ending = parts[-1].partition("-")[2]
    return [part + ending if part.endswith("-") else part for part in parts]


def _spelling(term: str) -> str:
    first, rest = term[0], re.escape(term[1:]).replace(r"\ ", r"\s+")
    if any(letter.isupper() for letter in term[1:]) or term[-1].isdigit():
        return f"{re.escape(first)}{rest}s?"
    return f"[{first.upper()}{first.lower()}]{rest}(?:e?s)?"


def key(term: str, terms: dict[str, Entry]) -> str:
    """The name in ``terms`` of a term as the text writes it."""
    return next(name for name in sorted(terms, key=len, reverse=True) if re.fullmatch(_spelling(name), term))


def symbol(text: str) -> str:
    """A formula without its spaces."""
    return re.sub(r"\s+|\\,", "", text)


def name_entries(app: Sphinx, document: nodes.document) -> None:
    """Give the entries of the notation page anchors."""
    if app.env.docname != HOME:
        return
    for term in document.findall(nodes.term):
        _name(document, term, f"term-{term.astext()}")
    for row in _symbol_rows(document):
        _name(document, row[0], f"symbol-{row[0].astext()}")


def _name(document: nodes.document, node: nodes.Element, name: str) -> None:
    anchor = nodes.make_id(name)
    while anchor in document.ids:  # A and a give the same
        anchor += "-"
    node["ids"].append(anchor)
    document.ids[anchor] = node


def _symbol_rows(document: nodes.document) -> Iterator[nodes.row]:
    for table in document.findall(nodes.table):
        (head,) = table.findall(nodes.thead)
        if head.astext().startswith("Symbol"):
            for body in table.findall(nodes.tbody):
                yield from body.children


def notation(document: nodes.document) -> Notation:
    """Read the entries of the notation page, whose anchors `name_entries` has given."""
    terms, symbols = {}, {}
    for item in document.findall(nodes.definition_list_item):
        term, definition = item.children[0], item.children[-1]
        entry = Entry(term["ids"][0], tuple(definition.children))
        terms |= dict.fromkeys(spellings(term.astext()), entry)
    for row in _symbol_rows(document):
        entry = Entry(row[0]["ids"][0], tuple(row[1].children))
        for formula in row[0].findall(nodes.math):
            # "t = 1, ..., T" is about t and T
            names = [formula.astext()] if "=" not in formula.astext() else re.findall(r"\b[tT]\b", formula.astext())
            symbols |= dict.fromkeys(map(symbol, names), entry)
    return Notation(terms, symbols)


def link_mentions(app: Sphinx, document: nodes.document, page: str) -> None:
    """Make first mentions links, and keep with the document the entries that it mentions."""
    if app.builder.name != "html" or SKIPPED.fullmatch(page) or HOME not in app.env.found_docs:
        return
    known = notation(app.env.get_doctree(HOME))
    for written in OTHER_SYMBOLS.get(page, ()):
        known.symbols.pop(written, None)
    home = app.builder.get_relative_uri(page, HOME)
    pattern, used, seen = known.pattern(), {}, {}
    for paragraph in list(document.findall(nodes.paragraph)):
        if _is_closed(paragraph):
            continue
        section = id(_section(paragraph))
        for node in list(paragraph.findall(lambda n: isinstance(n, nodes.Text | nodes.math))):
            if _is_closed(node):
                continue
            if isinstance(node, nodes.math):
                entry = known.symbols.get(symbol(node.astext()))
                if entry and seen.get(entry.anchor) != section:
                    seen[entry.anchor], used[entry.anchor] = section, entry
                    node.replace_self(_link(home, entry, node.deepcopy()))
            elif not isinstance(node.parent, nodes.math):
                _link_terms(node, known, pattern, home, used)
    document["tgsh_notes"] = list(used.values())


def _is_closed(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, CLOSED) or (isinstance(node, nodes.Element) and "cell_output" in node.get("classes", ())):
            return True
    return False


def _section(node: nodes.Node) -> nodes.Node:
    while node.parent is not None and not isinstance(node, nodes.section):
        node = node.parent
    return node


def _link(home: str, entry: Entry, content: nodes.Node) -> nodes.reference:
    link = nodes.reference("", "", content, refuri=f"{home}#{entry.anchor}", internal=True, classes=["tgsh-term"])
    if isinstance(content, nodes.math):  # a set formula has no text: the link is named
        link["reftitle"] = f"symbol {re.sub(r'[{}]|[^A-Za-z0-9_]+', ' ', content.astext()).strip()}"
    return link


def _link_terms(text: nodes.Text, known: Notation, pattern: re.Pattern[str], home: str, used: dict[str, Entry]) -> None:
    parts, start, content = [], 0, text.astext()
    for found in pattern.finditer(content):
        if re.sub(r"\s+", " ", found[0].lower()) in NOT_TERMS:
            continue
        entry = known.terms[key(found[0], known.terms)]
        if entry.anchor in used:
            continue
        used[entry.anchor] = entry
        parts += [nodes.Text(content[start : found.start()]), _link(home, entry, nodes.Text(found[0]))]
        start = found.end()
    if parts:
        text.parent.replace(text, [*parts, nodes.Text(content[start:])])


def add_notes(app: Sphinx, page: str, template: str, context: dict[str, Any], document: nodes.document | None) -> None:
    """Write the notes that a page needs behind its text, where the script finds them and nobody else does."""
    if not document or not document.get("tgsh_notes"):
        return
    notes = "".join(
        f'<div data-note="{entry.anchor}">{app.builder.render_partial(_plain(app, entry.meaning))["fragment"]}</div>'
        for entry in document["tgsh_notes"]
    )
    if 'class="math' in notes:  # the page then needs the script for formulas, even if it has none itself
        app.env.get_domain("math").data["has_equations"][page] = True
    context["body"] += f'<template id="tgsh-notes">{notes}</template>'


def _plain(app: Sphinx, meaning: tuple[nodes.Node, ...]) -> nodes.container:
    # A note is read, and holds nothing to click on: links are resolved, and then replaced by their text.
    copy = new_document(HOME)
    copy.extend(node.deepcopy() for node in meaning)
    app.env.resolve_references(copy, HOME, app.builder)
    for link in list(copy.findall(nodes.reference)):
        link.parent.replace(link, link.children)
    return nodes.container("", *copy.children)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.connect("doctree-read", name_entries)
    app.connect("doctree-resolved", link_mentions)
    app.connect("html-page-context", add_notes, priority=400)  # before the script for formulas is chosen
    app.add_js_file("terms.js", priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
