"""Softmax readouts, one for each task: of the units of a random layer, or of the pixels."""

from __future__ import annotations

import warnings
from typing import ClassVar

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from tgsh.errors import check_int
from tgsh.networks import FlyNet
from tgsh.scoreboard._method import ToldMethod, float_bytes, inputs

_STEPS = 100  # of L-BFGS at most


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
        self.net = FlyNet(1, width_mult, seed) if width_mult else None
        self.readouts: list[LogisticRegression] = []

    def _features(self, images: Tensor) -> Tensor:
        x = inputs(images)
        return x if self.net is None else self.net.features(x)

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        readout = LogisticRegression(C=self.C, max_iter=_STEPS)
        with warnings.catch_warnings():
            # Stopping after these steps is part of the method: it regularises as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            readout.fit(self._features(images).numpy(), labels.numpy())
        self.readouts.append(readout)

    def _answer(self, images: Tensor, task: int) -> Tensor:
        if task >= len(self.readouts):  # not learned yet: all logits are 0
            return torch.zeros(len(images), dtype=torch.int64)
        return torch.from_numpy(self.readouts[task].predict(self._features(images).numpy()))

    @property
    def stored(self) -> tuple[int, int]:
        """Weights and offsets of all readouts, in single precision."""
        return float_bytes(sum(readout.coef_.size + readout.intercept_.size for readout in self.readouts))
