"""Additions to Sphinx for this site: own assets, launch buttons, first frames, lists of runs, rules and corrections.

``TGSH_ROOT`` names the checkout (pages are rendered from a staged copy), ``TGSH_RESULTS`` the records of the chapters;
by default the folder of ``_config.yml``, and ``data/results`` in it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from tgsh.runs import imported_code

COLAB = "https://colab.research.google.com"
PAGES_BRANCH = "gh-pages"  # where .github/workflows/book.yml publishes the built pages
NAME = re.compile(r"\{\{(?:([\w-]+):)?(\w+)\}\}")  # of a recorded number, perhaps of another chapter
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def checkout(app: Sphinx) -> Path:
    """The folder of the checkout that the pages are rendered from."""
    return Path(os.environ.get("TGSH_ROOT", app.confdir))


def results_folder(app: Sphinx) -> Path:
    """The folder with the records of the chapters."""
    return checkout(app) / (os.environ.get("TGSH_RESULTS") or "data/results")


def use_assets(app: Sphinx, config: Config) -> None:
    """Draw widgets and set mathematics with the site's own scripts, where tools/fetch_assets.py has brought them."""
    assets = checkout(app) / ".assets"
    if assets.is_dir():
        config.html_static_path.append(str(assets))
    # Without its script a widget's first frame stays. myst-nb's default would ask two other hosts.
    has_widgets = (assets / "html-manager" / "embed.js").exists()
    config.nb_ipywidgets_js = {"html-manager/embed.js": {}} if has_widgets else {}
    if (assets / "mathjax" / "tex-chtml.js").exists():
        config.mathjax_path = "mathjax/tex-chtml.js"
    else:
        without_mathjax(app)  # Formulas then show as TeX. Sphinx's default would ask another host for its script.


def without_mathjax(app: Sphinx) -> None:
    """Load no script for formulas."""
    for listener in list(app.events.listeners["html-page-context"]):
        if listener.handler.__module__ == "sphinx.ext.mathjax":
            app.disconnect(listener.id)


def add_buttons(app: Sphinx, config: Config) -> None:
    """Offer Binder, Colab and the repository, where the checkout has a public one: never a dead link."""
    url = github_url(_git(checkout(app), "remote", "get-url", "origin"))
    if url is None:
        return
    launch = {"notebook_interface": "jupyterlab", "binderhub_url": "https://mybinder.org"}
    if _git(checkout(app), "rev-parse", "--verify", f"refs/remotes/origin/{PAGES_BRANCH}"):
        launch["colab_url"] = COLAB
    config.html_theme_options |= {
        "repository_url": url,
        "repository_branch": _public_revision(checkout(app)),
        "use_repository_button": True,
        "use_issues_button": True,
        "launch_buttons": launch,
    }


