"""Instruments of other papers, pointed at contexts and representations; each is tested on a case of known answer."""

from tgsh.lenses._capacity._adversarial import (
    input_gradients,
    l2_attack,
    leading_directions,
    shared_directions,
    told_loss,
)
from tgsh.lenses._capacity._coding_rate import Gain, coding_rate, rate_gain
from tgsh.lenses._capacity._distance import empirical_radius, graph_distances, manifold_distances
from tgsh.lenses._capacity._mean_field import Capacity, counted_capacity, manifold_capacity
from tgsh.lenses._capacity._units import UNITS, OtherUnits, centred_alignment
from tgsh.lenses._comparing._bures import bures_wasserstein, task_moments
from tgsh.lenses._comparing._convergence import NoiseCeiling, cka, model_agreement, noise_ceiling
from tgsh.lenses._comparing._markers import ClassGeometry, class_geometry, skill_left_out
from tgsh.lenses._comparing._morph import ContextGenerator, fit_generator, generate_contexts
from tgsh.lenses._comparing._relative import carry_over, mean_positions, name_positions, relative_coordinates
from tgsh.lenses._dimension import (
    accuracy_by_dimension,
    basis_of,
    cross_entropy_in_span,
    dimension_reached,
    minimise,
    random_basis,
    scores_by_dimension,
    span_features,
)
from tgsh.lenses._entropy import bandwidth, diffusion_entropy, diffusion_information, squared_distances
from tgsh.lenses._hessian import Leading, hessian_operator, leading_eigenvalues, outliers, predicted_outliers
from tgsh.lenses._path import components_for, path_shares, path_within, random_walk_shares, share_within, walk_like
from tgsh.lenses._spectrum import phases, rank_me, spectral_decay

__all__ = [
    "UNITS",
    "Capacity",
    "ClassGeometry",
    "ContextGenerator",
    "Gain",
    "Leading",
    "NoiseCeiling",
    "OtherUnits",
    "accuracy_by_dimension",
    "bandwidth",
    "basis_of",
    "bures_wasserstein",
    "carry_over",
    "centred_alignment",
    "cka",
    "class_geometry",
    "coding_rate",
    "components_for",
    "counted_capacity",
    "cross_entropy_in_span",
    "diffusion_entropy",
    "diffusion_information",
    "dimension_reached",
    "empirical_radius",
    "fit_generator",
    "generate_contexts",
    "graph_distances",
    "hessian_operator",
    "input_gradients",
    "l2_attack",
    "leading_directions",
    "leading_eigenvalues",
    "manifold_capacity",
    "manifold_distances",
    "mean_positions",
    "minimise",
    "model_agreement",
    "name_positions",
    "noise_ceiling",
    "outliers",
    "path_shares",
    "path_within",
    "phases",
    "predicted_outliers",
    "random_basis",
    "random_walk_shares",
    "rank_me",
    "rate_gain",
    "relative_coordinates",
    "scores_by_dimension",
    "share_within",
    "shared_directions",
    "skill_left_out",
    "span_features",
    "spectral_decay",
    "squared_distances",
    "task_moments",
    "told_loss",
    "walk_like",
]
