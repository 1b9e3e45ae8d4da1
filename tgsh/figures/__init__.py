"""The figures of the book. They draw what is measured elsewhere, and compute nothing but layout."""

from tgsh.figures.circuit import flynet_circuit
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
    "flynet_circuit",
    "show_tasks",
    "similarity_histograms",
    "similarity_matrices",
    "similarity_profiles",
    "subplots",
]
