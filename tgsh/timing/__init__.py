"""The benchmark, the time of each stage, and the machine."""

from tgsh.timing._benchmark import (
    benchmark,
    compare,
    growth,
    papers_streams,
    spread,
    table,
    time_fast,
    time_stream,
)
from tgsh.timing._floor import Work, floor_of_task, task_work
from tgsh.timing._machine import Ceilings, machine, measure_ceilings, memory_of_pytorch, peak_memory, seconds_of
from tgsh.timing._neighbour import Spread, beside_a_neighbour, neighbour, spread_of
from tgsh.timing._others import above_floor, gsh_work, modulated_work, profile_others
from tgsh.timing._profile import kept_or_recomputed, profile_stages, roofline_points
from tgsh.timing._solver import time_solver

__all__ = [
    "Ceilings",
    "Spread",
    "Work",
    "above_floor",
    "benchmark",
    "beside_a_neighbour",
    "compare",
    "floor_of_task",
    "growth",
    "gsh_work",
    "kept_or_recomputed",
    "machine",
    "measure_ceilings",
    "memory_of_pytorch",
    "modulated_work",
    "neighbour",
    "papers_streams",
    "peak_memory",
    "profile_others",
    "profile_stages",
    "roofline_points",
    "seconds_of",
    "spread",
    "spread_of",
    "table",
    "task_work",
    "time_fast",
    "time_solver",
    "time_stream",
]
