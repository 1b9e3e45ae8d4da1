"""The Fisher information of a context: a description of a task by the features that matter, not by its labels.

Task2Vec (Achille and others 2019) describes a task by the diagonal of the Fisher information of a probe network. With a
context as parameters it has a closed form, because the logits of Eq. 2 are linear in the context.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tgsh.errors import ParameterError, finite_arguments


@torch.no_grad()
@finite_arguments
def diagonal_fisher(h: Tensor, W2: Tensor, context: Tensor | None = None) -> Tensor:
    """Diagonal of the Fisher information of a context m, over images and over classes as the network sees them.

    ``F_j = mean_n h_nj^2 (sum_k p_nk W2[k, j]^2 - (sum_k p_nk W2[k, j])^2)``, the mean square of the derivative of
    ``log p_nk`` with respect to ``m_j`` over classes k drawn from ``p_n = softmax(W2 (m * h_n))``. No label enters; at
    m = 0 all p are 1 / K, and the images alone determine it.

    Args:
        h: ``(N, H)`` features of the images of a task.
        W2: ``(K, H)``.
        context: m, ``(H,)``; default: zeros.

    Returns:
        ``(H,)``, 0 or more, in double precision.

    Raises:
        ParameterError: the shapes do not fit.
    """
    if h.ndim != 2 or W2.ndim != 2 or h.shape[1] != W2.shape[1]:
        raise ParameterError(f"h and W2 must have shapes (N, H) and (K, H); got {tuple(h.shape)} and {tuple(W2.shape)}")
    if context is not None and context.shape != W2.shape[1:]:
        raise ParameterError(f"context must have shape {tuple(W2.shape[1:])}; got {tuple(context.shape)}")
    h, W2 = h.double(), W2.double()
    m = torch.zeros_like(W2[0]) if context is None else context.double()
    p = (h @ (W2 * m).T).softmax(1)
    spread = p @ W2**2 - (p @ W2) ** 2  # variance of W2[k, j] over classes, (N, H)
    return (h**2 * spread.clamp_(min=0)).mean(0)
