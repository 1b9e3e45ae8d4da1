"""The pages of the package: what Sphinx's autodoc needs to read docstrings as they are written here."""

from __future__ import annotations

import inspect
import re
import sys
from functools import cached_property
from typing import Any, TypeVar

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def keep_property_text(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Show the docstring of a property as it is: napoleon takes what stands before a colon for its type."""
    if isinstance(obj, property | cached_property):
        lines[:] = [*inspect.getdoc(obj).splitlines(), ""]


def shorten_signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write defaults as Python, which Sphinx can read: ``...`` for one that is made afresh, functions by their name."""
    return signature and re.sub(r"<function (\w+)>", r"\1", signature).replace("<factory>", "..."), returns


def find_elsewhere(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Lead a name without its module, such as `FlyNet.encode`, to the one object that is called so.

    A type variable stands for itself.
    """
    if node.get("refdomain") != "py":
        return None
    module, _, name = node["reftarget"].rpartition(".")
    if isinstance(getattr(sys.modules.get(module), name, None), TypeVar):
        return contnode
    if "refspecific" in node:
        return None
    node["refspecific"] = True  # Sphinx then looks in every module
    target = node["reftarget"].removeprefix(".")
    return env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, contnode)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the above."""
    app.connect("autodoc-process-docstring", keep_property_text, priority=600)  # after napoleon
    app.connect("autodoc-process-signature", shorten_signature)
    app.connect("missing-reference", find_elsewhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
