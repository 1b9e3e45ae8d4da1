"""The figures of the book. They draw what is measured elsewhere, and compute nothing but layout."""

from tgsh.figures.circuit import flynet_circuit
from tgsh.figures.clusters import agreement_and_null, clustered_similarity, similarity_and_push, similarity_variants
from tgsh.figures.definition import definition_angles, row_cosines, two_networks
from tgsh.figures.explorers import task_and_context
from tgsh.figures.images import agreement_profile, image_rows, image_sheet, ridge_sweep
from tgsh.figures.judged import legibility, picture_rows
from tgsh.figures.manifolds import (
    bars_with_range,
    curves_with_range,
    distance_histograms,
    log_log,
    manifolds_on_sphere,
    orbits,
    stacked_shares,
    sweep,
)
from tgsh.figures.speed import growth_curves, roofline, stage_bars
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
    "agreement_profile",
    "bars_with_range",
    "clustered_similarity",
    "curves_with_range",
    "definition_angles",
    "distance_histograms",
    "draw_similarity",
    "flynet_circuit",
    "growth_curves",
    "image_rows",
    "image_sheet",
    "legibility",
    "log_log",
    "manifolds_on_sphere",
    "orbits",
    "picture_rows",
    "ridge_sweep",
    "roofline",
    "row_cosines",
    "show_tasks",
    "similarity_and_push",
    "similarity_histograms",
    "similarity_matrices",
    "similarity_profiles",
    "similarity_variants",
    "stacked_shares",
    "stage_bars",
    "subplots",
    "sweep",
    "task_and_context",
    "two_networks",
]
