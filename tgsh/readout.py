"""What a context reads out of the hidden units, and which way it still has to go.

Let ``v = C W1 x`` be the centred drive of the units. Inverting an image, ``x -> 1 - x``, turns v into -v, because every
row of the sparse W1 has the same sum. As ``relu(v) = (v + |v|) / 2``, the logits of a context are the sum of an odd
half, linear in the image, that changes its sign with v, and of an even half that does not. The argument is ours.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import normalise
from tgsh.models import FlyNet


@torch.no_grad()
def logits(net: FlyNet, images: Tensor, context: Tensor) -> Tensor:
    """``(N, 10)``: the logits of ``images`` ``(N, 28, 28)`` under ``context`` ``(H,)``."""
    x = normalise(images.to(net.W2.device), net.W2.dtype)
    return net.encode(x) @ (net.W2 * context.to(net.W2)).T


@torch.no_grad()
def halves(net: FlyNet, images: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """The odd and the even half, under inversion, of the logits: ``(N, 10)`` each.

    Each is given less its mean over the images, which says nothing about them. ``images`` are floating, in [0, 1].
    """
    upright, inverted = logits(net, images, context), logits(net, 1 - images, context)
    odd, even = (upright - inverted) / 2, (upright + inverted) / 2
    return odd - odd.mean(0), even - even.mean(0)


@torch.no_grad()
def gradient(net: FlyNet, stream: TaskStream, task: int, context: Tensor, n: int = 2000) -> Tensor:
    """``(H,)``: the gradient of the loss in m_t, at ``context``, on the first ``n`` training images of ``task``."""
    images, labels = (values[:n] for values in stream.train(task))
    h = net.encode(normalise(images.to(net.W2.device), net.W2.dtype))
    D = (h @ (net.W2 * context.to(net.W2)).T).softmax(1)
    D[torch.arange(len(labels)), labels] -= 1
    return ((h.T @ D) * net.W2.T).sum(1) / len(labels)


@torch.no_grad()
def activity(net: FlyNet, images: Tensor) -> Tensor:
    """Which hidden units are on: ``(N, H)`` Boolean, for ``images`` ``(N, 28, 28)``."""
    return net.encode(normalise(images.to(net.W2.device), net.W2.dtype)) > 0
