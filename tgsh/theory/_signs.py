"""A law for the first steps of RMSprop, which are nearly signs of the gradient (ours; not in the paper).

RMSprop divides each entry of the gradient by the root of its mean square. After one step these are the same number, so
the step is the sign, times a constant. By Eq. 2 entry j of the gradient at a context of zeros is
``-(1 / K) sum_k W2[k, j] a_k[j]`` with a the templates of the task. Over W2, the entries of two tasks are jointly
Gaussian, nearly, with the correlation of ``(a_1[j], ..., a_K[j])`` in the two tasks: each unit has a correlation of its
own, which signs keep and cosines of whole vectors do not.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import ParameterError, finite_arguments


@finite_arguments
def sign_cosine(cosine: np.ndarray) -> np.ndarray:
    """Mean product of the signs of two jointly Gaussian numbers, ``(2 / pi) arcsin rho``, for their correlations rho.

    The two numbers are projections of two unit vectors at an angle ``arccos rho`` on a Gaussian direction. Their signs
    differ where the plane across this direction lies between the vectors: with probability angle / pi.

    Args:
        cosine: rho, in [-1, 1], of any shape.

    Raises:
        ParameterError: a correlation is outside [-1, 1] by more than rounding.
    """
    cosine = np.asarray(cosine, float)
    if np.abs(cosine).max(initial=0) > 1 + 1e-6:
        raise ParameterError(f"a cosine lies from -1 to 1; got {cosine.flat[np.abs(cosine).argmax()]:g}")
    return 2 / np.pi * np.arcsin(cosine.clip(-1, 1))


@torch.no_grad()
@finite_arguments
def sign_similarity(templates: Tensor) -> np.ndarray:
    """Predicted similarity ``(T, T)`` of contexts that are signs of the first gradient, from class templates.

    The mean over the units of `sign_cosine` of the correlation at that unit. It contains neither W2 nor training.

    Args:
        templates: ``(T, K, H)``, of `tgsh.training.templates` for each of T tasks. Units at which a task has no
            template (all K numbers 0) have no sign there, and add 0.

    Raises:
        ParameterError: a task has no template at all.
    """
    if templates.ndim != 3:
        raise ParameterError(f"templates must have shape (T, K, H); got {tuple(templates.shape)}")
    seen = templates.abs().amax(1) > 0  # (T, H)
    if not seen.any(1).all():
        raise ParameterError("every task needs a template; of one, all numbers are 0")
    unit = F.normalize(templates.double(), dim=1)
    length = seen.sum(1).double().sqrt()

    def row(t: int) -> Tensor:
        correlation = (unit[t] * unit).sum(1).clamp(-1, 1)  # (T, H)
        return torch.asin(correlation).sum(1) * (2 / torch.pi) / (length[t] * length)

    similarity = torch.stack([row(t) for t in range(len(templates))])
    return similarity.fill_diagonal_(1).cpu().numpy()
