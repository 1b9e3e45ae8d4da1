"""Kernel machines of many images, by landmarks; and the degrees of freedom of a kernel machine (not in the paper).

The exact machine of N images takes N x N numbers, and N^3 operations to factorise them. Functions
``f = sum_i b_i K(., z_i)`` of M *landmarks* z, images that are a part of the N, take N x M numbers: the Nyström method.
With ``among`` the kernel of the landmarks with each other and ``across`` that of all images with them, the features
``across among^(-1/2)`` reproduce the inner products of these functions, so that the problem is linear in them.

A machine has ``d = sum_k tr K_k (K_k + ridge N)^-1`` degrees of freedom, with ``K_k = P^(1/2) K P^(1/2)`` and P the
diagonal of ``p_k (1 - p_k)``, the curvature of cross entropy at its minimum. `degrees_of_freedom` computes d, and
`estimate_degrees` estimates it for many images, from products of the kernel with random signs (Hutchinson's method).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import eigh
from scipy.special import softmax

from tgsh.errors import ParameterError, check_int, check_labels, check_positive, finite_arguments
from tgsh.runs import ByValue, parallel_map
from tgsh.seeding import generator
from tgsh.theory._kernel_machine import minimise
from tgsh.theory._kernels import check_kernel_size

_SMALLEST = 1e-7  # eigenvalues of `among` below this share of the largest are left out: rounding, or negative


@dataclass(frozen=True, eq=False)
class LandmarkMachine(ByValue):
    """The kernel machine of one task among functions of M landmarks.

    Attributes:
        weights: ``(M, K)``, one for each landmark and class. Logits are ``kernel(x, landmarks) @ weights``, and
            `predicted_similarity` takes these weights, with the kernel between the landmarks of two tasks.
        logits: ``(N, K)`` on the training images.
        gradient: norm of the gradient of the objective, divided by that at zero; 0 at the minimum.
        evaluations: number of evaluations of objective and gradient.
    """

    weights: np.ndarray
    logits: np.ndarray
    gradient: float
    evaluations: int


@finite_arguments
def fit_landmark_machine(
    across: np.ndarray,
    among: np.ndarray,
    labels: np.ndarray,
    ridge: float,
    n_classes: int = 10,
    max_iterations: int = 500,
) -> LandmarkMachine:
    """Minimise what `fit_kernel_machine` minimises, among functions ``sum_i b_i K(., z_i)`` of M landmarks.

    With all images as landmarks the minimum is that of `fit_kernel_machine`. Takes two arrays of N x M numbers.

    Args:
        across: ``(N, M)`` kernel between the images and the landmarks; products are computed in its precision.
        among: ``(M, M)`` kernel of the landmarks with each other.
        labels: ``(N,)``.
        ridge: strength of the penalty, above 0.
        n_classes: number K of classes.
        max_iterations: upper limit of the iterations.

    Raises:
        ParameterError: the arrays do not fit each other or exceed the free memory, or another argument is out of range.
    """
    N, M = across.shape
    if among.shape != (M, M):
        raise ParameterError(f"a kernel of {M} landmarks has shape ({M}, {M}); got {among.shape}")
    ridge, max_iterations = check_positive("ridge", ridge), check_int("max_iterations", max_iterations, 1)
    labels = check_labels("labels", labels, N, n_classes).numpy()
    check_kernel_size(N, M)
    eigenvalues, vectors = eigh(np.asarray(among, dtype=float))
    kept = eigenvalues > _SMALLEST * eigenvalues[-1]
    back = vectors[:, kept] / np.sqrt(eigenvalues[kept])  # from a readout of the features to weights of landmarks
    features = across @ back.astype(across.dtype)
    readout, residual, evaluations = minimise(features, labels, ridge, n_classes, max_iterations)
    logits = (features @ readout.astype(features.dtype)).astype(float)
    return LandmarkMachine(back @ readout, logits, residual, evaluations)


@finite_arguments
def degrees_of_freedom(kernel: np.ndarray, logits: np.ndarray, ridge: float) -> float:
    """Degrees of freedom d of a kernel machine, summed over the classes, by a Cholesky factor for each class.

    Args:
        kernel: ``(N, N)``.
        logits: ``(N, K)`` on the training images, at the minimum.
        ridge: that of the fit, above 0.
    """
    check_kernel_size(*kernel.shape, copies=4 * torch.get_num_threads())
    c = check_positive("ridge", ridge) * len(logits)

    def of_class(root: np.ndarray) -> float:
        shifted = torch.from_numpy(root[:, None] * kernel * root)
        shifted.diagonal().add_(c)
        lower, failed = torch.linalg.cholesky_ex(shifted)
        if failed:  # a kernel with large negative eigenvalues
            trace = torch.linalg.inv(shifted).trace()
        else:
            unit = torch.eye(len(shifted), dtype=shifted.dtype)
            trace = torch.linalg.solve_triangular(lower, unit, upper=False).square().sum()
        return len(shifted) - c * float(trace)  # tr A (A + c)^-1 = N - c tr (A + c)^-1

    return float(sum(parallel_map(of_class, list(_roots(logits).T), "cpu")))


@finite_arguments
def estimate_degrees(
    kernel: np.ndarray,
    logits: np.ndarray,
    ridge: float,
    n_probes: int = 4,
    seed: int = 0,
    tolerance: float = 1e-4,
    max_iterations: int = 1000,
) -> tuple[float, float]:
    """Estimate what `degrees_of_freedom` computes, by conjugate gradients: 4 N^2 bytes and no factor.

    Args:
        kernel: ``(N, N)``; products are computed in its precision, and single precision is enough.
        logits: ``(N, K)`` on the training images, at the minimum.
        ridge: that of the fit, above 0.
        n_probes: number of vectors of random signs for each class, at least 2.
        seed: determines the signs.
        tolerance: norm of the residuals, divided by that of the right sides, at which the iteration ends.
        max_iterations: upper limit of the iterations.

    Returns:
        the estimate of d, and its standard error.

    Raises:
        ParameterError: an argument is out of range, or ``max_iterations`` do not suffice.
    """
    N, K = logits.shape
    c, n = check_positive("ridge", ridge) * N, check_int("n_probes", n_probes, 2)
    root = np.tile(_roots(logits), n)  # (N, n K), class by class for each probe
    bits = torch.randint(0, 2, (N, n * K), generator=generator(seed, "probes"))
    signs = 2.0 * bits.numpy() - 1

    def weighted(v: np.ndarray) -> np.ndarray:  # A_k v for each column
        return root * (kernel @ (root * v).astype(kernel.dtype))

    # E z' A (A + c)^-1 z = tr A (A + c)^-1; all systems are solved together, each with steps of its own.
    residual = weighted(signs)
    found, direction, size = np.zeros_like(residual), residual, (residual**2).sum(0)
    enough = tolerance**2 * size.max()
    for _ in range(check_int("max_iterations", max_iterations, 1)):
        image = weighted(direction) + c * direction
        bend = (direction * image).sum(0)
        step = np.divide(size, bend, out=np.zeros_like(size), where=bend > 0)
        found, residual = found + step * direction, residual - step * image
        before, size = size, (residual**2).sum(0)
        if size.max() <= enough:
            each = (signs * found).sum(0).reshape(n, K).sum(1)  # an estimate of d for each probe
            return float(each.mean()), float(each.std(ddof=1) / n**0.5)
        direction = residual + np.divide(size, before, out=np.zeros_like(size), where=before > 0) * direction
    raise ParameterError(f"{max_iterations} iterations do not suffice for an estimate; use more, or a larger ridge")


def _roots(logits: np.ndarray) -> np.ndarray:
    p = softmax(logits, axis=1)
    return np.sqrt(p * (1 - p))
