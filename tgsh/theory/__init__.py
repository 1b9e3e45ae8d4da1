"""Theory of contexts: kernels of random features, kernel machines, the geometry that they predict, and its symmetries."""

from tgsh.theory._kernels import arc_cosine_kernel

__all__ = [
    "arc_cosine_kernel",
]
