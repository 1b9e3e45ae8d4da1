"""What a context reads out of the hidden units: a part that is linear in the image, and the rest.

A task's logit k is ``sum_j a[k, j] relu(v_j)`` with ``a[k] = W2[k] m_t`` and ``v = C W1 x``, the drive of the units (C
subtracts the mean over the units where the network is centred). As ``relu(v) = (v + |v|) / 2``, it is half
``a[k] . v``, which is linear in the image, and half ``a[k] . |v|``. The linear half sees only the component of ``a[k]``
in the column space of ``C W1``, which has at most 784 dimensions out of H; the component orthogonal to it acts through
``|v|`` alone. This split is ours.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tgsh.datasets import normalise
from tgsh.models import FlyNet


@torch.no_grad()
def split_similarity(net: FlyNet, contexts: Tensor | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Cosine similarity of the readouts ``a`` of every two tasks, as a sum of two contributions.

    Args:
        contexts: ``(T, H)`` to use instead of the network's own.

    Returns:
        linear, rest: ``(T, T)`` each; their sum is the cosine of the flattened readouts ``(10 H,)``, 1 on the diagonal.
    """
    contexts = net.context_vectors() if contexts is None else contexts
    a = (net.W2 * contexts.to(net.W2)[:, None]).double()  # (T, 10, H)
    a /= a.flatten(1).norm(dim=1)[:, None, None]
    W1 = net.W1.double()
    if net.centred:
        W1 -= W1.mean(0)
    templates = (a @ W1).flatten(0, 1)  # (T * 10, 784)
    projected = templates @ torch.linalg.pinv(W1.T @ W1, rtol=1e-9, hermitian=True)
    linear = _traces(projected.unflatten(0, a.shape[:2]), templates.unflatten(0, a.shape[:2]))
    return linear, _traces(a, a) - linear


def _traces(a: Tensor, b: Tensor) -> np.ndarray:
    return (a.flatten(1) @ b.flatten(1).T).cpu().numpy()


@torch.no_grad()
def activity(net: FlyNet, images: Tensor) -> Tensor:
    """Which hidden units are on: ``(N, H)`` Boolean, for ``images`` ``(N, 28, 28)``."""
    return net.encode(normalise(images.to(net.W2.device), net.W2.dtype)) > 0
