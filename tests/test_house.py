"""The shape of the package: what may import what, sizes, docstrings, and public names (CONTRIBUTING.md)."""

import ast
import importlib
import json
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import pytest
from conftest import ROOT

PACKAGE = ROOT / "tgsh"
# A room imports itself and rooms before it; CONTRIBUTING.md has the same list.
ORDER = (
    *("errors", "seeding", "datasets", "runs", "benchmarks", "networks"),
    *("measures", "theory", "training", "inversion", "extensions", "live", "timing", "figures"),
)
FILES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted({path.parent for path in FILES})
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}
of_each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def room(module):
    return module.split(".")[1]


def imported(path):
    """Modules of tgsh that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return {name for name in found if name.partition(".")[0] == "tgsh"}


def test_the_list_holds_every_room_and_contributing_the_same_list():
    rooms = {room(name) for name in MODULES if name != "tgsh"} - {"__main__"}
    assert rooms == set(ORDER)
    assert " < ".join(ORDER) in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@of_each_file
def test_a_room_imports_only_rooms_before_it(path):
    name = module_name(path)
    if name in ("tgsh", "tgsh.__main__"):
        return
    for other in imported(path):
        assert other != "tgsh", f"{name} imports the whole package"
        assert ORDER.index(room(other)) <= ORDER.index(room(name)), f"{name} imports {other}"


@of_each_file
def test_files_of_a_room_are_private_to_it(path):
    name = module_name(path)
    for other in imported(path) - {"tgsh"}:
        inside = room(other) == room(name) if name != "tgsh" else False
        if inside and name.count(".") > 1:
            assert other.count(".") > 1, f"{name} imports its own room instead of the file"
        if not inside:
            assert "._" not in other, f"{name} imports the private file {other}"


def test_no_modules_import_each_other():
    graph = {name: imported(path) for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@of_each_file
def test_a_module_has_at_most_300_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_has_few_entries(folder):
    entries = [entry.name for entry in folder.iterdir() if not entry.name.startswith("__")]
    assert len(entries) <= (14 if folder == PACKAGE else 11), sorted(entries)


def public_definitions(body, owner=""):
    """Public functions and classes of a module, and the public methods of its public classes: (name, node)."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{owner}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{node.name}.")


@of_each_file
def test_what_is_public_has_a_docstring_that_names_it(path):
    assert ast.get_docstring(TREES[path]), "the module has no docstring"
    for name, node in public_definitions(TREES[path].body):
        text = ast.get_docstring(node)
        assert text, f"{name} has no docstring"
        assert not re.match(r"(What|How|Which|Where|When)\b", text), f"{name}: {text.splitlines()[0]}"


def test_measuring_imports_no_matplotlib():
    rooms = [f"tgsh.{name}" for name in ORDER if name != "figures"]
    loaded = "[name for name in ('matplotlib', 'anywidget', 'tgsh.figures') if name in sys.modules]"
    program = f"import sys, tgsh, tgsh.__main__, {', '.join(rooms)}; print({loaded})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Public names


ROOMS = [name for name in ORDER if (PACKAGE / name).is_dir()]


def annotated(path):
    """Names in the annotations of what is public in a file: types of arguments, results and fields."""
    found = []
    for _, node in public_definitions(TREES[path].body):
        if isinstance(node, ast.ClassDef):
            found += [field.annotation for field in node.body if isinstance(field, ast.AnnAssign)]
        else:
            arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
            found += [node.returns, *(argument.annotation for argument in arguments)]
    found += [node.annotation for node in TREES[path].body if isinstance(node, ast.AnnAssign)]
    return {
        part.id for annotation in found if annotation for part in ast.walk(annotation) if isinstance(part, ast.Name)
    }


@pytest.fixture(scope="module")
def users():
    """Where public names may be used: file -> its words. Pages that list the interface use nothing."""
    book, texts = ROOT / "book", {}
    for path in book.glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts[path] = "\n".join("".join(cell["source"]) for cell in cells)
    pages = [path for path in book.glob("*.md") if not path.name.startswith("api")]
    code = [path for path in FILES if path.name != "__init__.py"]
    others = [*(ROOT / "tests").glob("*.py"), *(book / "_extensions").glob("*.py"), *(ROOT / "tools").glob("*.py")]
    for path in (*pages, *code, *others):
        texts[path] = path.read_text(encoding="utf-8")
    return {path: set(re.findall(r"\w+", text)) for path, text in texts.items() if path.name != "test_house.py"}


@pytest.mark.parametrize("name", ["", *ROOMS])
def test_public_names_exist_once(name):
    module = importlib.import_module(f"tgsh.{name}" if name else "tgsh")
    assert len(set(module.__all__)) == len(module.__all__)
    assert [public for public in module.__all__ if not hasattr(module, public)] == []


@pytest.mark.parametrize("name", ROOMS)
def test_public_names_are_used(name, users):
    module = importlib.import_module(f"tgsh.{name}")
    defining = {
        alias.name: MODULES[node.module]
        for node in ast.walk(TREES[PACKAGE / name / "__init__.py"])  # names that are imported when asked for, too
        if isinstance(node, ast.ImportFrom) and node.module in MODULES and node.module != f"tgsh.{name}"
        for alias in node.names
    }
    types = set().union(*(annotated(path) for path in set(defining.values())))
    unused = [
        public
        for public in module.__all__
        if public not in types and not any(public in words for path, words in users.items() if path != defining[public])
    ]
    assert unused == []


SOURCES = [*FILES, *sorted((ROOT / "tools").glob("*.py")), *sorted((ROOT / "book" / "_extensions").rglob("*.py"))]


def without_encoding(tree):
    """Lines that read or write text in the encoding of the machine's locale, whatever that is."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or any(keyword.arg in ("encoding", None) for keyword in call.keywords):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        owner = getattr(getattr(call.func, "value", None), "id", "")
        texts = [
            part.value for part in (*call.args, *(k.value for k in call.keywords)) if isinstance(part, ast.Constant)
        ]
        is_binary = any(isinstance(text, str) and re.fullmatch("[rwax+]*b[rwax+]*", text) for text in texts)
        opens = name in ("open", "fdopen", "NamedTemporaryFile") and f"{owner}.{name}" not in (
            "Image.open",
            "tarfile.open",
            "os.open",
        )
        if (
            (opens and not is_binary)
            or (name == "read_text" and not call.args)  # with an argument: `importlib.metadata.Distribution.read_text`
            or (name == "write_text" and len(call.args) < 2)
            or any(keyword.arg in ("text", "universal_newlines") for keyword in call.keywords)
        ):
            yield call.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_is_opened_with_its_encoding(path):
    assert list(without_encoding(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_files_without_an_encoding_are_found():
    faulty = "open(p)\nopen(p, 'w')\np.open()\np.read_text()\np.write_text(t)\nos.fdopen(h, 'w')\nrun(c, text=True)\n"
    sound = "open(p, 'rb')\nopen(p, encoding='utf-8')\np.open('rb')\np.read_text('utf-8')\nImage.open(p)\n"
    assert list(without_encoding(ast.parse(faulty))) == [1, 2, 3, 4, 5, 6, 7]
    assert list(without_encoding(ast.parse(sound))) == []
