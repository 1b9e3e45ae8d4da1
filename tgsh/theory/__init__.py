"""Theory of contexts: kernel machines and the similarity that they predict, cross-talk, symmetry, spectra, Fisher."""

from tgsh.theory._crosstalk import Readout, predict_cosines, predict_inner, predict_readout, superpose
from tgsh.theory._equivariance import group_average, shared_residual, with_permuted_pixels
from tgsh.theory._fisher import diagonal_fisher
from tgsh.theory._kernel_machine import (
    KernelMachine,
    context_from_weights,
    dual_weights,
    fit_kernel_machine,
    predicted_similarity,
)
from tgsh.theory._kernels import (
    arc_cosine_kernel,
    check_kernel_size,
    exact_flynet_kernel,
    flynet_kernel,
    gaussian_kernel,
)
from tgsh.theory._large import degrees_of_freedom, estimate_degrees, fit_large_machine, large_kernel
from tgsh.theory._signs import sign_cosine, sign_similarity
from tgsh.theory._spectrum import angular_spectrum, interpolation_error, similarity_at, two_neighbour_error

__all__ = [
    "KernelMachine",
    "Readout",
    "angular_spectrum",
    "arc_cosine_kernel",
    "check_kernel_size",
    "context_from_weights",
    "degrees_of_freedom",
    "diagonal_fisher",
    "dual_weights",
    "estimate_degrees",
    "exact_flynet_kernel",
    "fit_kernel_machine",
    "fit_large_machine",
    "flynet_kernel",
    "gaussian_kernel",
    "group_average",
    "interpolation_error",
    "large_kernel",
    "predict_cosines",
    "predict_inner",
    "predict_readout",
    "predicted_similarity",
    "shared_residual",
    "sign_cosine",
    "sign_similarity",
    "similarity_at",
    "superpose",
    "two_neighbour_error",
    "with_permuted_pixels",
]
