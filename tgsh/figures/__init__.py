"""Figures by kind, and explorers. They draw what was measured elsewhere, and compute nothing but layout."""

from tgsh.figures._bars import bars_with_range, growth_curves, labelled_bar
from tgsh.figures._circuit import flynet_circuit
from tgsh.figures._curves import (
    curves_with_range,
    mean_and_range,
    over_parameters,
    similarity_profiles,
)
from tgsh.figures._explorer import Explorer, explorer, frame_png, html_picture
from tgsh.figures._frames import (
    before_and_after,
    distances_and_sweep,
    step_of_training,
    tallest,
    task_and_context,
    two_tasks,
)
from tgsh.figures._histograms import similarity_histograms, two_histograms
from tgsh.figures._images import image_sheet, show_tasks
from tgsh.figures._matrix import (
    draw_numbers,
    similarity_matrices,
)
from tgsh.figures._openings import clouds_of_tasks, inversion_sketch, tasks_on_rings
from tgsh.figures._scatter import (
    against_prediction,
    context_plane,
    definition_angles,
    in_front,
    manifolds_on_sphere,
)
from tgsh.figures._style import (
    BLUE,
    COLOURS,
    DASHES,
    FILLED,
    GREEN,
    GREY,
    MARKERS,
    ORANGE,
    RED,
    SIMILARITY_MAP,
    in_short,
    subplots,
)

__all__ = [
    "BLUE",
    "COLOURS",
    "DASHES",
    "FILLED",
    "GREEN",
    "GREY",
    "MARKERS",
    "ORANGE",
    "RED",
    "SIMILARITY_MAP",
    "Explorer",
    "against_prediction",
    "bars_with_range",
    "before_and_after",
    "clouds_of_tasks",
    "context_plane",
    "curves_with_range",
    "definition_angles",
    "distances_and_sweep",
    "draw_numbers",
    "explorer",
    "flynet_circuit",
    "frame_png",
    "growth_curves",
    "html_picture",
    "image_sheet",
    "in_front",
    "in_short",
    "inversion_sketch",
    "labelled_bar",
    "manifolds_on_sphere",
    "mean_and_range",
    "over_parameters",
    "show_tasks",
    "similarity_histograms",
    "similarity_matrices",
    "similarity_profiles",
    "step_of_training",
    "subplots",
    "tallest",
    "task_and_context",
    "tasks_on_rings",
    "two_histograms",
    "two_tasks",
]
