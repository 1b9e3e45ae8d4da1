"""The figures of the book. They draw what is measured elsewhere, and compute nothing but layout."""

from tgsh.figures.explorers import task_and_context
from tgsh.figures.streams import (
    accuracy_by_distance,
    accuracy_by_task,
    draw_similarity,
    show_tasks,
    similarity_histograms,
    similarity_matrices,
    similarity_profiles,
)
from tgsh.figures.style import BLUE, GREEN, GREY, ORANGE, RED, subplots

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "RED",
    "accuracy_by_distance",
    "accuracy_by_task",
    "draw_similarity",
    "show_tasks",
    "similarity_histograms",
    "similarity_matrices",
    "similarity_profiles",
    "subplots",
    "task_and_context",
]
