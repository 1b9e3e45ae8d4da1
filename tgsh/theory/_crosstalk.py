"""Cross-talk between the classes that share a context: squared loss, where all can be solved (not in the paper).

With centred targets, ``C = E[h h']``, ``B = E[h y']`` and ``D_k = diag(W2[k])``, in units of the standard deviation of
W2, the context that minimises the squared loss with a ridge is ``m = (sum_k D_k C D_k + ridge)^-1 sum_k D_k B_k``: K
readouts, one for each class, superposed under random keys. `superpose` computes it.

Its mean logits over the keys are those of K separate readouts ``V_k = (C + L)^-1 B_k`` with a larger ridge L. If the
matrices ``D_k C D_k`` are asymptotically free with amalgamation over the diagonal matrices, as for independent signs, L
is diagonal, with ``K L_j = ridge + (K - 1) / [(C + L)^-1]_jj``: every unit has its own. If they are asymptotically free
(which asks in addition that no coordinate is special, as for features under a random rotation), all L_j are equal, to
the solution of the same equation with the mean over j. `predict_readout` solves either. A 2 x 2 block of two tasks
gives the inner product of their contexts in the same way (`predict_inner`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import anderson

from tgsh.errors import ParameterError, check_int, check_positive, finite_arguments
from tgsh.runs import ByValue
from tgsh.theory._kernels import check_kernel_size

_CLOSE = 1e-6  # relative error of the effective ridges


@finite_arguments
def superpose(covariance: np.ndarray, targets: np.ndarray, keys: np.ndarray, ridge: float) -> np.ndarray:
    """Context ``(sum_k D_k C D_k + ridge)^-1 sum_k D_k B_k``, ``(H,)``, which minimises the squared loss.

    Args:
        covariance: C, ``(H, H)``, mean of ``h h'``.
        targets: B, ``(H, K)``, mean of ``h y'`` with centred targets.
        keys: ``(K, H)``, the rows of W2, in units of their standard deviation.
        ridge: added to the matrix, above 0; that of the loss divided by the variance of W2.
    """
    ridge = check_positive("ridge", ridge)
    gram = (keys.T @ keys) * covariance
    gram.flat[:: len(gram) + 1] += ridge
    return np.linalg.solve(gram, (keys.T * targets).sum(1))


@dataclass(frozen=True, eq=False)
class Readout(ByValue):
    """The readouts of one task that the context computes, in the mean over the keys.

    Attributes:
        weights: V, ``(H, K)``; mean logits are ``h @ V``.
        ridges: L, ``(H,)``, the effective ridge of each unit.
        resolvent: ``(C + L)^-1``, ``(H, H)``.
        degrees: degrees of freedom of the readout of a class, trace of ``C (C + L)^-1``; H / K as ``ridge`` goes to 0.
        by_unit: whether each unit has its own ridge.
    """

    weights: np.ndarray
    ridges: np.ndarray
    resolvent: np.ndarray
    degrees: float
    by_unit: bool


@finite_arguments
def predict_readout(
    covariance: np.ndarray, targets: np.ndarray, ridge: float, *, by_unit: bool = True, max_iterations: int = 200
) -> Readout:
    """Solve ``K L_j = ridge + (K - 1) / [(C + L)^-1]_jj`` for the effective ridges L, and return the readouts.

    Takes one inverse of an H x H matrix for each of 10 to 50 iterations.

    Args:
        covariance: C, ``(H, H)``.
        targets: B, ``(H, K)``.
        ridge: above 0, as in `superpose`.
        by_unit: False: one L for all units, from the mean of ``[(C + L)^-1]_jj``.
        max_iterations: upper limit of the iterations.

    Raises:
        ParameterError: the matrices do not fit each other or into the free memory, ``ridge`` is not above 0, or there
            is no solution within ``max_iterations``.
    """
    H, K = targets.shape
    if covariance.shape != (H, H):
        raise ParameterError(f"targets of {H} units need a covariance ({H}, {H}); got {covariance.shape}")
    check_kernel_size(H, H, copies=4)
    ridge, max_iterations = check_positive("ridge", ridge), check_int("max_iterations", max_iterations, 1)

    def resolvent(logs: np.ndarray) -> np.ndarray:
        return np.linalg.inv(covariance + np.diag(np.broadcast_to(np.exp(logs), H)))

    def step(logs: np.ndarray) -> np.ndarray:
        diagonal = np.diag(resolvent(logs))
        return np.log((ridge + (K - 1) / (diagonal if by_unit else diagonal.mean())) / K) - logs

    first = np.diag(covariance) if by_unit else np.diag(covariance).mean(keepdims=True)
    start = np.log(ridge + (K - 1) / K * first)
    try:
        logs = start if K == 1 else anderson(step, start, f_tol=_CLOSE, maxiter=max_iterations, M=8)
    except Exception as error:
        raise ParameterError(f"no effective ridge within {max_iterations} iterations: {error}") from None
    R = resolvent(logs)
    return Readout(R @ targets, np.broadcast_to(np.exp(logs), H).copy(), R, float((R * covariance).sum()), by_unit)


def predict_inner(one: Readout, other: Readout) -> float:
    """Mean of ``<m_s, m_t>`` over the keys, which both tasks share: ``sum_jk c_j V_s[j, k] V_t[j, k]``.

    The factors c solve ``K c_j = 1 + (K - 1) sum_i R_s[j, i] c_i R_t[j, i] / (R_s[j, j] R_t[j, j])``, with R the
    resolvents of both tasks. Where all units share a ridge, so do they share c, and sum and diagonals are replaced by
    their means over j: ``1 / c = K - (K - 1) (tr R_s R_t / H) / ((tr R_s / H) (tr R_t / H))``.
    """
    K = one.weights.shape[1]
    product, diagonal = one.resolvent * other.resolvent, [np.diag(r.resolvent) for r in (one, other)]
    if one.by_unit:
        spread = (K - 1) * product / (diagonal[0] * diagonal[1])[:, None]
        factors = np.linalg.solve(K * np.eye(len(product)) - spread, np.ones(len(product)))
    else:
        factors = 1 / (K - (K - 1) * product.sum(1).mean() / (diagonal[0].mean() * diagonal[1].mean()))
    return float((factors * (one.weights * other.weights).sum(1)).sum())


def predict_cosines(readouts: Sequence[Readout]) -> np.ndarray:
    """Cosines ``(T, T)`` of the contexts of T tasks, from `predict_inner`."""
    T = len(readouts)
    inner = np.array([[predict_inner(readouts[max(s, t)], readouts[min(s, t)]) for s in range(T)] for t in range(T)])
    return inner / np.array([[math.sqrt(inner[s, s] * inner[t, t]) for s in range(T)] for t in range(T)])