def open_published_notebook(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Let Colab open the copy beside the published page: it knows the commit to install, see `name_source`."""
    for group in context.get("header_buttons", ()):
        for button in group.get("buttons", ()):
            if button.get("url", "").startswith(COLAB):
                repository = app.config.html_theme_options["repository_url"].removeprefix("https://github.com/")
                button["url"] = f"{COLAB}/github/{repository}/blob/{PAGES_BRANCH}/_sources/{page}.ipynb"


def name_source(app: Sphinx, exception: Exception | None) -> None:
    """Write repository and commit into the setup cell of the notebooks that are served beside the pages."""
    options = app.config.html_theme_options
    if exception or "repository_url" not in options:
        return
    # with the libraries of the lenses, which some chapters need
    source = f"tgsh[lenses] @ git+{options['repository_url']}@{options['repository_branch']}"
    for path in Path(app.outdir, "_sources").rglob("*.ipynb"):
        text = path.read_text(encoding="utf-8").replace("SOURCE = None", f"SOURCE = '{source}'", 1)
        path.write_text(text, encoding="utf-8")


def revision(app: Sphinx) -> str:
    """The commit of the checkout; "unknown" where there is none."""
    return _git(checkout(app), "rev-parse", "HEAD") or "unknown"


def github_url(remote: str) -> str | None:
    """The page of a GitHub remote, without any credentials in it; None for every other remote."""
    found = re.fullmatch(
        r"(?:https?://(?:[^@/]*@)?|(?:ssh://)?git@)github\.com[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?",
        remote,
    )
    return f"https://github.com/{found[1]}" if found else None


def _public_revision(root: Path) -> str:
    # The very commit of these pages, where the remote has it; else the remote's main branch.
    head = _git(root, "rev-parse", "HEAD")
    if _git(root, "branch", "--remotes", "--contains", head):
        return head
    return _git(root, "rev-parse", "--abbrev-ref", "origin/HEAD").removeprefix("origin/") or "main"


def _git(root: Path, *arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=root,
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=10,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


class FirstFrame(SphinxPostTransform):
    """Put the PNG of an explorer before its widget.

    myst-nb would keep the widget alone, and a reader without JavaScript would see nothing. The style sheet takes the
    picture away once the widget is drawn.
    """

    default_priority = 3  # myst-nb chooses among the kinds of an output at 4

    def run(self, **options: Any) -> None:
        """Transform the document."""
        for bundle in self.document.findall(nodes.container):
            kinds = {kind.get("mime_type"): kind for kind in bundle.children if isinstance(kind, nodes.container)}
            if WIDGET_VIEW not in kinds or "image/png" not in kinds:
                continue
            picture = next(kinds["image/png"].findall(nodes.image)).deepcopy()
            picture["classes"] += ["first-frame", "no-scaled-link"]
            kinds[WIDGET_VIEW].insert(0, picture)


def bold(text: str) -> str:
    """MyST of a text in bold. A role and not asterisks: these would not close between a bracket and a degree sign."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{{strong}}{fence}{text}{fence}"


def plain(text: str) -> str:
    """A text without markup: a record is data. A backslash before other than ASCII punctuation would be printed."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


class VerdictRules(SphinxDirective):
    """A table of the rules by which the chapters give their verdicts: `tgsh.runs.RULES`."""

    words: ClassVar = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}

    def run(self) -> list[nodes.Node]:
        """The nodes of the table."""
        from tgsh.runs import RULES, Rule  # only this directive needs the package

        self.env.note_dependency(sys.modules[Rule.__module__].__file__)
        lines = ["| Chapter | Rule | Quantity | Holds when it is | Threshold |", "|---|---|---|---|---|"]
        contents = checkout(self.env.app) / "_toc.yml"
        order = re.findall(r"book/([\w-]+)", contents.read_text(encoding="utf-8")) if contents.exists() else []
        for name, rule in sorted(RULES.items(), key=lambda item: [*order, item[1].chapter].index(item[1].chapter)):
            threshold = f"{rule.threshold:g}".replace("-", "\N{MINUS SIGN}")
            facts = (f"`{name}`", plain(rule.quantity), self.words[rule.relation], threshold)
            lines.append(f"| {link_to_chapter(self, rule.chapter)} | {' | '.join(facts)} |")
        return self.parse_text_to_nodes("\n".join(lines))


def records_of(directive: SphinxDirective) -> dict[str, dict[str, Any]]:
    """Chapter -> record, of all that are recorded."""
    records = {}
    for path in sorted(results_folder(directive.env.app).glob("*.json")):
        directive.env.note_dependency(str(path))
        records[path.stem] = json.loads(path.read_text(encoding="utf-8"))
    return records


def link_to_chapter(directive: SphinxDirective, name: str) -> str:
    """A link to a chapter; its name where it is not in this book."""
    page = f"book/{name}"
    return f"{{doc}}`/{page}`" if page in directive.env.found_docs else plain(name)


class Status(SphinxDirective):
    """A table of the recorded runs: what was run when, on what, and with which versions."""

    columns = ("Chapter", "Profile", "Dataset", "Device", "Date", "Run time", "Commit", "Code changed since")

    def run(self) -> list[nodes.Node]:
        """The nodes of the table, or a sentence where nothing is recorded."""
        records = records_of(self)
        if not records:
            return self.parse_text_to_nodes("No run is recorded.")
        lines = [
            f"| {' | '.join(self.columns)} |",
            "|---" * len(self.columns) + "|",
        ]
        lines += [f"| {' | '.join(self._row(name, record))} |" for name, record in records.items()]
        versions = {
            plain(", ".join(f"{k} {v}" for k, v in record.get("versions", {}).items())) for record in records.values()
        }
        lines += ["", *self._together(records), *(f"Versions: {text}.\n" for text in sorted(versions) if text)]
        return self.parse_text_to_nodes("\n".join(lines))

    def _together(self, records: dict[str, dict[str, Any]]) -> list[str]:
        # A sum of run times says little without the machine, so also in a unit that was timed on it.
        total = sum(record.get("seconds") or 0 for record in records.values() if "results" in record)  # chapters
        loop = records.get("speed", {}).get("results", {}).get("plain_task", {}).get("value")
        if not total or not loop:  # of a small profile the time rounds to 0
            return []
        tasks = total / loop
        return [
            f"All chapters: {timedelta(seconds=total)}, as long as the published loop takes for {tasks:.0f} tasks.\n"
        ]

    def _row(self, name: str, record: dict[str, Any]) -> list[str]:
        seconds, stolen = record.get("seconds"), record.get("stolen")
        took = str(timedelta(seconds=round(seconds))) if seconds is not None else "–"
        took += f" ({timedelta(seconds=stolen)})" if stolen else ""
        keys = ("profile", "dataset", "device", "date", "commit")
        *facts, commit = (plain(str(record.get(key, "–"))) for key in keys)
        return [link_to_chapter(self, name), *facts, took, commit, self._changed(record)]

    def _changed(self, record: dict[str, Any]) -> str:
        # The modules of tgsh that the chapter uses and that are not as they were when it ran.
        if "seal" not in record:
            return "–"
        sealed = record["seal"]["modules"]
        now = imported_code("\n".join(f"import {module}" for module in sealed))
        changed = [module for module, digest in sealed.items() if now.get(module) != digest]
        names = plain(", ".join(module.removeprefix("tgsh.") for module in changed))
        if len(changed) <= 2:
            return names or "nothing"
        return f"<details><summary>{len(changed)} modules</summary>{names}</details>"


class Corrections(SphinxDirective):
    """The list of corrections, ``data/corrections/CHAPTER.json``, with the numbers that the chapters record now.

    In ``now`` and ``because``, ``{{name}}`` stands for a number of the chapter, ``{{other-chapter:name}}`` for one of
    another chapter; a name that the chapter does not record is an error.
    """

    def run(self) -> list[nodes.Node]:
        """The nodes of the list."""
        records, lines = records_of(self), []
        for path in sorted((checkout(self.env.app) / "data" / "corrections").glob("*.json")):
            self.env.note_dependency(str(path))
            for entry in json.loads(path.read_text(encoding="utf-8")):
                now, because = (self._filled(entry[part], path.stem, records) for part in ("now", "because"))
                lines += [f"**{entry['title']}** ({link_to_chapter(self, path.stem)})", ""]
                lines += [f"- The book said: {entry['said']}", f"- It says now: {now}", f"- Because: {because}", ""]
        return self.parse_text_to_nodes("\n".join(lines))

    def _filled(self, text: str, chapter: str, records: dict[str, dict[str, Any]]) -> str:
        def number(found: re.Match) -> str:
            home, name = found[1] or chapter, found[2]
            if home not in records:
                return "(not run)"
            if name not in records[home]["results"]:
                raise self.error(f"corrections: {home} records no {name}")
            return bold(records[home]["results"][name]["text"])

        return NAME.sub(number, text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.connect("config-inited", use_assets)
    app.connect("config-inited", add_buttons)
    app.connect("html-page-context", open_published_notebook, priority=900)  # after the theme
    app.connect("build-finished", name_source)
    app.add_post_transform(FirstFrame)
    app.add_directive("corrections", Corrections)
    app.add_directive("status", Status)
    app.add_directive("verdict-rules", VerdictRules)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
