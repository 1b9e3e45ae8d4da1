"""Theory of contexts: kernels of random features, kernel machines, and the similarity that they predict."""

from tgsh.theory._crosstalk import Readout, predict_cosines, predict_inner, predict_readout, superpose
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

__all__ = [
    "KernelMachine",
    "Readout",
    "arc_cosine_kernel",
    "check_kernel_size",
    "context_from_weights",
    "dual_weights",
    "exact_flynet_kernel",
    "fit_kernel_machine",
    "flynet_kernel",
    "gaussian_kernel",
    "predict_cosines",
    "predict_inner",
    "predict_readout",
    "predicted_similarity",
    "superpose",
]
