"""Give every chapter the same first code cell, which installs the package on Colab: ``setup_cell.py NOTEBOOK ...``.

A notebook cannot know the commit that it is in. So the cell in the repository names no source, and the copy that is
served beside a built page names the repository and the commit of that build (`book/_extensions/tgsh_site.py`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import drafts

SETUP = """\
import subprocess
import sys
from importlib import metadata, util

# On Colab: install the package as it was when this page was made, and keep
# Colab's own torch. Anywhere else there is nothing to do.
SOURCE = None  # the copy beside a published page names repository and commit
if "google.colab" in sys.modules:
    from google.colab import output

    if util.find_spec("tgsh") is None:
        assert SOURCE, "open this chapter with the Colab button of its page"
        both = ("torch", "torchvision")
        kept = [f"{name}=={metadata.version(name)}" for name in both]
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *kept, SOURCE], check=True)
    output.enable_custom_widget_manager()  # explorers are ipywidgets 8
"""

CELL = {
    "cell_type": "code",
    "execution_count": None,
    "id": "colab-setup",
    "metadata": {"tags": ["remove-cell"]},  # of no use on a page
    "outputs": [],
    "source": SETUP.rstrip("\n").splitlines(keepends=True),
}


def is_first(cells: list[dict[str, Any]]) -> bool:
    """Whether the first code cell is the setup cell, as above but for its execution count."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    return bool(code) and {**code[0], "execution_count": None} == CELL


def put_first(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells with the setup cell before all other code."""
    others = [cell for cell in cells if cell.get("id") != CELL["id"]]
    at = next((i for i, cell in enumerate(others) if cell["cell_type"] == "code"), len(others))
    return [*others[:at], CELL, *others[at:]]


def main() -> int:
    """Run the command line; return its exit status."""
    parser = drafts.Parser(description="Put the setup cell for Colab into chapters that lack it.")
    parser.add_argument("notebooks", type=Path, nargs="+")
    for path in parser.parse_args().notebooks:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if is_first(notebook["cells"]):
            continue
        notebook["cells"] = put_first(notebook["cells"])
        drafts.put_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", path)
        print(f"{path}: has the setup cell now")
    return 0


if __name__ == "__main__":
    sys.exit(drafts.command(main))
