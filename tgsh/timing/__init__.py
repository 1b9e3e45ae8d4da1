"""The benchmark, the time of each stage, and the machine."""

from tgsh.timing._benchmark import (
    Work,
    benchmark,
    compare,
    growth,
    papers_streams,
    spread,
    table,
    task_work,
    time_fast,
    time_stream,
)
from tgsh.timing._machine import Ceilings, machine, measure_ceilings, peak_memory, seconds_of
from tgsh.timing._profile import kept_or_recomputed, profile_stages, roofline_points

__all__ = [
    "Ceilings",
    "Work",
    "benchmark",
    "compare",
    "growth",
    "kept_or_recomputed",
    "machine",
    "measure_ceilings",
    "papers_streams",
    "peak_memory",
    "profile_stages",
    "roofline_points",
    "seconds_of",
    "spread",
    "table",
    "task_work",
    "time_fast",
    "time_stream",
]
