"""Images from context vectors: the paper's Eq. 3, and inverses of the parts of the network."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from tgsh.datasets import MEAN, STD
from tgsh.errors import check_choice, check_int, check_positive, finite_arguments
from tgsh.networks import FlyNet
from tgsh.seeding import generator

Readout = Literal["published", "divide", "least-norm"]


def pseudo_inverse(net: FlyNet) -> Tensor:
    """Pseudo-inverse of W1, ``(784, H)``: Eq. 3 maps hidden activities to pixels with it, without the ReLU.

    W1 has more rows than columns, so only the 784 x 784 matrix W1' W1 is inverted.
    """
    W1 = net.W1.double()
    return (torch.linalg.pinv(W1.T @ W1, hermitian=True) @ W1.T).to(net.W2.dtype)


@finite_arguments
def canonical_units(net: FlyNet, contexts: Tensor, readout: Readout = "published", ridge: float = 1.0) -> Tensor:
    """Hidden activities ``h`` that represent class k in task t, ``(T, 10, H)``.

    Three readouts:

    - ``"published"``: ``W2[k] * m_t``, the mean of Eq. 3.
    - ``"divide"``: ``W2[k] / m_t``, the h whose representation ``r = m_t * h`` is ``W2[k]``. Many m_t are nearly zero,
      so it is computed as ``m_t W2[k] / (m_t^2 + ridge mean(m_t^2))``. With a large ridge it is Eq. 3, up to scale.
    - ``"least-norm"``: the shortest h whose logits ``(W2 * m_t) h`` are 1 for class k and 0 for the others.

    Args:
        net: the network; its own contexts are not used.
        contexts: ``(T, H)``.
        readout: one of the three.
        ridge: ridge of ``"divide"``, above 0, in units of the mean square of m_t.

    Raises:
        ParameterError: ``readout`` is unknown, or ``ridge`` is not above 0.
    """
    check_choice("readout", readout, get_args(Readout))
    ridge = check_positive("ridge", ridge)
    m = contexts.detach()[:, None].to(net.W2)
    A = net.W2 * m  # (T, 10, H): from hidden units to logits
    if readout == "published":
        return A
    if readout == "divide":
        return A / (m.square() + ridge * m.square().mean(2, keepdim=True))
    return torch.linalg.pinv(A.double()).transpose(1, 2).to(A)


@torch.no_grad()
def reconstruct(
    net: FlyNet,
    contexts: Tensor,
    samples: int = 0,
    *,
    readout: Readout = "published",
    ridge: float = 1.0,
    noise: float | None = None,
    seed: int = 0,
    inverse: Tensor | None = None,
) -> Tensor:
    """Eq. 3: draw ``z ~ N(W2[k] * m_t, 1/H)`` and compute ``x = pinv(W1) z``, for each class in each task.

    The published notebook draws z with a standard deviation of 1/H instead, which is ``noise=1 / net.n_hidden``.

    Args:
        net: the network; its own contexts are not used.
        contexts: ``(T, H)``.
        samples: number of images drawn of each class; 0: the image of the mean, without noise.
        readout: the mean of z (`canonical_units`).
        ridge: ridge of the readout ``"divide"``.
        noise: standard deviation of z, above 0; default: that of Eq. 3, the square root of 1/H.
        seed: seed of the noise.
        inverse: `pseudo_inverse` of the network, where it is known already.

    Returns:
        ``(T, 10, 784)`` for 0 samples, else ``(T, 10, samples, 784)``, as network inputs.

    Raises:
        ParameterError: ``samples`` is negative, ``readout`` is unknown, or ``ridge`` or ``noise`` is not above 0.
    """
    samples = check_int("samples", samples, 0)
    spread = net.n_hidden**-0.5 if noise is None else check_positive("noise", noise)
    inverse = pseudo_inverse(net) if inverse is None else inverse
    images = canonical_units(net, contexts, readout, ridge) @ inverse.T
    if samples == 0:
        return images
    drawn = []
    for t, of_task in enumerate(images):  # one task at a time, because the noise has H numbers for each image
        source = generator(seed, "reconstruction", t)
        unit = torch.randn(len(of_task), samples, net.n_hidden, generator=source, dtype=torch.float32).to(inverse)
        drawn.append(of_task[:, None] + spread * unit @ inverse.T)
    return torch.stack(drawn)


@finite_arguments
def invert_active(net: FlyNet, h: Tensor) -> Tensor:
    """Recover inputs ``(N, 784)`` from features ``h = s(W1 x)`` ``(N, H)``: least squares on the active units.

    An active unit passes on its input as it is, so it gives one linear equation in the pixels. A network that subtracts
    the mean over its units determines the pixels up to a constant; it is chosen such that the darkest pixel is black,
    as the corners of an image of a digit are. The result is exact where there are enough active units.
    """
    W1 = net.W1.double()
    if net.centred:
        W1 = W1 - W1.mean(0)
    solved = []
    for unit in h.double():
        rows = W1[unit > 0]
        solved.append(torch.linalg.pinv(rows.T @ rows, hermitian=True) @ (rows.T @ unit[unit > 0]))
    x = torch.stack(solved)
    black = (0 - MEAN) / STD
    return (x - x.amin(1, keepdim=True) + black if net.centred else x).to(h.dtype)
