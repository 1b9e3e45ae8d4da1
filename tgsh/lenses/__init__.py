"""Instruments of other papers, pointed at contexts and representations; each is tested on a case of known answer."""

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
    "ClassGeometry",
    "ContextGenerator",
    "Leading",
    "NoiseCeiling",
    "accuracy_by_dimension",
    "bandwidth",
    "basis_of",
    "bures_wasserstein",
    "carry_over",
    "cka",
    "class_geometry",
    "components_for",
    "cross_entropy_in_span",
    "diffusion_entropy",
    "diffusion_information",
    "dimension_reached",
    "fit_generator",
    "generate_contexts",
    "hessian_operator",
    "leading_eigenvalues",
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
    "relative_coordinates",
    "scores_by_dimension",
    "share_within",
    "skill_left_out",
    "span_features",
    "spectral_decay",
    "squared_distances",
    "task_moments",
    "walk_like",
]
