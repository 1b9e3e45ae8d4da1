"""A chapter as the job of a sweep: papermill runs it with the parameters of a cell; its results are what it records."""

from __future__ import annotations

import functools
import json
import logging
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tgsh.errors import ParameterError, TgshError, check_choice
from tgsh.runs._code import code_digest, imported_code
from tgsh.runs._profiles import PROFILES
from tgsh.runs._sweep._jobs import stable

LIMIT = 7200  # seconds that one cell of a notebook may take
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_KINDS = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


@dataclass(frozen=True)
class Chapter:
    """A notebook with a cell tagged ``parameters`` that records numbers by `tgsh.runs.record`.

    Workers need not have the file: the job holds its code.

    Attributes:
        name: name of the file, without ending.
        folder: folder in which it runs, where a worker has that folder.
        notebook: the notebook without outputs, as JSON.
        parameters: annotated types by name; an empty text where there is none.
    """

    name: str
    folder: str
    notebook: str
    parameters: dict[str, str]

    def code(self) -> dict[str, str]:
        """As `tgsh.runs.Job.code`: of the cells, and of the modules of ``tgsh`` that they import."""
        source = "\n".join(
            "".join(cell["source"]) for cell in json.loads(self.notebook)["cells"] if cell["cell_type"] == "code"
        )
        try:
            modules = stable(lambda: imported_code(source), self.name)
            return {f"{self.name}.ipynb": code_digest(source)} | modules
        except SyntaxError as error:
            raise ParameterError(f"{self.name}.ipynb is not plain Python in line {error.lineno} of its code") from None
        except ImportError as error:
            raise ParameterError(f"{self.name}.ipynb imports what is not there: {error}") from None

    def check(self, cell: Mapping[str, Any]) -> None:
        """As `tgsh.runs.Job.check`: names, types as they are annotated, and the profile.

        Ranges are checked by the chapter when it runs.
        """
        unknown = ", ".join(sorted(set(cell) - set(self.parameters)))
        if unknown:
            raise ParameterError(f"{self.name} has no parameter {unknown}; it has {', '.join(self.parameters)}")
        for name, value in cell.items():
            kinds = _KINDS.get(self.parameters[name])
            wrong = kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds))
            if wrong and value is not None:
                raise ParameterError(f"{name} must be of type {self.parameters[name]}; got {value!r}")
        if "profile" in cell:
            check_choice("profile", cell["profile"], tuple(PROFILES))

    def __call__(self, **cell: Any) -> dict[str, Any]:
        """Run the chapter; return the values of the numbers that it records, by name.

        Of a number with an interval, ``NAME_low`` and ``NAME_high`` are the ends.

        Raises:
            TgshError: the chapter failed, or recorded nothing.
        """
        with tempfile.TemporaryDirectory(prefix="tgsh-sweep-", ignore_cleanup_errors=True) as made:
            folder, results = Path(made), Path(made) / "results"
            self._execute(folder, results, cell)
            records = list(results.glob("*.json"))
            if not records:
                raise TgshError(f"{self.name} records no numbers; its code must call record(run, ...)")
            return _values(json.loads(records[0].read_text(encoding="utf-8"))["results"])

    def _execute(self, folder: Path, results: Path, cell: Mapping[str, Any]) -> None:
        papermill = _papermill()
        from nbclient.exceptions import CellTimeoutError, DeadKernelError
        from papermill.exceptions import PapermillExecutionError
        from traitlets.config import Config

        notebook = json.loads(self.notebook)
        # Not by the environment of this process, whose threads may run other cells.
        place = f"import os\n\nos.environ['TGSH_RESULTS'] = {str(results)!r}"
        notebook["cells"].insert(0, _code_cell(place))
        source = folder / f"{self.name}.ipynb"
        source.write_text(json.dumps(notebook), encoding="utf-8")
        own = Path(self.folder)
        try:
            papermill.execute_notebook(
                str(source),
                str(folder / "run.ipynb"),
                parameters=dict(cell),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                cwd=str(own if own.is_dir() else folder),
                execution_timeout=LIMIT,
                # No open ports; sockets of its own, so that several chapters can run at once.
                extra_arguments=["--log-level=CRITICAL"],  # of a kernel that is told to end
                config=Config({"KernelManager": {"transport": "ipc", "ip": str(folder / "socket")}}),
            )
        except PapermillExecutionError as error:
            trace = _ANSI.sub("", "\n".join(error.traceback))
            if "Traceback" not in trace:  # one of ours, which explains itself in a line
                raise TgshError(error.evalue) from None
            raise RuntimeError(f"{error.ename}: {error.evalue}\n{trace}") from None
        except CellTimeoutError:
            raise TgshError(f"a cell of {self.name} took more than {LIMIT} s") from None
        except DeadKernelError:
            raise TgshError(f"the kernel of {self.name} died, most likely for want of memory") from None


def open_notebook(path: Path | str) -> Chapter:
    """Read a chapter as a job.

    Raises:
        ParameterError: there is no such file, it is not a notebook, no cell is tagged ``parameters``, or papermill is
            not installed.
    """
    path = Path(path)
    if not path.is_file():
        beside = sorted(file.stem for file in path.parent.glob("*.ipynb")) if path.parent.is_dir() else []
        hint = f"; {path.parent} has {', '.join(beside)}" if beside else ""
        raise ParameterError(f"there is no chapter {path}{hint}")
    papermill = _papermill()
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = notebook["cells"]
        is_tagged = any("parameters" in cell["metadata"].get("tags", ()) for cell in cells)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ParameterError(f"{path} is not a notebook") from None
    if not is_tagged:
        raise ParameterError(f"{path} has no cell tagged parameters, so nothing in it can be set")
    known = papermill.inspect_notebook(str(path))
    parameters = {name: row["inferred_type_name"].partition(" ")[0] for name, row in known.items()}
    for cell in cells:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    notebook["metadata"].pop("widgets", None)
    return Chapter(path.stem, str(path.parent.resolve()), json.dumps(notebook), parameters)


@functools.cache
def _papermill() -> Any:
    try:
        import papermill
    except ImportError:
        raise ParameterError("a chapter is run by papermill, which is not installed: pip install papermill") from None
    logging.getLogger("papermill").setLevel(logging.ERROR)
    return papermill


def _code_cell(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "tgsh-sweep",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def _values(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found = {}
    for name, row in rows.items():
        found[name] = row["value"]
        found |= {f"{name}_{end}": row[end] for end in ("low", "high") if end in row}
    return found
