"""What the first cell of a chapter imports: nothing that takes longer to import than `tgsh` itself."""

import subprocess
import sys

import pytest

HEAVY = ("torchvision", "torch._dynamo", "sympy", "sklearn", "scipy.stats", "numba", "faiss", "pyarrow")
FIRST_CELL = "import tgsh, tgsh.figures, tgsh.runs, tgsh.measures"


ROTATE = "; import torch; from tgsh.benchmarks import Rotation; Rotation(10)(torch.zeros(1, 28, 28))"


@pytest.mark.parametrize("more", ["", ROTATE], ids=["first cell", "a rotation"])
def test_start_up_imports_no_heavy_library(more, tmp_path):
    found = f"import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", f"{FIRST_CELL}{more}; {found}"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert run.stdout.strip() == "[]", run.stdout
