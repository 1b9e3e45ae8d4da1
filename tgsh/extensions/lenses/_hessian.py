"""The Hessian of the loss in the context: outliers and bulk (Sagun, Evci, Guney, Dauphin, Bottou 2017).

The logits are linear in the context, so the Hessian is exactly ``E[A^T (diag(p) - p p^T) A]`` with ``A = W2 diag(h)``
and the probabilities p of an image. At a context of zeros p is uniform, and the Hessian is

    (1 / K) sum_k  diag(v_k) E[h h^T] diag(v_k),    v_k = W2[k] - mean of W2 over the classes.

No label occurs in it. ``E[h h^T]`` is led by the mean feature, since features are not negative. So the theory predicts
K - 1 outliers, in the span of ``v_k * E[h]``: K directions whose sum is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.runs import ByValue
from tgsh.seeding import generator


@dataclass(frozen=True, eq=False)
class Leading(ByValue):
    """Leading eigenvalues ``(n,)`` of a Hessian, in descending order, and their eigenvectors ``(n, H)``."""

    values: np.ndarray
    vectors: Tensor


@torch.no_grad()
@finite_arguments
def hessian_operator(h: Tensor, W2: Tensor, context: Tensor) -> LinearOperator:
    """Hessian ``(H, H)`` of the mean cross entropy at a context, as an operator that is never formed.

    A product takes 4 N H K operations. Labels do not occur in it.

    Args:
        h: ``(N, H)`` features.
        W2: ``(K, H)``.
        context: m, ``(H,)``.
    """
    h, W2, context = h.double(), W2.double(), context.double()
    if h.shape[1] != W2.shape[1] or context.shape != W2[0].shape:
        raise ParameterError(
            f"features, W2 and context must have one length; got {h.shape[1]}, {W2.shape[1]}, {tuple(context.shape)}"
        )
    H, across = len(context), h.T.contiguous()  # (H, N)
    p = ((W2 * context) @ across).softmax(0)  # (K, N)

    def product(vector: np.ndarray) -> np.ndarray:
        v = torch.from_numpy(np.ascontiguousarray(vector.reshape(-1)))
        change = (W2 * v) @ across  # of the logits
        change = p * (change - (p * change).sum(0))
        return ((change @ across.T).mul_(W2).sum(0) / len(h)).numpy()

    return LinearOperator((H, H), matvec=product, dtype=np.float64)


def leading_eigenvalues(h: Tensor, W2: Tensor, context: Tensor, n: int = 20, seed: int = 0) -> Leading:
    """The ``n`` largest eigenvalues of `hessian_operator`, and their eigenvectors, by Lanczos (SciPy's ``eigsh``).

    Args:
        h, W2, context: as in `hessian_operator`.
        n: number of eigenvalues, from 1 to H - 1.
        seed: of the vector that Lanczos starts from.

    Raises:
        ParameterError: ``n`` is out of range, or the lengths H differ.
    """
    operator, H = hessian_operator(h, W2, context), len(context)
    n = check_int("n", n, 1, H - 1)
    start = torch.randn(H, generator=generator(seed, "lanczos"), dtype=torch.float64).numpy()
    values, vectors = eigsh(operator, n, which="LA", v0=start, ncv=min(H, max(3 * n, 20)), tol=1e-6)
    order = np.argsort(values)[::-1]
    return Leading(values[order].copy(), torch.from_numpy(vectors[:, order].T.copy()))


@finite_arguments
def outliers(values: np.ndarray) -> tuple[int, float]:
    """Number of eigenvalues before the largest gap, and the gap: the ratio of the two eigenvalues beside it.

    Args:
        values: ``(n,)`` leading eigenvalues above 0, in descending order, at least two.

    Raises:
        ParameterError: there are fewer than two, or they do not descend, or are not above 0.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2 or not (values > 0).all() or (np.diff(values) > 0).any():
        raise ParameterError("eigenvalues must be at least two, above 0, in descending order")
    ratios = values[:-1] / values[1:]
    return int(ratios.argmax()) + 1, float(ratios.max())


@finite_arguments
def predicted_outliers(W2: Tensor, mean_feature: Tensor) -> Tensor:
    """Directions ``(K, H)`` that the theory gives for a context of zeros: centred ``W2[k]`` times the mean feature.

    Args:
        W2: ``(K, H)``.
        mean_feature: ``E[h]``, ``(H,)``; or another vector, as a control.
    """
    return (W2 - W2.mean(0)) * mean_feature
