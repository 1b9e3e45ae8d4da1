"""Directions in which a small change of an image changes the answer, and an attack along them.

Korkmaz (2024) collects the gradients of a policy over many states; the leading eigenvectors of their second moment are
the directions to which it is sensitive. Here a state is an image of a task. The gradient is taken in the pixels of the
image *before* the task transforms it, so directions of different tasks are compared in one frame: if they turn with the
task, they agree there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from scipy.linalg import eigh
from torch import Tensor

from tgsh.errors import (
    ParameterError,
    check_finite,
    check_images,
    check_int,
    check_labels,
    check_positive,
    finite_arguments,
)
from tgsh.networks import CRWN

Loss = Callable[[Tensor], Tensor]  # images (N, 28, 28) in [0, 1] -> loss of each, (N,)
Transform = Callable[[Tensor], Tensor]  # images -> images


def told_loss(net: CRWN, context: Tensor, labels: Tensor) -> Loss:
    """Cross entropy of each image under one context, as a function of the images that the network sees.

    Args:
        net: the network.
        context: ``(H,)``.
        labels: ``(N,)``, from 0 to 9.
    """
    check_finite("context", context)
    labels, context = check_labels("labels", labels, n_classes=net.n_classes), context.detach()

    def loss(images: Tensor) -> Tensor:
        # Not r @ W2.T: FlyNet's features are a transposed view, and a product of two of those takes ten times as long.
        logits = (net.W2 @ net.represent(net.inputs(images), context).T).T
        return F.cross_entropy(logits, labels, reduction="none")

    return loss


def input_gradients(loss: Loss, images: Tensor, transform: Transform | None = None) -> Tensor:
    """Gradients ``(N, 784)`` of the loss of each image in its pixels, before a transform.

    Args:
        loss: function of transformed images.
        images: ``(N, 28, 28)``, uint8 from 0 to 255 or floating in [0, 1], as they are before the transform.
        transform: of a task; default: none.
    """
    x = _floating(images).requires_grad_()
    shown = x if transform is None else transform(x)
    (gradient,) = torch.autograd.grad(loss(shown).sum(), x)
    return gradient.flatten(1)


@torch.no_grad()
@finite_arguments
def leading_directions(gradients: Tensor, k: int) -> Tensor:
    """Orthonormal directions ``(k, d)`` that gradients ``(N, d)`` of unit length fill most, the leading one first.

    These are eigenvectors of the second moment of the gradients, each divided by its length: an image that is wrong by
    far counts as any other. Images without a gradient do not count.

    Raises:
        ParameterError: ``k`` is below 1, or above the number of directions that there are.
    """
    unit = F.normalize(gradients.detach().cpu().double(), dim=1).numpy()
    n, d = unit.shape
    k = check_int("k", k, 1, min(n, d), hint=" (the gradients, or their dimension)")
    # The smaller of the two products has the same eigenvalues.
    moment = unit @ unit.T if n < d else unit.T @ unit
    size, found = eigh(moment, subset_by_index=(len(moment) - k, len(moment) - 1))
    if size[0] <= 1e-10 * size[-1]:
        raise ParameterError(f"the gradients span fewer than {k} directions; choose fewer directions")
    directions = (found / np.sqrt(size)).T @ unit if n < d else found.T
    return torch.from_numpy(directions[::-1].copy())


@finite_arguments
def shared_directions(one: Tensor, other: Tensor) -> float:
    """Overlap of two subspaces with orthonormal bases ``(k, d)``, in [0, 1]: 1 if they are equal, k / d by chance.

    Raises:
        ParameterError: the shapes differ.
    """
    if one.shape != other.shape:
        raise ParameterError(f"both bases must have one shape; got {tuple(one.shape)} and {tuple(other.shape)}")
    return float((one @ other.T).square().sum() / len(one))


def l2_attack(loss: Loss, images: Tensor, budget: float, n_steps: int = 10) -> Tensor:
    """Change each image by at most ``budget``, in Euclidean length, so that its loss rises (Madry and others 2018).

    Projected gradient ascent: steps of ``2.5 * budget / n_steps`` along the gradient at unit length, from the image
    itself; after each step, the change is cut to the budget, and pixels to [0, 1].

    Args:
        loss: function of images ``(N, 28, 28)`` in [0, 1] that returns the loss of each.
        images: ``(N, 28, 28)``, uint8 from 0 to 255 or floating in [0, 1].
        budget: largest length of the change of an image, with pixels in [0, 1].
        n_steps: number of steps.

    Returns:
        ``(N, 28, 28)``, floating in [0, 1].

    Raises:
        ParameterError: ``budget`` is not above 0, or ``n_steps`` below 1.
    """
    budget, n_steps = check_positive("budget", budget), check_int("n_steps", n_steps, 1)
    start = _floating(images)
    attacked = start.clone()
    for _ in range(n_steps):
        uphill = F.normalize(input_gradients(loss, attacked), dim=1).view_as(start)
        change = attacked + 2.5 * budget / n_steps * uphill - start
        length = change.flatten(1).norm(dim=1)[:, None, None]
        # Cutting pixels brings them nearer to the image, so the change stays within the budget.
        attacked = (start + change * (budget / length.clamp_min(budget))).clamp_(0, 1)
    return attacked


def _floating(images: Tensor) -> Tensor:
    images = check_images("images", images).detach()
    return images.clone() if images.is_floating_point() else images / 255
