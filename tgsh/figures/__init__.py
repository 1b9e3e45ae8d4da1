"""The figures of the book. They draw what is measured elsewhere, and compute nothing but layout."""

from tgsh.figures.circuit import flynet_circuit
from tgsh.figures.clusters import agreement_and_null, clustered_similarity, similarity_and_push, similarity_variants
from tgsh.figures.definition import definition_angles, row_cosines, two_networks
from tgsh.figures.explorers import (
    before_and_after,
    distances_and_sweep,
    step_of_training,
    tallest,
    task_and_context,
    two_tasks,
)
from tgsh.figures.images import agreement_profile, image_rows, image_sheet, ridge_sweep
from tgsh.figures.inference import (
    accuracies_by_scenario,
    inference_by_number,
    retrieval_by_length,
    task_confusion,
)
from tgsh.figures.judged import legibility, picture_rows
from tgsh.figures.learned import against_prediction, dots_by_row, pairs_at_distance, separability_curves
from tgsh.figures.manifolds import (
    bars_with_range,
    curves_with_range,
    distance_histograms,
    in_front,
    log_log,
    manifolds_on_sphere,
    orbits,
    stacked_shares,
    sweep,
)
from tgsh.figures.prediction import accuracy_over, accuracy_round, unseen_frame
from tgsh.figures.repeats import context_plane, gain_signs, lines_between, named_profiles, spectra
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
    "accuracies_by_scenario",
    "accuracy_by_distance",
    "accuracy_by_task",
    "accuracy_over",
    "accuracy_round",
    "against_prediction",
    "agreement_and_null",
    "agreement_profile",
    "bars_with_range",
    "before_and_after",
    "clustered_similarity",
    "context_plane",
    "curves_with_range",
    "definition_angles",
    "distance_histograms",
    "distances_and_sweep",
    "dots_by_row",
    "draw_similarity",
    "flynet_circuit",
    "gain_signs",
    "growth_curves",
    "image_rows",
    "image_sheet",
    "in_front",
    "inference_by_number",
    "legibility",
    "lines_between",
    "log_log",
    "manifolds_on_sphere",
    "named_profiles",
    "orbits",
    "pairs_at_distance",
    "picture_rows",
    "retrieval_by_length",
    "ridge_sweep",
    "roofline",
    "row_cosines",
    "separability_curves",
    "show_tasks",
    "similarity_and_push",
    "similarity_histograms",
    "similarity_matrices",
    "similarity_profiles",
    "similarity_variants",
    "spectra",
    "stacked_shares",
    "stage_bars",
    "step_of_training",
    "subplots",
    "sweep",
    "tallest",
    "task_and_context",
    "task_confusion",
    "two_networks",
    "two_tasks",
    "unseen_frame",
]
