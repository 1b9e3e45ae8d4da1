"""Live figures in the built pages: their places in a page, and the scripts that hold their modules and tensors.

The modules are those of `tgsh.live`; the tensors are the file that the chapter *The living network* has written beside
its record (``TGSH_RESULTS``, see `tgsh_site`). Where no script runs, a figure of a chapter stands in for a live one.
"""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from tgsh.live import sources, style

from tgsh_site import results_folder

_log = logging.getLogger(__name__)
PLAYS = ("sign", "between", "eq3", "hash")
TENSORS = "living-network.safetensors"
STILL = ("singlehtml", "epub")  # builders of what is printed, or read where no script runs


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
        return self.place(tensors)

    def place(self, tensors: Path) -> list[nodes.Node]:
        """The place of a figure that needs these tensors."""
        self.env.note_dependency(str(tensors))
        size = f"{len(_encoded(tensors)) / 1e6:.1f} MB"
        start = f'<button type="button">Start the live network ({size})</button>' if "button" in self.options else ""
        still = nodes.container(classes=["tgsh-still"], still=self.options.get("still", ""))
        still += self.parse_content_to_nodes() or nodes.paragraph("", "The live network needs JavaScript.")
        if self.env.app.builder.name in STILL:
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


class LiveFigure(LiveNetwork):
    """``{live-figure} MODULE.js``: the place of a figure of one's own, with ``:tensors: FILE.safetensors``.

    Both files are named from the page. The module exports ``render({ model, el })`` and may import those of tgsh.live.
    ``model.get("tensors")`` is a DataView of the tensors.
    """

    required_arguments = 1
    option_spec: ClassVar = LiveNetwork.option_spec | {"tensors": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """As those of the live network; the module and the tensors are written as a script of their own."""
        module, tensors = (
            Path(self.env.relfn2path(name)[1]) for name in (self.arguments[0], self.options.get("tensors", ""))
        )
        missing = [path for path in (module, tensors) if not path.is_file()]
        if missing:
            raise self.error(f"there is no file {missing[0]}")
        self.env.note_dependency(str(module))
        name, app = f"figure-{module.stem}", self.env.app
        if app.builder.format == "html" and app.builder.name not in STILL:
            source = json.dumps(module.read_text(encoding="utf-8"))
            script = f'window.tgshLive.sources["{name}.js"] = {source};\n'
            script += f'window.tgshLive["{name}"] = "{_encoded(tensors)}";\n'
            _folder(app).mkdir(parents=True, exist_ok=True)
            (_folder(app) / f"{name}.js").write_text(script, encoding="utf-8")
        self.about = f' data-figure="{name}"'
        return self.place(tensors)


class LiveSizes(SphinxDirective):
    """``{live-sizes}``: a table of what the live network of this build weighs, file by file and tensor by tensor."""

    def run(self) -> list[nodes.Node]:
        """The nodes of the table."""
        path = results_folder(self.env.app) / TENSORS
        if not path.is_file():
            return self.parse_text_to_nodes("The live network is not part of this build.")
        self.env.note_dependency(str(path))
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        rows = [(f"`{name}`", len(source.encode())) for name, source in sources().items()]
        tensors = {}
        for name, about in json.loads(content[8 : 8 + length]).items():
            if name != "__metadata__":
                begin, end = about["data_offsets"]
                name = name.partition(".")[0]
                tensors[name] = tensors.get(name, 0) + end - begin
        rows += [(f"tensor `{name}`", size) for name, size in sorted(tensors.items(), key=lambda of: -of[1])]
        rows += [("**all tensors, compressed, as a script**", len(_encoded(path)))]
        lines = ["| | kB |", "|---|---:|", *(f"| {name} | {size / 1000:.1f} |" for name, size in rows)]
        return self.parse_text_to_nodes("\n".join(lines))


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


def _folder(app: Sphinx) -> Path:
    return Path(app.outdir, "_static", "live")


@cache
def _encode(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def _encoded(tensors: Path) -> str:
    return _encode(tensors.read_bytes())


def write_scripts(app: Sphinx, exception: Exception | None) -> None:
    """Write the modules and the tensors as scripts, beside the other static files."""
    tensors, folder = results_folder(app) / TENSORS, _folder(app)
    if exception or app.builder.format != "html" or not (tensors.is_file() or folder.exists()):
        return  # nothing is to be written where a site has neither the live network nor a figure of its own
    if app.builder.name in STILL:
        return
    folder.mkdir(parents=True, exist_ok=True)
    given = {"sources": sources(), "style": style()}
    (folder / "modules.js").write_text(f"window.tgshLive = {json.dumps(given)};\n", encoding="utf-8")
    if tensors.is_file():
        script = f'window.tgshLive.tensors = "{_encoded(tensors)}";\n'
        (folder / "tensors.js").write_text(script, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.add_directive("live-network", LiveNetwork)
    app.add_directive("live-play", LivePlay)
    app.add_directive("live-figure", LiveFigure)
    app.add_directive("live-sizes", LiveSizes)
    app.add_post_transform(Stills)
    app.connect("build-finished", write_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
