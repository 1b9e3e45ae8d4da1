"""Identity of code: the sources that a module consists of, and the versions of the libraries that it uses."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import sys
import sysconfig
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_LIBRARIES = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib"))
_sources: dict[str, tuple[ModuleSpec, str, list[str]]] = {}


def closure_identity(parts: dict[str, str]) -> str:
    """Return the hash of what `code_closure` has found."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def code_closure(module: str) -> dict[str, str] | None:
    """Return what the code of a module consists of: hashes of sources by module, and versions by library.

    None where a module has no source, such as a notebook. Comments and docstrings do not count.
    """
    parts: dict[str, str] = {}
    return parts if _collect(module, parts) else None


def modules_of_the_user(parts: dict[str, str]) -> list[ModuleType]:
    """Return what `code_closure` has found, without this package and libraries: modules as they are now."""
    own = [name for name in sorted(parts) if name in _sources and name.partition(".")[0] != "tgsh"]
    return [sys.modules[name] for name in own if name in sys.modules]


def code_digest(source: str) -> str:
    """Return a digest of Python code, in which layout, comments and docstrings do not count."""
    tree = _without_docstrings(ast.parse(source))
    return hashlib.sha256(json.dumps(_plain(tree)).encode()).hexdigest()[:16]


def _plain(part: object) -> object:
    # A syntax tree as lists. Empty fields are left out, since each version of Python adds some.
    if isinstance(part, ast.AST):
        fields = {name: _plain(value) for name, value in ast.iter_fields(part) if value not in (None, [])}
        return [type(part).__name__, fields]
    if isinstance(part, list):
        return [_plain(item) for item in part]
    return [type(part).__name__, repr(part)]


def imported_code(source: str) -> dict[str, str]:
    """Return the hashes of the modules of ``tgsh`` that a source imports, directly or through others.

    Args:
        source: Python code, such as that of a chapter. The rooms of ``tgsh`` that it names are imported.

    Raises:
        ImportError: it imports from a room that does not exist.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tgsh":
            import_module(node.module)
    parts: dict[str, str] = {}
    for name in sorted(_imports(tree, "")):
        if name.partition(".")[0] == "tgsh":
            _collect(name, parts)
    return {name: parts[name] for name in sorted(parts) if name.partition(".")[0] == "tgsh"}


def _collect(name: str, parts: dict[str, str]) -> bool:
    top = name.partition(".")[0]
    if name in parts or top in parts:
        return True
    if top == "__main__":  # a notebook or a script
        return False
    if top != "tgsh" and _is_library(top):
        parts[top] = _version(top)
        return True
    known = _read(name)
    if known is None:
        return False
    parts[name], imported = known
    return all(_collect(target, parts) for target in imported)


def _spec(name: str) -> ModuleSpec | None:
    if name in sys.modules:
        return getattr(sys.modules[name], "__spec__", None)
    try:
        return find_spec(name)  # of an import inside a function that has not run yet
    except (ImportError, ValueError):
        return None


def _is_library(top: str) -> bool:
    if top in sys.stdlib_module_names:
        return True
    spec = _spec(top)
    if spec is None:
        return top not in sys.modules  # an optional library that is not installed
    places = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or ())
    found = [Path(place).resolve() for place in places]
    return any(place.is_relative_to(folder) for place in found for folder in (*_LIBRARIES, *_folders(top)))


@functools.cache
def _folders(top: str) -> tuple[Path, ...]:
    # Where the distributions lie that bring this package, such as the folder of `pip install --user`. One that is
    # installed for development keeps its files elsewhere, and what describes it beside them lists none: these files
    # count as sources.
    found = [distribution(name) for name in _distributions().get(top, ())]
    installed = [each for each in found if each.read_text("RECORD") is not None]
    return tuple(sorted({Path(str(each.locate_file(""))).resolve() for each in installed}))


@functools.cache
def _version(top: str) -> str:
    if top in sys.stdlib_module_names:
        return sys.version
    try:
        return version(top)
    except PackageNotFoundError:  # the distribution has another name, as Pillow has, or is not installed
        return ", ".join(version(name) for name in sorted(set(_distributions().get(top, ())))) or "unknown"


_distributions = functools.cache(packages_distributions)


def _read(name: str) -> tuple[str, list[str]] | None:
    # Hash of the source of a module, and the modules that it imports. A source is read once for each time that the
    # module is loaded (its spec is then another): an edit of the file changes nothing before the module is reloaded.
    spec = _spec(name)
    if spec is None or not spec.has_location or not spec.origin.endswith(".py"):
        return None
    if name not in _sources or _sources[name][0] is not spec:
        try:
            source = Path(spec.origin).read_text(encoding="utf-8")
        except OSError:
            return None
        _sources[name] = spec, code_digest(source), sorted(_imports(ast.parse(source), spec.parent))
    return _sources[name][1:]


def _imports(tree: ast.Module, package: str) -> set[str]:
    # Names of the modules that a module of ``package`` imports.
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            source = ".".join(part for part in (above, node.module) if part)
            found |= {_home(source, alias.name) for alias in node.names}
    return found


def _home(source: str, name: str) -> str:
    # The module that ``from source import name`` depends on: a room of tgsh would bring in all of its files, so a class
    # or function of a room counts as the file that defines it.
    value = getattr(sys.modules.get(source), name, None)
    if isinstance(value, ModuleType):
        return value.__name__
    if value is None and not _is_library(source.partition(".")[0]) and _spec(f"{source}.{name}") is not None:
        return f"{source}.{name}"  # a file of a package, imported by a function that has not run yet
    defined = hasattr(value, "__qualname__") and value.__module__ in sys.modules
    return value.__module__ if defined and source.partition(".")[0] == "tgsh" else source


def _without_docstrings(tree: ast.Module) -> ast.Module:
    definitions = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, definitions) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return tree
