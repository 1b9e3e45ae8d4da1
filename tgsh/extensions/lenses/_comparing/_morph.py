"""A small network that generates contexts, for angles and for networks never trained (after Yang and Wang 2024).

Neural Metamorphosis trains one network that maps coordinates in a space of models to their weights. Here the weights
are contexts. The coordinates of entry u of a context are the position of the task, the seven pixels that unit u reads,
and the column W2[:, u]. None of them is the number of the unit, so what is learned from some networks can be used for
others, of any width. Each pixel has a vector for each position, a trigonometric polynomial; a unit adds up those of
its pixels, and a small network turns the sum into K numbers q, one for each class:

    m_u = a tanh( <q, W2[:, u]> ) .

By Eq. 2 only the products W2[k, u] m_u matter, and the gradient at zeros is a sum of W2[k, u] over the classes, hence
the inner product; training saturates, as signs do, hence tanh. Known: contexts that are made this way are learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tgsh.benchmarks import Positions
from tgsh.errors import ParameterError, check_int, check_positive, finite_arguments
from tgsh.networks import FlyNet
from tgsh.seeding import generator


class ContextGenerator(nn.Module):
    """Map a position on a circle, and the wiring of units, to the entries of a context.

    It computes in double precision, so that rounding does not show in results.

    Args:
        period: length of the circle of positions.
        harmonics: highest frequency in the position.
        size: numbers that a unit adds up from its pixels.
        hidden: units in each of the two hidden layers.
        seed: of the initial weights.

    Raises:
        ParameterError: a size is below 1, or ``period`` is not above 0.
    """

    n_pixels, n_classes = FlyNet.n_inputs, FlyNet.n_classes

    def __init__(
        self, period: float = 360, harmonics: int = 7, size: int = 32, hidden: int = 64, seed: int = 0
    ) -> None:
        super().__init__()
        self.period = check_positive("period", period)
        self.harmonics = check_int("harmonics", harmonics, 1)
        size, hidden = check_int("size", size, 1), check_int("hidden", hidden, 1)
        source = generator(seed, "context generator")

        def draw(*shape: int, scale: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(shape, generator=source, dtype=torch.float64) * scale)

        waves = 2 * self.harmonics + 1
        self.of_pixels = draw(self.n_pixels, size * waves, scale=0.1)
        widths = (size, hidden, hidden, self.n_classes)
        self.weights = nn.ParameterList([draw(a, b, scale=a**-0.5) for a, b in pairwise(widths)])
        self.biases = nn.ParameterList([draw(b, scale=0.0) for b in widths[1:]])
        self.largest = draw(scale=0.0)  # the logarithm of a

    def forward(self, positions: Tensor, pixels: Tensor, W2: Tensor) -> Tensor:
        """Entries ``(Q, U)`` of contexts at ``positions`` ``(Q,)``, of U units.

        Args:
            positions: ``(Q,)``, on the circle.
            pixels: ``(U, 7)``, those that each unit reads.
            W2: ``(K, U)``, columns of the units; only their directions count.
        """
        turn = 2 * torch.pi / self.period * positions.double()[:, None]
        angle = turn * torch.arange(1, self.harmonics + 1)
        waves = torch.cat(
            [torch.ones(len(angle), 1, dtype=angle.dtype), angle.cos(), angle.sin()], 1
        )  # (Q, 2 harmonics + 1)
        summed = F.embedding_bag(pixels, self.of_pixels, mode="sum").unflatten(1, (-1, waves.shape[1]))
        q = (summed @ waves.T).mT  # (U, Q, size)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            q = F.silu(q @ weight + bias)
        q = q @ self.weights[-1] + self.biases[-1]  # (U, Q, K)
        readout = F.normalize(W2.double().T, dim=1) * self.n_classes**0.5
        return self.largest.exp() * torch.tanh((q * readout[:, None]).sum(2)).T


@finite_arguments
def fit_generator(
    nets: Sequence[FlyNet],
    contexts: Sequence[Tensor],
    positions: Positions,
    period: float = 360,
    steps: int = 300,
    *,
    harmonics: int = 7,
    n_units: int = 2000,
    lr: float = 0.01,
    seed: int = 0,
) -> ContextGenerator:
    """Train a generator on known contexts of some networks, by Adam with a step size that falls to 0.

    A step takes one network, six positions, and some units. Contexts are scaled to a mean square of 1, because a factor
    common to all of a context changes no predicted class.

    Args:
        nets: networks with sparse projections.
        contexts: of each network, ``(N, H)``.
        positions: ``(N,)`` of these contexts.
        period: length of the circle of positions.
        steps: number of steps.
        harmonics: of the generator; N positions determine at most ``(N - 1) // 2``.
        n_units: units in a step.
        lr: first step size.
        seed: of the initial weights and of all draws.

    Raises:
        ParameterError: a network has no sparse projection, numbers do not match, or a setting is out of range.
    """
    positions = torch.as_tensor(np.asarray(positions, float))
    steps, n_units = check_int("steps", steps, 1), check_int("n_units", n_units, 1)
    if not nets or len(nets) != len(contexts):
        raise ParameterError(f"each network needs its contexts; got {len(nets)} networks and {len(contexts)} sets")
    for net, known in zip(nets, contexts, strict=True):
        _check_sparse(net)
        if known.shape != (len(positions), net.n_hidden):
            raise ParameterError(f"contexts must be {(len(positions), net.n_hidden)}; got {tuple(known.shape)}")
    check_int("harmonics", harmonics, 1, (len(positions) - 1) // 2, hint=f" ({len(positions)} positions)")
    targets = [F.normalize(known.double().cpu(), dim=1) * known.shape[1] ** 0.5 for known in contexts]
    model, source = ContextGenerator(period, harmonics, seed=seed), generator(seed, "fit generator")
    adam = torch.optim.Adam(model.parameters(), lr=check_positive("lr", lr))
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for step in range(steps):
        net, target = nets[step % len(nets)], targets[step % len(nets)]
        at = torch.randperm(len(positions), generator=source)[:6]
        units = torch.randint(net.n_hidden, (n_units,), generator=source)
        made = model(positions[at], net.pixels.cpu()[units], net.W2.cpu()[:, units])
        loss = F.mse_loss(made, target[at][:, units])
        adam.zero_grad()
        loss.backward()
        adam.step()
        falling.step()
    return model


@torch.no_grad()
@finite_arguments
def generate_contexts(model: ContextGenerator, net: FlyNet, positions: Positions) -> Tensor:
    """Contexts ``(Q, H)`` of a network at ``positions`` ``(Q,)``, whatever its width and whether it was trained.

    Raises:
        ParameterError: the network has no sparse projection.
    """
    _check_sparse(net)
    at = torch.as_tensor(np.asarray(positions, float))
    parts = [model(some, net.pixels.cpu(), net.W2.cpu()) for some in at.split(6)]  # little memory
    return torch.cat(parts).to(net.W2)


def _check_sparse(net: FlyNet) -> None:
    if not isinstance(net, FlyNet) or net.projection != "sparse":
        raise ParameterError(f"units are known by the pixels that they read; {type(net).__name__} has none to read")
