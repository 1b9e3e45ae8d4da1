"""Modules in JavaScript: one source for the built pages and for notebooks."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


@cache
def sources() -> dict[str, str]:
    """Texts of the modules ``*.js`` by their file names."""
    folder = files("tgsh.live") / "js"
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir(), key=lambda path: path.name)}


@cache
def style() -> str:
    """Text of the style sheet."""
    return (files("tgsh.live") / "live.css").read_text("utf-8")


def module_of(name: str) -> str:
    """One ES module with the ``render({model, el})`` that anywidget asks for: that of the module ``name``."""
    rest = {other: text for other, text in sources().items() if other != "mount.js"}
    return "\n".join(
        [
            sources()["mount.js"],
            f"const sources = {json.dumps(rest)};",
            f"const render = ({{ model, el }}) => mount(sources, {json.dumps(name)}, {{ model, el }});",
            "export default { render };",
        ]
    )
