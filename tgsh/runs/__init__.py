"""Running chapters: profiles and parameters, devices, progress, the run cache, provenance."""

from tgsh.runs.cache import RunCache
from tgsh.runs.device import device_name, resolve_device
from tgsh.runs.profiles import PROFILES, Run, open_chapter
from tgsh.runs.progress import track
from tgsh.runs.provenance import record, show_stamp

__all__ = [
    "PROFILES",
    "Run",
    "RunCache",
    "device_name",
    "open_chapter",
    "record",
    "resolve_device",
    "show_stamp",
    "track",
]
