"""Contexts as kernel machines: the functions that they compute, and the similarity that follows (not in the paper).

Logits of Eq. 2 are ``f_k(x) = sum_j W2[k, j] m_j h_j(x)``. Where the gradient of mean cross entropy plus
``ridge / 2 |m|^2`` vanishes, ``m = sum_n sum_l a[n, l] W2[l] * h(x_n)`` with *dual weights*
``a[n, l] = (1[y_n = l] - softmax(f(x_n))[l]) / (ridge N)`` (the representer identity). Over independent entries of W2
with mean 0 and variance v, the products of different rows cancel; what is left is one kernel machine for each class,
``f_k(x) = sum_n a[n, k] K(x, x_n)`` with ``K(x, x') = v <h(x), h(x')>``. `fit_kernel_machine` finds these dual weights
from the kernel, without a network; `predicted_similarity` gives the cosines of contexts that have them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import LinAlgError, cholesky, eigh
from scipy.optimize import minimize
from scipy.special import log_softmax
from torch import Tensor

from tgsh.errors import ParameterError, check_int, check_labels, check_positive, finite_arguments
from tgsh.runs import ByValue, parallel_map
from tgsh.theory._kernels import check_kernel_size

_JITTER = 1e-9  # of the mean of the diagonal, added to it against rounding
_NEGATIVE = 0.02  # largest share of negative eigenvalues, as `flynet_kernel` may have


@dataclass(frozen=True, eq=False)
class KernelMachine(ByValue):
    """The kernel machine of one task, one function for each class, at the minimum of cross entropy with a ridge.

    Attributes:
        weights: ``(N, K)`` dual weights a, in double precision; each row sums to 0. Logits are ``kernel @ weights``.
        loss: mean cross entropy on the N images, without the ridge term.
        gradient: norm of the gradient of the objective, divided by that at zero; 0 at the minimum.
        evaluations: number of evaluations of objective and gradient.
        negative: share of the negative eigenvalues of the kernel in the sum of all, in size. They were set to 0. Not a
            number where they were not computed (`fit_large_machine`).
    """

    weights: np.ndarray
    loss: float
    gradient: float
    evaluations: int
    negative: float


@finite_arguments
def dual_weights(logits: np.ndarray, labels: np.ndarray, ridge: float) -> np.ndarray:
    """Dual weights ``(onehot - softmax) / (ridge N)``, ``(N, K)``, of the solution that has these logits.

    Args:
        logits: ``(N, K)`` on the training images.
        labels: ``(N,)``.
        ridge: strength of the penalty, above 0.
    """
    labels = check_labels("labels", labels, len(logits), logits.shape[1]).numpy()
    onehot = np.eye(logits.shape[1])[labels]
    return (onehot - np.exp(log_softmax(logits, axis=1))) / (check_positive("ridge", ridge) * len(logits))


@finite_arguments
def context_from_weights(h: Tensor, W2: Tensor, weights: np.ndarray) -> Tensor:
    """Context ``sum_n sum_l a[n, l] W2[l] * h(x_n)``, ``(H,)``, in double precision (the representer identity).

    Args:
        h: ``(N, H)`` features of the training images.
        W2: ``(K, H)``.
        weights: ``(N, K)`` dual weights.
    """
    return (W2.double() * (torch.from_numpy(weights).T @ h.double())).sum(0)


@finite_arguments
def fit_kernel_machine(
    kernel: np.ndarray, labels: np.ndarray, ridge: float, n_classes: int = 10, max_iterations: int = 500
) -> KernelMachine:
    """Minimise mean cross entropy of ``kernel @ a`` plus ``ridge / 2 sum_k a_k' kernel a_k`` by SciPy's L-BFGS.

    This is kernel logistic regression; it takes three arrays of N x N numbers of 8 bytes. Negative eigenvalues, which
    `flynet_kernel` may have, are set to 0 where their share is at most 2 %.

    Args:
        kernel: ``(N, N)``, symmetric, positive semidefinite but for that.
        labels: ``(N,)``.
        ridge: strength of the penalty, above 0.
        n_classes: number K of classes.
        max_iterations: upper limit of the iterations.

    Raises:
        ParameterError: the kernel is not such a matrix or exceeds the free memory, or another argument is out of range.
    """
    kernel = np.asarray(kernel, dtype=float)
    ridge, labels, max_iterations = check_problem(kernel, labels, ridge, n_classes, max_iterations)
    N, onehot = len(kernel), np.eye(n_classes)[labels]
    factor, negative = _factor(kernel)  # kernel = factor @ factor.T: rows of `factor` are features, of a linear problem

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        B = flat.reshape(N, n_classes)
        logs = log_softmax(factor @ B, axis=1)
        gradient = (factor.T @ (np.exp(logs) - onehot)) / N + ridge * B
        return -(logs * onehot).sum() / N + ridge / 2 * (B**2).sum(), gradient.ravel()

    zeros = np.zeros(N * n_classes)
    options = {"maxiter": max_iterations, "maxfun": 2 * max_iterations, "maxcor": 20, "ftol": 1e-14, "gtol": 1e-10}
    found = minimize(objective, zeros, jac=True, method="L-BFGS-B", options=options)
    logits = factor @ found.x.reshape(N, n_classes)
    residual = np.linalg.norm(objective(found.x)[1]) / np.linalg.norm(objective(zeros)[1])
    loss = -log_softmax(logits, axis=1)[np.arange(N), labels].mean()
    return KernelMachine(dual_weights(logits, labels, ridge), float(loss), float(residual), int(found.nfev), negative)


def check_problem(
    kernel: np.ndarray, labels: np.ndarray, ridge: float, n_classes: int, max_iterations: int
) -> tuple[float, np.ndarray, int]:
    """Return ridge, labels and upper limit of the iterations of a kernel machine, checked.

    Raises:
        ParameterError: the kernel is not square, or another argument is out of range.
    """
    N = len(kernel)
    if kernel.shape != (N, N):
        raise ParameterError(f"a kernel of N images has shape (N, N); got {kernel.shape}")
    labels = check_labels("labels", labels, N, n_classes).numpy()
    return check_positive("ridge", ridge), labels, check_int("max_iterations", max_iterations, 1)


def _factor(kernel: np.ndarray) -> tuple[np.ndarray, float]:
    check_kernel_size(*kernel.shape, copies=3)
    shifted = kernel.copy()
    shifted.flat[:: len(kernel) + 1] += _JITTER * np.diag(kernel).mean()
    try:
        return cholesky(shifted, lower=True, overwrite_a=True), 0.0
    except LinAlgError:  # takes ten times as long, and is rarely needed
        eigenvalues, vectors = eigh(kernel)
    negative = -eigenvalues.clip(max=0).sum() / np.abs(eigenvalues).sum()
    if negative > _NEGATIVE:
        raise ParameterError(
            f"the kernel has negative eigenvalues, {negative:.0%} of all in size; use a positive semidefinite kernel"
        )
    return vectors * np.sqrt(eigenvalues.clip(min=0)), float(negative)


def predicted_similarity(weights: Sequence[np.ndarray], kernel: Callable[[int, int], np.ndarray]) -> np.ndarray:
    """Cosines of the contexts of T tasks, from their kernel machines: neither W2 nor any context is needed.

    ``<m_s, m_t> = sum_k a_s[:, k]' K_st a_t[:, k]``, in expectation over W2.

    Args:
        weights: T dual weights ``(N_t, K)``.
        kernel: ``kernel(s, t)`` returns the kernel ``(N_s, N_t)`` between the images of two tasks; it is called once
            for each pair with s <= t, on several threads.

    Returns:
        ``(T, T)``, with ones on the diagonal.
    """
    T = len(weights)
    pairs = [(s, t) for s in range(T) for t in range(s, T)]

    def product(pair: tuple[int, int]) -> float:
        s, t = pair
        return float((weights[s] * (kernel(s, t) @ weights[t])).sum())

    inner = np.zeros((T, T))
    for (s, t), value in zip(pairs, parallel_map(product, pairs, "cpu"), strict=True):
        inner[s, t] = inner[t, s] = value
    return inner / np.sqrt(np.outer(np.diag(inner), np.diag(inner)))
