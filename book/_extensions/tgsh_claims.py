"""The claims of the front page, ``data/claims.json``: each with its mark, its numbers, and what it rests on.

A claim has an ``id``, a sentence (``claim``), ``of`` (whose it is), a ``chapter``, ``number`` and perhaps ``more``:
texts in which ``{{name}}`` stands for a number of the chapter, ``{{other-chapter:name}}`` for one of another chapter.
Its mark is not written there. It follows from the records by ``mark``, a list of conditions (`mark_of`); ``given`` is a
condition that no measurement can lift. Claims with a ``label`` and a place (``at``: row, column) are drawn by
``{claims-map}``; ``rests`` names those from which arrows lead to it.
"""

from __future__ import annotations

import json
import operator
import re
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tgsh_site import NAME, VerdictRules, bold, checkout, link_to_chapter, plain, records_of

HOLDS, CONDITION, FAILS = "holds", "holds with a condition", "does not hold"
RELATIONS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
WORDS = VerdictRules.words
WHOSE = {
    "paper": "The paper says so.",
    "gsh": "The paper on GSH says so.",
    "book": "The paper does not say so: the question is ours.",
}
SHAPES = {  # in a square of 16: a tick, a half, a cross; told apart without colour
    HOLDS: '<circle cx="8" cy="8" r="7" fill="currentColor"/><path class="tgsh-on" d="M4.6 8.4l2.4 2.4 4.4-5"/>',
    CONDITION: '<path d="M8 1a7 7 0 0 0 0 14z" fill="currentColor"/><circle cx="8" cy="8" r="6.3"/>',
    FAILS: '<circle cx="8" cy="8" r="6.3"/><path d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"/>',
}
KINDS = {HOLDS: "holds", CONDITION: "condition", FAILS: "fails"}

Records = dict[str, dict[str, Any]]


class Mark(NamedTuple):
    """What the records say of a claim: the mark, its conditions in words, and a reason for each condition tested."""

    mark: str
    conditions: list[str]
    reasons: list[str]


def read_verdict(text: str, reads: dict[str, str]) -> str:
    """The mark of a recorded verdict.

    "holds" alone holds; "holds ..." holds with a condition, as does a verdict that fails in one way and "; holds" in
    another. ``reads`` gives the mark of texts in other words, by their beginning.
    """
    for beginning, mark in reads.items():
        if text.startswith(beginning):
            return mark
    if text == HOLDS:
        return HOLDS
    if re.match(r"holds\b", text) or "; holds" in text:
        return CONDITION
    if text.startswith(FAILS):
        return FAILS
    raise ValueError(f"the verdict {text!r} says neither that a claim holds nor that it does not")


def read_count(text: str) -> str:
    """The mark of a count, "3 of 5": of all it holds, of none it does not, else with a condition."""
    found = re.fullmatch(r"(\d+) of (\d+)", text)
    if not found:
        raise ValueError(f"{text!r} is no count")
    met, cases = int(found[1]), int(found[2])
    return HOLDS if met == cases else CONDITION if met else FAILS


def mark_of(claim: dict[str, Any], records: Records) -> Mark:
    """The mark of a claim. Where its first condition fails, it does not hold; where another does, with a condition.

    A condition is a recorded ``verdict`` (`read_verdict`), a recorded ``count`` (`read_count`), or a ``value``, perhaps
    ``less`` another, that ``is`` in a relation to a threshold (``than``). Where it is not met, the words of ``else``
    say so, in which ``{}`` stands for the recorded text; a verdict speaks for itself.
    """
    marks, conditions, reasons = [], [claim["given"]] if "given" in claim else [], []
    for condition in claim["mark"]:
        kind = next(kind for kind in ("verdict", "count", "value") if kind in condition)
        if kind == "value":
            value = find(condition["value"], claim, records)["value"]
            if "less" in condition:
                value -= find(condition["less"], claim, records)["value"]
            mark = HOLDS if RELATIONS[condition["is"]](value, condition["than"]) else FAILS
            threshold = f"{condition['than']:g}".replace("-", "\N{MINUS SIGN}")
            text = ""
            reasons.append(f"{condition['what']} has to be {WORDS[condition['is']]} {threshold}")
        else:
            text = find(condition[kind], claim, records)["text"]
            mark = read_verdict(text, condition.get("reads", {})) if kind == "verdict" else read_count(text)
            reasons.append(f"the recorded {kind} is \u201c{text}\u201d")
        if mark != HOLDS:
            words = condition.get("else", "{}" if kind == "verdict" else "")
            conditions += [words.replace("{}", text)] if words else []
        marks.append(mark)
    if marks[0] == FAILS:
        return Mark(FAILS, [], reasons)
    is_plain = set(marks) == {HOLDS} and not conditions
    return Mark(HOLDS if is_plain else CONDITION, conditions, reasons)


