"""The most probable ten pictures, given a context vector: an inverse of the CRWN that solves where Eq. 3 projects.

Let a context minimise cross entropy plus ``ridge / 2 |m|^2``. The gradient is zero at the minimum, so

    ridge m_t = mean_i sum_k (y_ik - p_ik) W2[k] * s(W1 x_i):

the context is a sum of features of training images, each multiplied by rows of W2. Let one picture x_k stand for all
images of class k. With V[k] = W2[k] - mean_j W2[j],

    m_t ~ sum_k V[k] * s(W1 x_k).

These are H equations for ten pictures. `ForwardModel` is the right-hand side, `Prior` the distribution of the pictures
before the context is known, and `map_reconstruct` finds the pictures that are most probable given the context: a
maximum a posteriori (MAP) estimate. Eq. 3 is the first step of such a solution. It projects the context onto W2[k], and
leaves in the picture of class k the contributions of the nine other classes to the same units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from scipy.sparse import csr_array

from tgsh.benchmarks import SIDE
from tgsh.datasets import MEAN, STD
from tgsh.errors import ParameterError, check_int, check_positive, finite_arguments
from tgsh.networks import FlyNet


@dataclass(frozen=True)
class Prior:
    """The prior of `map_reconstruct`: smooth, bright in the centre, dark at the border.

    A picture is ``sigmoid(contrast * field - dark - (radius / reach)^6)``. The ``field`` is a Gaussian random field of
    variance 1 with a Gaussian correlation. The prior contains no image and no statistic of images.

    Attributes:
        blur: standard deviation, in pixels, of the kernel that smooths the field.
        contrast: factor of the field.
        dark: constant that is subtracted; a larger one makes pictures darker.
        reach: distance from the centre, in pixels, beyond which pictures are dark.

    Raises:
        ParameterError: one of them is not above 0.
    """

    blur: float = 1.0
    contrast: float = 2.0
    dark: float = 2.0
    reach: float = 10.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            check_positive(name, value)

    def draw(self, noise: Tensor) -> Tensor:
        """Pictures ``(..., 784)``, in [0, 1], from white noise ``(..., 784)``."""
        kernel = gaussian_kernel(self.blur)
        kernel = kernel / kernel.square().sum(1).max().sqrt()
        field = (kernel @ noise.unflatten(-1, (SIDE, SIDE)) @ kernel).flatten(-2)
        line = torch.arange(SIDE, dtype=noise.dtype) - (SIDE - 1) / 2
        radius = (line[:, None].square() + line.square()).sqrt().flatten()
        return (self.contrast * field - self.dark - (radius / self.reach) ** 6).sigmoid()


class ForwardModel:
    """Context of one network, up to scale, that ten pictures imply: ``sum_k V[k] * s(W1 x_k)``.

    Args:
        net: a `FlyNet` on the CPU.
    """

    def __init__(self, net: FlyNet) -> None:
        from scipy.sparse import csr_array  # here, as the rest of SciPy: it takes memory

        self.W1 = csr_array(net.W1.numpy())
        self.V = net.W2 - net.W2.mean(0)
        self.mean = net.column_sums / net.n_hidden if net.centred else net.W2.new_zeros(net.n_inputs)

    def __call__(self, pictures: Tensor) -> Tensor:
        """Contexts ``(T, H)``, up to scale, from pictures ``(T, 10, 784)`` in [0, 1]."""
        x = ((pictures - MEAN) / STD).flatten(0, 1)
        h = (_Project.apply(x, self.W1) - (x @ self.mean)[:, None]).clamp(min=0)
        return (self.V * h.unflatten(0, pictures.shape[:2])).sum(1)

    def back_projection(self, contexts: Tensor) -> Tensor:
        """Images ``W1' (V[k] * m_t)``, ``(T, 10, 784)``, from ``contexts`` ``(T, H)``.

        This is Eq. 3 with the transpose of W1 in place of its inverse, less the mean over the classes.
        """
        h = (self.V * contexts[:, None]).flatten(0, 1)
        return torch.from_numpy(self.W1.T @ h.numpy().T).T.unflatten(0, (len(contexts), -1))


class _Project(torch.autograd.Function):
    # x W1' of a sparse W1. A dense product would take a hundred times as many multiplications, most of them by zero.

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, W1: csr_array) -> Tensor:
        ctx.W1 = W1
        return torch.from_numpy(W1 @ x.detach().numpy().T).T

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        return torch.from_numpy(ctx.W1.T @ np.ascontiguousarray(gradient.numpy().T)).T, None


@finite_arguments
def map_reconstruct(
    nets: Sequence[FlyNet],
    contexts: Sequence[Tensor],
    prior: Prior | None = None,
    *,
    steps: int = 60,
    strength: float = 100.0,
    length: float = 4.0,
) -> Tensor:
    """Ten pictures for each task that are most probable, given the contexts of one or several networks.

    Minimises ``strength / 2 |sum_k V[k] * s(W1 x_k) / length - m / |m||^2``, averaged over the networks, plus
    ``|noise|^2 / 200`` for the white noise from which `Prior` draws the pictures, with Adam. The search starts from
    `ForwardModel.back_projection`; successive steps use successive networks. It is deterministic.

    Args:
        nets: one network or several, on the CPU.
        contexts: contexts ``(T, H)`` of each network; task t must be the same task in all of them.
        prior: distribution of the pictures; default: `Prior` with its default values.
        steps: number of steps of Adam.
        strength: weight of the contexts against the prior.
        length: length of the sum above that counts as a perfect fit; a larger one gives brighter pictures.

    Returns:
        ``(T, 10, 784)``, in [0, 1].

    Raises:
        ParameterError: there are not as many contexts as networks, or a setting is out of range.
    """
    prior = prior if prior is not None else Prior()
    if not nets or len(nets) != len(contexts):
        raise ParameterError(f"every network needs its contexts; got {len(nets)} networks, {len(contexts)} contexts")
    steps, strength = check_int("steps", steps, 1), check_positive("strength", strength)
    length = check_positive("length", length)
    models = [ForwardModel(net) for net in nets]
    targets = [F.normalize(m.detach(), dim=1) for m in contexts]
    start = sum(model.back_projection(m) for model, m in zip(models, targets, strict=True))
    noise = (0.3 * start / start.std((1, 2), keepdim=True)).requires_grad_()
    optimiser = torch.optim.Adam([noise], lr=0.1, betas=(0.9, 0.95))
    for step in range(steps):
        model, m = models[step % len(nets)], targets[step % len(nets)]
        misfit = (model(prior.draw(noise)) / length - m).square().sum()
        loss = strength / 2 * misfit + noise.square().sum() / 200
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return prior.draw(noise.detach())


@torch.no_grad()
@finite_arguments
def forward_cosine(net: FlyNet, contexts: Tensor, pictures: Tensor) -> Tensor:
    """Cosine ``(T,)`` between each context and the one that pictures imply (`ForwardModel`).

    Args:
        net: the network, on the CPU; its own contexts are not used.
        contexts: ``(T, H)``.
        pictures: ``(T, 10, 784)``, in [0, 1].
    """
    return F.cosine_similarity(ForwardModel(net)(pictures), contexts, dim=1).clamp(-1, 1)


def gaussian_kernel(sigma: float) -> Tensor:
    """Matrix ``exp(-d^2 / (2 sigma^2))``, ``(28, 28)``, of the distance d between two pixels of a line."""
    # Subnormal numbers would make every product many times slower.
    line = torch.arange(SIDE).float()
    kernel = (-(line[:, None] - line).square() / (2 * sigma**2)).exp()
    return kernel.where(kernel > 1e-12, 0.0)
