"""Figures by kind, and explorers. They draw what was measured elsewhere, and compute nothing but layout."""

from tgsh.figures._accuracy import (
    accuracies_by_scenario,
    accuracy_over,
    accuracy_round,
    inference_by_number,
    legibility,
    retrieval_by_length,
)
from tgsh.figures._bars import bars_with_range, growth_curves, roofline, stage_bars
from tgsh.figures._circuit import flynet_circuit
from tgsh.figures._curves import (
    curves_with_range,
    mean_and_range,
    separability_curves,
    similarity_profiles,
)
from tgsh.figures._explorer import FRAMES, Explorer, explorer, frame_png, html_picture
from tgsh.figures._frames import (
    BINS,
    before_and_after,
    distances_and_sweep,
    step_of_training,
    tallest,
    task_and_context,
    two_tasks,
    unseen_frame,
)
from tgsh.figures._histograms import agreement_and_null, pairs_at_distance, similarity_histograms
from tgsh.figures._images import image_sheet, picture_rows, show_tasks
from tgsh.figures._matrix import (
    draw_numbers,
    draw_similarity,
    similarity_matrices,
    task_confusion,
)
from tgsh.figures._scatter import (
    against_prediction,
    context_plane,
    definition_angles,
    dots_by_row,
    in_front,
    manifolds_on_sphere,
)
from tgsh.figures._style import BLUE, COLOURS, FILLED, GREEN, GREY, MARKERS, ORANGE, RED, SIMILARITY_MAP, subplots

__all__ = [
    "BINS",
    "BLUE",
    "COLOURS",
    "FILLED",
    "FRAMES",
    "GREEN",
    "GREY",
    "MARKERS",
    "ORANGE",
    "RED",
    "SIMILARITY_MAP",
    "Explorer",
    "accuracies_by_scenario",
    "accuracy_over",
    "accuracy_round",
    "against_prediction",
    "agreement_and_null",
    "bars_with_range",
    "before_and_after",
    "context_plane",
    "curves_with_range",
    "definition_angles",
    "distances_and_sweep",
    "dots_by_row",
    "draw_numbers",
    "draw_similarity",
    "explorer",
    "flynet_circuit",
    "frame_png",
    "growth_curves",
    "html_picture",
    "image_sheet",
    "in_front",
    "inference_by_number",
    "legibility",
    "manifolds_on_sphere",
    "mean_and_range",
    "pairs_at_distance",
    "picture_rows",
    "retrieval_by_length",
    "roofline",
    "separability_curves",
    "show_tasks",
    "similarity_histograms",
    "similarity_matrices",
    "similarity_profiles",
    "stage_bars",
    "step_of_training",
    "subplots",
    "tallest",
    "task_and_context",
    "task_confusion",
    "two_tasks",
    "unseen_frame",
]
