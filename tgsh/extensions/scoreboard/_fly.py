"""The fly's associative learning of Shen, Dasgupta and Navlakha (2021), with the task not told."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from tgsh.errors import ParameterError
from tgsh.extensions.scoreboard._contexts import fly_network
from tgsh.extensions.scoreboard._method import N_CLASSES, UntoldMethod, float_bytes, inputs


class FlyAssociation(UntoldMethod):
    """Sparse codes, and one output neuron for each class that learns only from the active units of its own images.

    A random sparse layer expands the input; all but the most active units are silenced, and the others scaled to
    [0, 1]. For an image of class k the synapses from the active units to output k grow by their activity; all other
    synapses are frozen. The layer is that of FlyNet (seven pixels a unit, as in the fly), and there is no decay: both
    are our choice. It is one pass, without gradients and without a learning rate, which would scale all outputs alike.

    Args:
        n_tasks: number of tasks.
        seed: of the random layer.
        share: share of the units that are active, above 0 and at most 1.
        width_mult: hidden units per pixel.

    Raises:
        ParameterError: ``share`` is out of range.
    """

    TRIALS: ClassVar = tuple({"share": share} for share in (0.01, 0.002, 0.005, 0.02, 0.05, 0.1))

    def __init__(self, n_tasks: int, seed: int = 0, share: float = 0.01, width_mult: int = 10) -> None:
        super().__init__(n_tasks, seed)
        if not 0 < share <= 1:
            raise ParameterError(f"share must be above 0 and at most 1; got {share!r}")
        self.net = fly_network(1, width_mult, seed)
        self.active = max(1, round(share * self.net.n_hidden))
        self.synapses = torch.zeros(N_CLASSES, self.net.n_hidden)

    def codes(self, images: Tensor) -> Tensor:
        """Sparse codes ``(N, H)`` in [0, 1] of images ``(N, 28, 28)``; zeros where an image has no active unit."""
        h = self.net.features(inputs(images))
        values, places = h.topk(self.active, dim=1)
        largest = values[:, :1].clamp_min(1e-12)
        return torch.zeros_like(h).scatter_(1, places, values / largest)

    @torch.no_grad()
    def _learn(self, images: Tensor, labels: Tensor) -> None:
        for x, y in zip(images.split(512), labels.split(512), strict=True):
            self.synapses.index_add_(0, y, self.codes(x))

    def _answer(self, images: Tensor) -> Tensor:
        return (self.codes(images) @ self.synapses.T).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """The synapses, once for all tasks."""
        return float_bytes(self.synapses.numel())
