"""Live figures in the built pages: their places in a page, and the scripts that hold their modules and tensors.

The modules are those of `tgsh.live`; the tensors are the file that the chapter *The living network* has written beside
its record (``TGSH_RESULTS``, see `tgsh_site`). Where no script runs, a figure of a chapter stands in for a live one.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from tgsh_site import results_folder

_log = logging.getLogger(__name__)
MODULES = ("flynet", "tensors", "images", "parts", "address", "worker", "training", "lab", "plays")
PLAYS = ("sign", "between", "eq3")
TENSORS = "living-network.safetensors"


class LiveNetwork(SphinxDirective):
    """``{live-network}``: the place of the live network. It starts when seen; with ``:button:``, when asked to.

    ``:still: CHAPTER/FIGURE`` names the figure whose picture is shown where no script runs, with the content of the
    directive as its text.
    """

    has_content = True
    option_spec: ClassVar = {"button": directives.flag, "still": directives.unchanged_required}
    about = ""  # attributes of the place

    def run(self) -> list[nodes.Node]:
        """A place in HTML and a still picture; a sentence where the chapter has written no tensors."""
        tensors = results_folder(self.env.app) / TENSORS
        if not tensors.is_file():
            return self.parse_text_to_nodes("The live network is not part of this build.")
        self.env.note_dependency(str(tensors))
        size = f"{tensors.stat().st_size * 4 / 3e6:.1f} MB"
        start = f'<button type="button">Start the live network ({size})</button>' if "button" in self.options else ""
        still = nodes.container(classes=["tgsh-still"], still=self.options.get("still", ""))
        still += self.parse_content_to_nodes() or nodes.paragraph("", "The live network needs JavaScript.")
        if self.env.app.builder.name == "singlehtml":  # to be printed
            return [still]
        before = f'<div class="tgsh-live-place"{self.about}>{start}<noscript>'
        return [nodes.raw("", before, format="html"), still, nodes.raw("", "</noscript></div>", format="html")]


class LivePlay(LiveNetwork):
    """``{live-play} NAME``: the place of a play with one claim, on the tensors of the live network; else the same."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """As those of the live network."""
        (name,) = self.arguments
        if name not in PLAYS:
            raise self.error(f"there is no play {name}; one of {', '.join(PLAYS)}")
        self.about = f' data-play="{name}"'
        return super().run()


class Stills(SphinxPostTransform):
    """Put the picture of the figure that a still names before its text."""

    default_priority = 2  # myst-nb chooses among the kinds of an output at 4

    def run(self, **options: Any) -> None:
        """Transform the document."""
        for still in self.document.findall(lambda node: isinstance(node, nodes.container) and node.get("still")):
            chapter, _, name = still["still"].partition("/")
            figures = self.env.get_doctree(f"book/{chapter}").findall(nodes.figure)
            images = [image for figure in figures if name in figure["names"] for image in figure.findall(nodes.image)]
            if not images:
                _log.warning("the page %s has no picture of the name %s", chapter, name, location=still)
                continue
            picture = images[0].deepcopy()
            picture["classes"].append("no-scaled-link")
            still.insert(0, picture)


def write_scripts(app: Sphinx, exception: Exception | None) -> None:
    """Write the modules and the tensors as scripts, beside the other static files."""
    tensors = results_folder(app) / TENSORS
    if exception or app.builder.format != "html" or app.builder.name == "singlehtml" or not tensors.is_file():
        return
    import tgsh

    room, folder = Path(tgsh.__file__).parent / "live", Path(app.outdir, "_static", "live")
    folder.mkdir(parents=True, exist_ok=True)
    sources = {f"{name}.js": (room / f"{name}.js").read_text(encoding="utf-8") for name in MODULES}
    given = {"sources": sources, "style": (room / "live.css").read_text(encoding="utf-8")}
    (folder / "modules.js").write_text(f"window.tgshLive = {json.dumps(given)};\n", encoding="utf-8")
    encoded = base64.b64encode(tensors.read_bytes()).decode()
    (folder / "tensors.js").write_text(f'window.tgshLive.tensors = "{encoded}";\n', encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.add_directive("live-network", LiveNetwork)
    app.add_directive("live-play", LivePlay)
    app.add_post_transform(Stills)
    app.connect("build-finished", write_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
