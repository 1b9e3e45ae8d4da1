"""The pages of the package: what Sphinx's autodoc needs to read docstrings as they are written here.

A room of the package has private files under public names: `FlyNet` is defined in ``tgsh.networks._flynet`` and is
imported, linked to and documented as ``tgsh.networks.FlyNet``.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from functools import cached_property
from importlib import import_module
from typing import Any, TypeVar

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective


def room_of(name: str) -> str:
    """The public package that a private file is part of: "tgsh.extensions.lenses" of "tgsh.extensions.lenses._path"."""
    return name.partition("._")[0]


class AutoFile(SphinxDirective):
    """``.. autofile:: tgsh.room._name``: the docstring of a private file and the public names that it defines.

    The file may be in a private folder of the room, ``tgsh.room._folder._name``.

    Functions and classes stand in the order of the source, under the name of the room. For use in ``eval-rst``.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The nodes of the docstring and of the members."""
        (name,) = self.arguments
        room, module = import_module(room_of(name)), import_module(name)
        self.env.note_dependency(module.__file__)
        lines = [inspect.getdoc(module), ""]
        for definition in ast.parse(inspect.getsource(module)).body:
            public = getattr(definition, "name", None) in room.__all__
            if public and isinstance(definition, ast.ClassDef | ast.FunctionDef):
                kind = "class" if isinstance(definition, ast.ClassDef) else "function"
                lines.append(f".. auto{kind}:: {room.__name__}.{definition.name}")
        return self.parse_text_to_nodes("\n".join(lines))


def keep_property_text(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Show the docstring of a property as it is: napoleon would take the text before a colon for its type."""
    if isinstance(obj, property | cached_property):
        lines[:] = [*inspect.getdoc(obj).splitlines(), ""]


def shorten_signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write defaults as Python that Sphinx can parse: ``...`` for a default factory, functions by their name."""
    return signature and re.sub(r"<function (\w+)>", r"\1", signature).replace("<factory>", "..."), returns


def add_private_names(app: Sphinx, env: BuildEnvironment) -> None:
    """Resolve private names of documented objects and of their members, too.

    Python names an object by the file that defines it, and so do type annotations and the links in code cells.
    """
    objects = env.domains["py"].objects
    for name, entry in list(objects.items()):
        parts = name.split(".")
        room = next((part for part in (".".join(parts[:n]) for n in (3, 2)) if part in sys.modules), "")
        top, _, member = name.removeprefix(f"{room}.").partition(".")
        home = getattr(getattr(sys.modules.get(room), top, None), "__module__", None) or ""
        if home.startswith(f"{room}._"):
            objects[".".join(part for part in (home, top, member) if part)] = entry._replace(aliased=True)


def find_elsewhere(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Resolve a name without its module, such as `FlyNet.features`, to the one object of that name.

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
    app.add_directive("autofile", AutoFile)
    app.connect("autodoc-process-docstring", keep_property_text, priority=600)  # after napoleon
    app.connect("autodoc-process-signature", shorten_signature)
    app.connect("env-updated", add_private_names, priority=400)  # before code cells are linked
    app.connect("missing-reference", find_elsewhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
