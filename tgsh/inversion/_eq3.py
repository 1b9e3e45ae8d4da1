"""Images from context vectors: the paper's Eq. 3, what an inverse would be, and how good the images are."""

from __future__ import annotations

import torch
from torch import Tensor

from tgsh.datasets import MEAN, STD
from tgsh.errors import check_choice, check_int, check_positive
from tgsh.networks import FlyNet
from tgsh.seeding import generator

READOUTS = ("published", "divide", "least-norm")


def pseudo_inverse(net: FlyNet) -> Tensor:
    """pinv(W1), ``(784, H)``: how Eq. 3 goes from hidden units back to pixels, the ReLU left out.

    W1 is tall, so the 784 x 784 matrix W1' W1 is all that has to be (pseudo-)inverted, once a network.
    """
    W1 = net.W1.double()
    return (torch.linalg.pinv(W1.T @ W1, hermitian=True) @ W1.T).to(net.W2.dtype)


def canonical_units(net: FlyNet, contexts: Tensor, readout: str = "published", ridge: float = 1.0) -> Tensor:
    """Hidden activities ``h`` that stand for class k in task t, ``(T, 10, H)`` from contexts ``(T, H)``.

    Args:
        readout: ``"published"``: ``W2[k] * m_t``, the mean of Eq. 3. ``"divide"``: what undoes ``r = m_t * h`` at
            ``r = W2[k]``, namely ``W2[k] / m_t``, as ``m_t W2[k] / (m_t^2 + ridge mean(m_t^2))`` because many m_t are
            nearly zero; a large ridge gives Eq. 3 again, up to scale. ``"least-norm"``: the shortest h whose logits
            ``(W2 * m_t) h`` are 1 for class k and 0 for the others.
        ridge: of ``"divide"`` only, above 0; in units of the mean square of m_t.

    Raises:
        ParameterError: an unknown readout, or a ridge of 0 or less.
    """
    check_choice("readout", readout, READOUTS)
    check_positive("ridge", ridge)
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
    readout: str = "published",
    ridge: float = 1.0,
    seed: int = 0,
    inverse: Tensor | None = None,
) -> Tensor:
    """Eq. 3: ``z ~ N(W2[k] * m_t, 1/H)``, ``x = pinv(W1) z``, for every class of every task.

    Args:
        contexts: ``(T, H)``.
        samples: images drawn of each class; 0: the image of the mean, without noise.
        readout, ridge: the mean of z, as in `canonical_units`.
        inverse: `pseudo_inverse` of the network, where it is at hand already.

    Returns:
        ``(T, 10, 784)`` for 0 samples, else ``(T, 10, samples, 784)``.
    """
    check_int("samples", samples, 0)
    inverse = pseudo_inverse(net) if inverse is None else inverse
    images = canonical_units(net, contexts, readout, ridge) @ inverse.T
    if samples == 0:
        return images
    drawn = []
    for t, of_task in enumerate(images):  # a task at a time: the noise has H numbers an image
        source = generator(seed, "reconstruction", t)
        noise = torch.randn(len(of_task), samples, net.n_hidden, generator=source).to(inverse) / net.n_hidden**0.5
        drawn.append(of_task[:, None] + noise @ inverse.T)
    return torch.stack(drawn)


def invert_active(net: FlyNet, h: Tensor) -> Tensor:
    """Inputs ``(N, 784)`` from ``h = s(W1 x)``, ``(N, H)``, ReLU and all: least squares on the active units only.

    An active unit passes its input on unchanged, so it is one linear equation in the pixels. The network subtracts the
    mean over the units, so all pixels together may be shifted by a constant; it is set so that the darkest pixel is
    black, which a corner of a digit's image is. Exact wherever the active units outnumber the pixels well enough.
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
