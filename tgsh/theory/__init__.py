"""Theory of contexts: kernels of random features, kernel machines, and the similarity that they predict."""

from tgsh.theory._kernels import arc_cosine_kernel, exact_flynet_kernel, flynet_kernel, gaussian_kernel

__all__ = [
    "arc_cosine_kernel",
    "exact_flynet_kernel",
    "flynet_kernel",
    "gaussian_kernel",
]