def find(name: str, claim: dict[str, Any], records: Records) -> dict[str, Any]:
    """What is recorded as ``name`` in the chapter of the claim, or as ``chapter:name`` in another."""
    chapter, _, short = name.rpartition(":")
    chapter = chapter or claim["chapter"]
    if short not in records[chapter]["results"]:
        raise ValueError(f"{chapter} records no {short}")
    return records[chapter]["results"][short]


def chapters_of(claim: dict[str, Any]) -> set[str]:
    """The chapters whose records a claim uses."""
    texts = [claim["number"], claim.get("more", "")]
    texts += [f"{{{{{condition[key]}}}}}" for condition in claim["mark"] for key in condition if key in SOURCES]
    return {claim["chapter"], *(chapter for text in texts for chapter, _ in NAME.findall(text) if chapter)}


SOURCES = ("verdict", "count", "value", "less")


def icon(mark: str) -> str:
    """The shape of a mark, as SVG; the word stands beside it."""
    return f'<svg class="tgsh-shape" viewBox="0 0 16 16" aria-hidden="true">{SHAPES[mark]}</svg>'


class _Directive(SphinxDirective):
    """What the directives share: the claims, and the records that they need."""

    def claims(self) -> dict[str, list[dict[str, Any]]]:
        """Group -> its claims."""
        path = checkout(self.env.app) / "data" / "claims.json"
        self.env.note_dependency(str(path))
        self.env.note_dependency(str(Path(__file__)))
        return json.loads(path.read_text(encoding="utf-8"))

    def mark(self, claim: dict[str, Any], records: Records) -> Mark | None:
        """The mark of a claim; None where a chapter was not run."""
        if not chapters_of(claim) <= set(records):
            return None
        try:
            return mark_of(claim, records)
        except ValueError as error:
            raise self.error(f"claim {claim['id']}: {error}") from None

    def filled(self, text: str, claim: dict[str, Any], records: Records) -> str:
        """A text with its numbers, in bold."""

        def number(found: re.Match) -> str:
            try:
                recorded = find(f"{found[1] or claim['chapter']}:{found[2]}", claim, records)
            except ValueError as error:
                raise self.error(f"claim {claim['id']}: {error}") from None
            return bold(recorded["text"])

        return NAME.sub(number, text)


class Claims(_Directive):
    """``{claims} GROUP``: the claims of a group, one below the other, with marks; the details are folded."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The nodes of the list."""
        groups, records = self.claims(), records_of(self)
        if self.arguments[0] not in groups:
            raise self.error(f"claims: no group {self.arguments[0]}; there are {', '.join(groups)}")
        found = [node for claim in groups[self.arguments[0]] for node in self._item(claim, records)]
        return [_html('<ul class="tgsh-claims">'), *found, _html("</ul>")]

    def _item(self, claim: dict[str, Any], records: Records) -> list[nodes.Node]:
        result = self.mark(claim, records)
        start = f'<li id="claim-{claim["id"]}"><div class="tgsh-mark tgsh-{{}}">{{}}</div><div>'
        link = link_to_chapter(self, claim["chapter"])
        if result is None:
            text = f"{claim['claim']}\n\n(not run) {link}"
            return [_html(start.format("none", "not run")), *self.parse_text_to_nodes(text), _html("</div></li>")]
        numbers, *more = (self.filled(claim[part], claim, records) for part in ("number", "more") if part in claim)
        if numbers[1].isalpha():  # a word, not the "r" of a correlation
            numbers = numbers[0].upper() + numbers[1:]
        condition, name = "; ".join(result.conditions), escape(claim["claim"].replace("$", ""))
        more += [f"{WHOSE[claim['of']]} What decides the mark: {plain('; '.join(result.reasons))}."]
        return [
            _html(start.format(KINDS[result.mark], f"{icon(result.mark)} {result.mark}")),
            *self.parse_text_to_nodes(claim["claim"]),
            *(self.parse_text_to_nodes(f"*Condition: {plain(condition)}.*") if condition else []),
            *self.parse_text_to_nodes(f"{numbers} ({link})."),
            _html(f'<details><summary>Details<span class="tgsh-hidden">: {name}</span></summary>'),
            *self.parse_text_to_nodes("\n\n".join(more)),
            _html("</details></div></li>"),
        ]


