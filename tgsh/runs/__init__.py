"""Running chapters: profiles and parameters, devices, progress, run cache, provenance and verdicts."""

from tgsh.runs._cache import RunCache
from tgsh.runs._code import code_digest, imported_code
from tgsh.runs._device import device_name, free_memory, resolve_device
from tgsh.runs._identity import ByValue, describe, identity, tensor_digest
from tgsh.runs._profiles import PROFILES, Run, open_chapter
from tgsh.runs._progress import track
from tgsh.runs._provenance import commit, record, show_stamp
from tgsh.runs._rules import RULES, Rule
from tgsh.runs._verdicts import Estimate, below, holds, verdict
from tgsh.runs._workers import n_workers, parallel_map

__all__ = [
    "PROFILES",
    "RULES",
    "ByValue",
    "Estimate",
    "Rule",
    "Run",
    "RunCache",
    "below",
    "code_digest",
    "commit",
    "describe",
    "device_name",
    "free_memory",
    "holds",
    "identity",
    "imported_code",
    "n_workers",
    "open_chapter",
    "parallel_map",
    "record",
    "resolve_device",
    "show_stamp",
    "tensor_digest",
    "track",
    "verdict",
]
