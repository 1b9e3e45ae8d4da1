"""The shape of a family of tasks: holes, distances along it, a linear map, symmetry, and the graph of tasks."""

from tgsh.extensions.lenses._shape._curvature import ollivier_ricci, transport_cost
from tgsh.extensions.lenses._shape._equivariance import move_error, procrustes_error, with_shift_orbits
from tgsh.extensions.lenses._shape._graph import harmonic_share, laplacian_modes, nearest_graph
from tgsh.extensions.lenses._shape._graph_kernel import covariance_weights, left_out_error, matern_covariance
from tgsh.extensions.lenses._shape._heat import angle_error, angles_from_distances, distance_error, heat_geodesics
from tgsh.extensions.lenses._shape._koopman import LinearMap, continue_path, fit_linear_map
from tgsh.extensions.lenses._shape._topology import chord_distances, count_holes, persistence, persistent_holes

__all__ = [
    "LinearMap",
    "angle_error",
    "angles_from_distances",
    "chord_distances",
    "continue_path",
    "count_holes",
    "covariance_weights",
    "distance_error",
    "fit_linear_map",
    "harmonic_share",
    "heat_geodesics",
    "laplacian_modes",
    "left_out_error",
    "matern_covariance",
    "move_error",
    "nearest_graph",
    "ollivier_ricci",
    "persistence",
    "persistent_holes",
    "procrustes_error",
    "transport_cost",
    "with_shift_orbits",
]
