"""Equal runs are equal: whatever draws a number, in the package or in a chapter, is told from which seed."""

import ast
import importlib
import inspect

import nbformat
import pytest
from conftest import ROOT

SOURCES = [*sorted((ROOT / "tgsh").rglob("*.py")), *sorted((ROOT / "book").glob("*.ipynb"))]
DRAWS = {"bernoulli", "multinomial", "normal", "rand", "randint", "randn", "randperm"}
LIKE = {"rand_like", "randint_like", "randn_like"}  # take no generator
FROM_GLOBAL = {"manual_seed", "seed", "set_rng_state"}
# Calls that may draw from the global generator: why, and how often.
ALLOWED = {
    "book/comparing-and-carrying-over.ipynb": 2,  # RidgeClassifier solves dense equations by Cholesky: it draws nothing
    "tgsh/benchmarks/_augment.py": 3,  # torchvision draws from it: seeded, and put back afterwards
    "tgsh/inversion/_classifier.py": 1,  # the layers of PyTorch draw from it: seeded, and put back afterwards
    "tgsh/seeding.py": 1,  # makes the generators
    "tgsh/timing/_machine.py": 1,  # a matrix to time a product with
}


def code(path):
    """The code of a module, or of the cells of a chapter."""
    if path.suffix == ".py":
        return path.read_text(encoding="utf-8")
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")


def estimators(tree):
    """Name -> class, of what is imported from scikit-learn and draws numbers."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sklearn":
            module = importlib.import_module(node.module)
            for alias in node.names:
                thing = getattr(module, alias.name)
                if isinstance(thing, type) and issubclass(thing, BaseException):
                    continue
                if callable(thing) and "random_state" in inspect.signature(thing).parameters:
                    found[alias.asname or alias.name] = thing
    return found


def is_seeded(call):
    """Whether a call of scikit-learn is given a seed, or the one solver that draws nothing."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    state, solver = given.get("random_state"), given.get("svd_solver")
    has_state = state is not None and not (isinstance(state, ast.Constant) and state.value is None)
    return has_state or (isinstance(solver, ast.Constant) and solver.value in ("full", "covariance_eigh"))


def unseeded(tree):
    """The lines of calls that draw numbers from no seed, or from the global generator."""
    drawing = estimators(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name in ("random", "sklearn") for alias in node.names):
            yield node.lineno  # `random` has one generator for all; of scikit-learn we want to see what is used
        if not isinstance(node, ast.Call):
            continue
        owner, _, name = ast.unparse(node.func).rpartition(".")
        has_source = any(k.arg in ("generator", None) for k in node.keywords)
        if (
            (not owner and name in drawing and not is_seeded(node))
            or (owner == "torch" and name in DRAWS and not has_source)
            or (owner == "torch" and name in LIKE | FROM_GLOBAL | {"Generator"})
            or (owner in ("np.random", "numpy.random") and (name != "default_rng" or not node.args))
        ):
            yield node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_what_draws_numbers_has_a_seed(path):
    lines = list(unseeded(ast.parse(code(path))))
    assert len(lines) == ALLOWED.get(path.relative_to(ROOT).as_posix(), 0), lines


def test_calls_without_a_seed_are_found():
    head = "from sklearn.decomposition import PCA, TruncatedSVD as T\nfrom sklearn.cluster import KMeans\n"
    faulty = (
        *("PCA(3).fit(x)", "PCA(3, random_state=None)", 'PCA(3, svd_solver="auto")', "T(2)", "[KMeans(8) for _ in x]"),
        *("torch.randn(3)", "torch.rand_like(x)", "torch.manual_seed(0)", "torch.Generator().manual_seed(0)"),
        *("np.random.default_rng()", "np.random.rand(3)", "np.random.seed(0)", "import random", "import sklearn"),
    )
    sound = (
        *(
            "PCA(3, random_state=run.seed)",
            'PCA(3, svd_solver="full")',
            "T(2, random_state=0)",
            "KMeans(8, random_state=run.seed)",
        ),
        *("torch.randn(3, generator=source)", "np.random.default_rng(run.seed)", "rng.normal(3)", "x.normal"),
    )
    for line in faulty:
        assert len(list(unseeded(ast.parse(head + line)))) == 1, line
    for line in sound:
        assert not list(unseeded(ast.parse(head + line))), line
