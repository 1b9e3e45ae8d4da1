"""Kernel machines of many images, and the degrees of freedom of a kernel machine (not in the paper).

`fit_kernel_machine` factorises the kernel of N images, which takes N^3 operations and 24 N^2 bytes. `fit_large_machine`
finds the same minimum by L-BFGS among the functions ``f = sum_n a[n] K(., x_n)``, in their own inner product
``<f, g> = a' K b``. An iteration is one product of the kernel with K vectors, for which single precision is enough:
4 N^2 bytes, which `large_kernel` computes block by block.

A machine has ``d = sum_k tr K_k (K_k + ridge N)^-1`` degrees of freedom, with ``K_k = P^(1/2) K P^(1/2)`` and P the
diagonal of ``p_k (1 - p_k)``, the curvature of cross entropy at its minimum. `degrees_of_freedom` computes d, and
`estimate_degrees` estimates it for many images, from products of the kernel with random signs (Hutchinson's method).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.special import log_softmax, softmax

from tgsh.errors import ParameterError, check_int, check_positive, finite_arguments
from tgsh.runs import parallel_map
from tgsh.seeding import generator
from tgsh.theory._kernel_machine import KernelMachine, check_problem
from tgsh.theory._kernels import as_floating, check_kernel_size

_BLOCK = 1000  # rows and columns that `large_kernel` computes at a time
_MEMORY = 20  # pairs of steps and changes of the gradient that L-BFGS remembers
_LINE = 20  # Newton steps along a line, at most
_NEGATIVE = "the kernel has large negative eigenvalues; use a positive semidefinite kernel, or a larger ridge"
_ROUNDING = 1e-3  # share of the first gradient below which a negative square is taken for rounding


def large_kernel(
    kernel: Callable[[np.ndarray, np.ndarray], np.ndarray], x: np.ndarray, other: np.ndarray | None = None
) -> np.ndarray:
    """A kernel of many images in single precision, computed block by block on all cores; one half, if symmetric.

    Args:
        kernel: returns the kernel ``(n, m)`` between n and m rows, such as `flynet_kernel`.
        x: ``(N, pixels)`` inputs.
        other: ``(M, pixels)``; default: ``x``.

    Returns:
        ``(N, M)``, 4 bytes a number.

    Raises:
        ParameterError: the kernel exceeds the free memory, or ``kernel`` returns another shape.
    """
    x, z = (np.asarray(u, dtype=np.float32) for u in (x, x if other is None else other))
    check_kernel_size(len(x), len(z), copies=0.5)
    found = np.empty((len(x), len(z)), np.float32)
    starts = [(i, j) for i in range(0, len(x), _BLOCK) for j in range(0, len(z), _BLOCK) if other is not None or j >= i]

    def fill(start: tuple[int, int]) -> None:
        rows, columns = (slice(i, i + _BLOCK) for i in start)
        block = kernel(x[rows], z[columns])
        if np.shape(block) != found[rows, columns].shape:
            raise ParameterError(f"a kernel of {len(x[rows])} and {len(z[columns])} rows has shape {np.shape(block)}")
        found[rows, columns] = block
        if other is None:
            found[columns, rows] = block.T

    for _ in parallel_map(fill, starts, "cpu"):
        pass
    return found


@finite_arguments
def fit_large_machine(
    kernel: np.ndarray,
    labels: np.ndarray,
    ridge: float,
    n_classes: int = 10,
    max_iterations: int = 500,
    tolerance: float = 1e-5,
) -> KernelMachine:
    """Minimise what `fit_kernel_machine` minimises, without a factor of the kernel: for many images.

    Args:
        kernel: ``(N, N)``, symmetric; products are computed in its precision, and single precision is enough. Negative
            eigenvalues do no harm where they are small beside ``ridge N``, as those of `flynet_kernel` and of rounding;
            ``negative`` of the result is not computed.
        labels: ``(N,)``.
        ridge: strength of the penalty, above 0.
        n_classes: number K of classes.
        max_iterations: upper limit of the iterations; ``gradient`` of the result says how near the minimum is.
        tolerance: norm of the gradient, divided by that at zero, at which the iteration ends.

    Raises:
        ParameterError: the kernel is not square or has large negative eigenvalues, or another argument is out of range.
    """
    kernel = as_floating(kernel)  # in whole numbers the weights would be rounded, too
    ridge, labels, max_iterations = check_problem(kernel, labels, ridge, n_classes, max_iterations)
    tolerance, N = check_positive("tolerance", tolerance), len(kernel)
    onehot = np.eye(n_classes)[labels]

    # A function is a pair of its weights a and its values K a on the images, stacked: a linear map, so that values of
    # sums need no product. The inner product of two functions is that of weights with values.
    def gradient_at(f: np.ndarray) -> np.ndarray:
        weights = (softmax(f[1], axis=1) - onehot) / N + ridge * f[0]
        return np.stack([weights, kernel @ weights.astype(kernel.dtype, copy=False)])

    found = np.zeros((2, N, n_classes))
    gradient, past, evaluations = gradient_at(found), [], 1
    start = size = _length(gradient, 0.0)
    while size > tolerance * start and evaluations <= max_iterations:
        step = _quasi_newton(gradient, past)
        step *= _along(found, step, onehot, ridge)
        found = found + step
        before, gradient = gradient, gradient_at(found)
        change, evaluations = gradient - before, evaluations + 1
        if _inner(step, change) > 0:
            past = [*past[1 - _MEMORY :], (step, change)]
        size = _length(gradient, _ROUNDING * start)
    loss = -(log_softmax(found[1], axis=1) * onehot).sum() / N
    return KernelMachine(found[0], float(loss), size / start if start else 0.0, evaluations, float("nan"))


def _inner(f: np.ndarray, g: np.ndarray) -> float:
    return float((f[0] * g[1]).sum())


def _length(f: np.ndarray, rounding: float) -> float:
    square = _inner(f, f)
    if square < -(rounding**2):
        raise ParameterError(_NEGATIVE)
    return abs(square) ** 0.5


def _quasi_newton(gradient: np.ndarray, past: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    # The two loops of L-BFGS: minus the gradient, times an estimate of the inverse of the second derivative.
    q, shares = -gradient, []
    for step, change in reversed(past):
        shares.append(_inner(step, q) / _inner(step, change))
        q = q - shares[-1] * change
    if past:
        step, change = past[-1]
        q = q * (_inner(step, change) / _inner(change, change))
    for (step, change), share in zip(past, reversed(shares), strict=True):
        q = q + (share - _inner(change, q) / _inner(step, change)) * step
    return q


def _along(found: np.ndarray, step: np.ndarray, onehot: np.ndarray, ridge: float) -> float:
    # How far to go along a step: the objective is convex there and needs no product, so Newton's method finds its end.
    N, far = len(onehot), 0.0
    for _ in range(_LINE):
        p = softmax(found[1] + far * step[1], axis=1)
        mean = (p * step[1]).sum(1)
        slope = ((p - onehot) * step[1]).sum() / N + ridge * _inner(found + far * step, step)
        bend = ((p * step[1] ** 2).sum(1) - mean**2).sum() / N + ridge * _inner(step, step)
        if not bend > 0:
            raise ParameterError(_NEGATIVE)
        move = -slope / bend
        far += move
        if abs(move) < 0.02 * abs(far):
            break
    return far


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
    kernel, (N, K) = as_floating(kernel), logits.shape
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