class Legend(_Directive):
    """``{claims-legend}``: the three marks, and how many claims have each."""

    def run(self) -> list[nodes.Node]:
        """The nodes of the line."""
        records = records_of(self)
        found = [self.mark(claim, records) for group in self.claims().values() for claim in group]
        counts = Counter(result.mark for result in found if result)
        marks = [
            f'<span class="tgsh-mark tgsh-{kind}">{icon(mark)} {mark}: {counts[mark]}</span>'
            for mark, kind in KINDS.items()
        ]
        return [_html(f'<p class="tgsh-legend">{" ".join(marks)}</p>')]


class ClaimsMap(_Directive):
    """``{claims-map}``: which claim rests on which, as a drawing in SVG with the marks, and as a list."""

    width, height, across, down = 200, 76, 214, 118  # of a box, and from one box to the next
    line: ClassVar = 21  # letters

    def run(self) -> list[nodes.Node]:
        """The nodes of the drawing and of the list."""
        records = records_of(self)
        found = [claim for group in self.claims().values() for claim in group if "at" in claim]
        drawn = {claim["id"]: claim for claim in sorted(found, key=operator.itemgetter("at"))}
        marks = {name: self.mark(claim, records) for name, claim in drawn.items()}
        words = {name: mark.mark if mark else "not run" for name, mark in marks.items()}
        arrows = [self._arrow(drawn[base], claim) for claim in drawn.values() for base in claim.get("rests", ())]
        boxes = [self._box(claim, words[name]) for name, claim in drawn.items()]
        right = max(claim["at"][1] for claim in drawn.values()) * self.across + self.width + 2
        bottom = max(claim["at"][0] for claim in drawn.values()) * self.down + self.height + 2
        drawing = (
            '<div class="tgsh-map" role="region" aria-label="Which claim rests on which" tabindex="0">'
            f'<svg viewBox="-2 -2 {right + 2} {bottom + 2}" role="group" '
            'aria-label="A drawing of the claims. An arrow leads from a claim to those that rest on it. '
            'The list below says the same.">'
            '<defs><marker id="tgsh-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto"><path d="M0 0.5L7 4L0 7.5z"/></marker></defs>'
            f"{''.join(arrows)}{''.join(boxes)}</svg></div>"
        )
        lines = []
        for name, claim in drawn.items():
            bases = " and ".join(f"\u201c{drawn[base]['label']}\u201d" for base in claim.get("rests", ()))
            lines.append(f"<li>{escape(claim['label'])}: {words[name]}{', rests on ' + bases if bases else ''}.</li>")
        text = f"<details><summary>The same as a list</summary><ul>{''.join(lines)}</ul></details>"
        return [_html(drawing), _html(text)]

    def _corner(self, claim: dict[str, Any]) -> tuple[int, int]:
        row, column = claim["at"]
        return column * self.across, row * self.down

    def _arrow(self, base: dict[str, Any], claim: dict[str, Any]) -> str:
        (x0, y0), (x1, y1) = self._corner(base), self._corner(claim)
        x0, y0, x1 = x0 + self.width // 2, y0 + self.height, x1 + self.width // 2
        middle = (y0 + y1) // 2
        return f'<path class="tgsh-arrow" d="M{x0} {y0}C{x0} {middle} {x1} {middle} {x1} {y1 - 3}"/>'

    def _box(self, claim: dict[str, Any], word: str) -> str:
        x, y = self._corner(claim)
        lines = [""]
        for part in claim["label"].split():
            longer = f"{lines[-1]} {part}".strip()
            lines = [*lines[:-1], longer] if len(longer) <= self.line else [*lines, part]
        kind = KINDS.get(word, "none")
        texts = [f'<text x="{x + 10}" y="{y + 23 + 18 * i}">{escape(line)}</text>' for i, line in enumerate(lines)]
        shape = f'<g transform="translate({x + 10} {y + 54})" class="tgsh-shape">{SHAPES.get(word, "")}</g>'
        return (
            f'<a href="#claim-{claim["id"]}" class="tgsh-box tgsh-{kind}">'
            f'<rect x="{x}" y="{y}" width="{self.width}" height="{self.height}" rx="6"/>{"".join(texts)}'
            f'<g class="tgsh-mark tgsh-{kind}">{shape}<text x="{x + 31}" y="{y + 67}">{word}</text></g></a>'
        )


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.add_directive("claims", Claims)
    app.add_directive("claims-legend", Legend)
    app.add_directive("claims-map", ClaimsMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
