"""Running chapters: profiles and parameters, devices, progress, run cache, provenance, verdicts and sweeps."""

from tgsh.runs._cache import RunCache, cache_root
from tgsh.runs._code import code_digest, imported_code
from tgsh.runs._device import device_name, free_memory, n_workers, parallel_map, resolve_device
from tgsh.runs._identity import ByValue, describe, identity, tensor_digest
from tgsh.runs._profiles import PROFILES, Run, open_chapter
from tgsh.runs._progress import track
from tgsh.runs._provenance import commit, record, show_stamp
from tgsh.runs._rules import RULES, Rule
from tgsh.runs._sweep import Sweep, grid, sweep
from tgsh.runs._sweep._backends import BACKENDS
from tgsh.runs._sweep._cell import Cell
from tgsh.runs._sweep._chapter import Chapter, open_notebook
from tgsh.runs._sweep._jobs import Job
from tgsh.runs._sweep._points import parse_grid
from tgsh.runs._sweep._table import sweep_table, write_table
from tgsh.runs._verdicts import Estimate, below, holds, verdict

__all__ = [
    "BACKENDS",
    "PROFILES",
    "RULES",
    "ByValue",
    "Cell",
    "Chapter",
    "Estimate",
    "Job",
    "Rule",
    "Run",
    "RunCache",
    "Sweep",
    "below",
    "cache_root",
    "code_digest",
    "commit",
    "describe",
    "device_name",
    "free_memory",
    "grid",
    "holds",
    "identity",
    "imported_code",
    "n_workers",
    "open_chapter",
    "open_notebook",
    "parallel_map",
    "parse_grid",
    "record",
    "resolve_device",
    "show_stamp",
    "sweep",
    "sweep_table",
    "tensor_digest",
    "track",
    "verdict",
    "write_table",
]
