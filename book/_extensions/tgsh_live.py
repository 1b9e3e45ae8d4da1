"""The live network in the built pages: its place in a page, and the scripts that hold its modules and tensors.

The modules are those of `tgsh.live`; the tensors are the file that the chapter *The living network* has written beside
its record (``TGSH_RESULTS``, see `tgsh_site`).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tgsh_site import results_folder

MODULES = ("flynet", "tensors", "images", "parts", "address", "worker", "training", "lab")
TENSORS = "living-network.safetensors"


class LiveNetwork(SphinxDirective):
    """``{live-network}``: the place of the live network. It starts when seen; with ``:button:``, when asked to."""

    option_spec: ClassVar = {"button": directives.flag}

    def run(self) -> list[nodes.Node]:
        """A place in HTML; a sentence in other formats, and where the chapter has written no tensors."""
        tensors = results_folder(self.env.app) / TENSORS
        if not tensors.is_file():
            return self.parse_text_to_nodes("The live network is not part of this build.")
        self.env.note_dependency(str(tensors))
        size = f"{tensors.stat().st_size * 4 / 3e6:.1f} MB"
        start = f'<button type="button">Start the live network ({size})</button>' if "button" in self.options else ""
        place = f'<div class="tgsh-live-place">{start}<noscript>The live network needs JavaScript.</noscript></div>'
        return [nodes.raw("", place, format="html")]


def write_scripts(app: Sphinx, exception: Exception | None) -> None:
    """Write the modules and the tensors as scripts, beside the other static files."""
    tensors = results_folder(app) / TENSORS
    if exception or app.builder.format != "html" or not tensors.is_file():
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
    app.connect("build-finished", write_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
