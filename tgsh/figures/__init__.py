"""The figures of the book. They draw what is measured elsewhere, and compute nothing but layout."""

from tgsh.figures.clusters import agreement_and_null, clustered_similarity, similarity_and_push, similarity_variants
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
    "agreement_and_null",
    "clustered_similarity",
    "draw_similarity",
    "show_tasks",
    "similarity_and_push",
    "similarity_histograms",
    "similarity_matrices",
    "similarity_profiles",
    "similarity_variants",
    "subplots",
]
