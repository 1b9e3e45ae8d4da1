"""Softmax readouts, one for each task: of the units of a random layer, or of the pixels."""

from __future__ import annotations

import warnings
from typing import ClassVar

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from tgsh.errors import check_int
from tgsh.extensions.scoreboard._contexts import fly_network
from tgsh.extensions.scoreboard._method import ToldMethod, float_bytes, inputs

_STEPS = 100  # of L-BFGS at most


def coordinates(h: Tensor) -> tuple[Tensor, Tensor]:
    """Features ``(N, d)`` in the coordinates of a basis of the space that they span, which is faster where N < d.

    A penalty on squares does not depend on the basis, and weights outside that space are 0; so a readout of the
    coordinates is that of the features.

    Returns:
        coordinates ``(N, r)``, and the orthonormal basis ``(r, d)``.
    """
    if len(h) >= h.shape[1]:
        return h, torch.eye(h.shape[1], dtype=h.dtype)
    squares, vectors = torch.linalg.eigh(h @ h.T)
    kept = squares > 1e-10 * squares[-1]
    rotated = vectors[:, kept] * squares[kept].sqrt()
    return rotated, (vectors[:, kept] / squares[kept].sqrt()).T @ h


class Readout(ToldMethod):
    """Multinomial logistic regression for each task, by scikit-learn (L-BFGS, penalty on the squares of the weights).

    Args:
        n_tasks: number of tasks.
        seed: of the random layer.
        C: inverse strength of the penalty.
        width_mult: units of FlyNet's random layer per pixel; 0 reads the pixels. 1 gives 784 units, as many as pixels,
            and a readout with as many numbers as a context of FlyNet, but for nine.
    """

    TRIALS: ClassVar = tuple({"C": C} for C in (1.0, 0.1, 0.01, 0.001, 0.0001, 10.0))
    isolated = True

    def __init__(self, n_tasks: int, seed: int = 0, C: float = 1.0, width_mult: int = 1) -> None:
        super().__init__(n_tasks, seed)
        self.C = C
        width_mult = check_int("width_mult", width_mult, 0)
        self.net = fly_network(1, width_mult, seed) if width_mult else None
        self.readouts: list[LogisticRegression] = []

    def _features(self, images: Tensor) -> Tensor:
        x = inputs(images)
        return x if self.net is None else self.net.features(x)

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        readout = LogisticRegression(C=self.C, max_iter=_STEPS, random_state=0)  # L-BFGS draws nothing
        h = self._features(images).double()
        rotated, back = coordinates(h)
        with warnings.catch_warnings():
            # Stopping after these steps is part of the method: it regularises as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            readout.fit(rotated.numpy(), labels.numpy())
        readout.coef_ = readout.coef_ @ back.numpy()
        readout.n_features_in_ = h.shape[1]
        self.readouts.append(readout)

    def _answer(self, images: Tensor, task: int) -> Tensor:
        if task >= len(self.readouts):  # not learned yet: all logits are 0
            return torch.zeros(len(images), dtype=torch.int64)
        return torch.from_numpy(self.readouts[task].predict(self._features(images).double().numpy()))

    @property
    def stored(self) -> tuple[int, int]:
        """Weights and offsets of all readouts, in single precision."""
        return float_bytes(sum(readout.coef_.size + readout.intercept_.size for readout in self.readouts))
