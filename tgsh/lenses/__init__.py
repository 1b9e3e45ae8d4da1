"""Instruments of other papers, pointed at contexts and representations; each is tested on a case of known answer."""

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
    "Leading",
    "accuracy_by_dimension",
    "bandwidth",
    "basis_of",
    "components_for",
    "cross_entropy_in_span",
    "diffusion_entropy",
    "diffusion_information",
    "dimension_reached",
    "hessian_operator",
    "leading_eigenvalues",
    "minimise",
    "outliers",
    "path_shares",
    "path_within",
    "phases",
    "predicted_outliers",
    "random_basis",
    "random_walk_shares",
    "rank_me",
    "scores_by_dimension",
    "share_within",
    "span_features",
    "spectral_decay",
    "squared_distances",
    "walk_like",
]
