"""Odd and even part of the logits under inversion of the image (ours).

Let v be the input of the hidden units, ``W1 x`` minus its mean over the units. Inverting an image, ``x -> 1 - x``,
turns v into -v, because all rows of the sparse W1 have the same sum. Since ``relu(v) = (v + |v|) / 2``, the logits are
the sum of an odd part, which is linear in the image and changes its sign with v, and of an even part, which does not
change.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tgsh.errors import check_finite, check_pixels
from tgsh.networks import CRWN


@torch.no_grad()
def odd_even_logits(net: CRWN, images: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Odd and even part, under inversion, of the logits of images ``(N, 28, 28)``: ``(N, 10)`` each.

    The mean over the images is subtracted from each part, because it carries no information about single images.

    Args:
        net: computes the logits.
        images: uint8 from 0 to 255, or floating in [0, 1].
        context: ``(H,)``.
    """
    images = check_pixels("images", images)
    check_finite("context", context)
    white, m = 1 if images.is_floating_point() else 255, context[None].to(net.W2)
    upright, inverted = (net.logits(net.features(net.inputs(shown)), m)[0] for shown in (images, white - images))
    odd, even = (upright - inverted) / 2, (upright + inverted) / 2
    return odd - odd.mean(0), even - even.mean(0)


@torch.no_grad()
def active_units(net: CRWN, images: Tensor) -> Tensor:
    """Whether each hidden unit is above 0, Boolean ``(N, H)``, for images ``(N, 28, 28)``."""
    return net.features(net.inputs(images)) > 0
