"""The figures of the book. They draw what is measured elsewhere, and compute nothing but layout."""

from tgsh.figures.circuit import flynet_circuit
from tgsh.figures.definition import definition_angles, row_cosines, two_networks
from tgsh.figures.images import agreement_profile, image_rows, image_sheet, ridge_sweep
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
    "agreement_profile",
    "definition_angles",
    "draw_similarity",
    "flynet_circuit",
    "image_rows",
    "image_sheet",
    "ridge_sweep",
    "row_cosines",
    "show_tasks",
    "similarity_histograms",
    "similarity_matrices",
    "similarity_profiles",
    "subplots",
    "two_networks",
]
