"""Methods that keep sums over the images, with the task not told: ridge, LDA, Gaussians with contexts, and the fly's.

Sums do not depend on the order of the tasks, so nothing is forgotten in the sense of overwritten. RanPAC (McDonnell and
others, 2023) is ridge regression on random features of a trained network; RanDumb (Prabhu and others, 2024) is linear
discriminant analysis on random features; streaming LDA is of Hayes and Kanan (2020). Here the random features are of
the pixels. The fly's associative learning is of Shen, Dasgupta and Navlakha (2021).
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import ParameterError, check_positive
from tgsh.extensions.scoreboard._contexts import FlyContexts, fly_network
from tgsh.extensions.scoreboard._method import N_CLASSES, UntoldMethod, float_bytes, inputs
from tgsh.extensions.scoreboard._shared import check_strength
from tgsh.networks import FlyNet

RIDGE = 1e-3  # of the covariance of `ContextsByGaussians`, as in `tgsh.extensions.fit_task_memory`


class PooledGaussians:
    """Gaussians with a mean for each group and one covariance, from sums that are updated image after image.

    Args:
        n_units: length d of the features.
    """

    def __init__(self, n_units: int) -> None:
        self.sums = torch.zeros(0, n_units, dtype=torch.float64)  # (G, d)
        self.counts = torch.zeros(0, dtype=torch.float64)
        self.gram = torch.zeros(n_units, n_units, dtype=torch.float64)

    def add(self, h: Tensor, group: Tensor) -> None:
        """Add features ``(N, d)`` of the groups ``(N,)``; a number not seen before makes new groups."""
        missing = int(group.max()) + 1 - len(self.counts)
        if missing > 0:
            self.sums = F.pad(self.sums, (0, 0, 0, missing))
            self.counts = F.pad(self.counts, (0, missing))
        self.sums.index_add_(0, group, h.double())
        self.counts += group.bincount(minlength=len(self.counts))
        h = h.double()  # rounding in single precision would make a small shrinkage fail
        self.gram += h.T @ h

    @property
    def means(self) -> Tensor:
        """Mean of each group, ``(G, d)``; zeros for a group without images."""
        return self.sums / self.counts.clamp_min(1)[:, None]

    @property
    def covariance(self) -> Tensor:
        """Covariance within the groups, ``(d, d)``."""
        means = self.means
        return (self.gram - means.T @ (self.counts[:, None] * means)) / self.counts.sum()

    def discriminant(self, covariance: Tensor, log_share: Tensor) -> tuple[Tensor, Tensor]:
        """Weights ``(G, d)`` and offsets ``(G,)`` of the log densities, up to a term that all groups have in common.

        Args:
            covariance: ``(d, d)``, positive definite.
            log_share: ``(G,)``, log of the share of each group; minus infinity leaves a group out.
        """
        means = self.means
        weights = torch.cholesky_solve(means.T, torch.linalg.cholesky(covariance)).T
        return weights.float(), (log_share - (weights * means).sum(1) / 2).float()


class _OnRandomFeatures(UntoldMethod):
    # A linear readout of random features relu(W x), W Gaussian, that is computed from sums after each task.

    def __init__(self, n_tasks: int, seed: int, width_mult: int) -> None:
        super().__init__(n_tasks, seed)
        self.net = FlyNet(1, width_mult, seed, projection="gaussian", centred=False)
        self.sums = PooledGaussians(self.net.n_hidden)
        self.weights, self.offsets = torch.zeros(N_CLASSES, self.net.n_hidden), torch.zeros(N_CLASSES)

    def _features(self, images: Tensor) -> Tensor:
        return self.net.features(inputs(images))

    @torch.no_grad()
    def _learn(self, images: Tensor, labels: Tensor) -> None:
        self.sums.add(self._features(images), labels)
        self._solve()

    def _solve(self) -> None:
        raise NotImplementedError

    def _answer(self, images: Tensor) -> Tensor:
        return (self._features(images) @ self.weights.T + self.offsets).argmax(1)

    @property
    def stored(self) -> tuple[int, int]:
        """Sums of the classes and of products of features (half of a symmetric matrix), in double precision."""
        d = self.net.n_hidden
        numbers = N_CLASSES * (d + 1) + d * (d + 1) // 2
        return numbers, 8 * numbers


class RandomRidge(_OnRandomFeatures):
    """Ridge regression from random features to one-hot labels, over the images of all tasks so far (as RanPAC).

    Args:
        n_tasks: number of tasks.
        seed: of the random features.
        penalty: added to the mean square of the features, relative to its mean over them.
        width_mult: random features per pixel; 2 makes 1,568.
    """

    TRIALS: ClassVar = tuple({"penalty": penalty} for penalty in (0.01, 1.0, 0.1, 0.001, 0.0001, 0.00001))

    def __init__(self, n_tasks: int, seed: int = 0, penalty: float = 0.01, width_mult: int = 2) -> None:
        super().__init__(n_tasks, seed, width_mult)
        self.penalty = check_positive("penalty", penalty)

    def _solve(self) -> None:
        gram, n = self.sums.gram, self.sums.counts.sum()
        ridge = self.penalty * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
        found = torch.linalg.solve((gram + ridge) / n, self.sums.sums.T / n).T
        self.weights = F.pad(found, (0, 0, 0, N_CLASSES - len(found))).float()


class RandomLDA(_OnRandomFeatures):
    """Linear discriminant analysis of random features, over the images of all tasks so far (SLDA; as RanDumb).

    The covariance within the classes is shrunk towards a multiple of the identity, as in scikit-learn.

    Args:
        n_tasks: number of tasks.
        seed: of the random features.
        shrinkage: from 0 to 1.
        width_mult: random features per pixel; 2 makes 1,568.

    Raises:
        ParameterError: ``shrinkage`` is out of range.
    """

    TRIALS: ClassVar = tuple({"shrinkage": share} for share in (0.01, 0.5, 0.1, 0.03, 0.001, 0.0001))

    def __init__(self, n_tasks: int, seed: int = 0, shrinkage: float = 0.01, width_mult: int = 2) -> None:
        super().__init__(n_tasks, seed, width_mult)
        self.shrinkage = check_strength("shrinkage", shrinkage)
        if self.shrinkage > 1:
            raise ParameterError(f"shrinkage must be at most 1; got {shrinkage!r}")

    def _solve(self) -> None:
        covariance = self.sums.covariance
        size = covariance.diagonal().mean()
        shrunk = (1 - self.shrinkage) * covariance
        shrunk.diagonal().add_(self.shrinkage * size)
        share = (self.sums.counts / self.sums.counts.sum()).log()
        weights, offsets = self.sums.discriminant(shrunk, share)
        missing = N_CLASSES - len(offsets)
        self.weights = F.pad(weights, (0, 0, 0, missing))
        self.offsets = F.pad(offsets, (0, missing), value=-torch.inf)


class ContextsByGaussians(UntoldMethod):
    """The book's task inference: Gaussians on the first units of FlyNet find the task, its context the label.

    The Gaussians, one for each class of each task, are those of `tgsh.extensions.TaskMemory`; each image is judged
    alone.

    Args:
        n_tasks: number of tasks.
        seed: of FlyNet and of the order of the images.
        lr, epochs, width_mult: as in `FlyContexts`.
    """

    TRIALS = FlyContexts.TRIALS

    def __init__(self, n_tasks: int, seed: int = 0, lr: float = 0.01, epochs: int = 3, width_mult: int = 10) -> None:
        super().__init__(n_tasks, seed)
        self.fly = FlyContexts(n_tasks, seed, lr, epochs, width_mult)
        self.n_units = max(1, self.fly.net.n_hidden // N_CLASSES)
        self.sums = PooledGaussians(self.n_units)

    @torch.no_grad()
    def _learn(self, images: Tensor, labels: Tensor) -> None:
        self.fly.learn(images, labels)
        net = self.fly.net
        for x, y in zip(images.split(512), labels.split(512), strict=True):
            self.sums.add(net.features(net.inputs(x))[:, : self.n_units], self.n_learned * N_CLASSES + y)
        # Each task has all its classes once more, also those without images.
        missing = (self.n_learned + 1) * N_CLASSES - len(self.sums.counts)
        self.sums.sums = F.pad(self.sums.sums, (0, 0, 0, missing))
        self.sums.counts = F.pad(self.sums.counts, (0, missing))
        covariance = self.sums.covariance
        covariance.diagonal().add_(RIDGE * covariance.diagonal().mean())
        of_task = self.sums.counts.unflatten(0, (-1, N_CLASSES))
        share = (of_task / of_task.sum(1, keepdim=True)).log().flatten()
        self.weights, self.offsets = self.sums.discriminant(covariance, share)

    def infer(self, h: Tensor) -> Tensor:
        """Position ``(N,)`` of the likeliest task of features ``(N, H)``."""
        density = h[:, : self.n_units] @ self.weights.T + self.offsets
        return density.unflatten(1, (-1, N_CLASSES)).logsumexp(2).argmax(1)

    def _answer(self, images: Tensor) -> Tensor:
        net, found = self.fly.net, torch.zeros(len(images), dtype=torch.int64)
        h = net.features(net.inputs(images))
        inferred = self.infer(h) if self.n_learned else found
        contexts = net.context_vectors()
        for task in inferred.unique().tolist():
            rows = inferred == task
            found[rows] = net.logits(h[rows], contexts[task : task + 1])[0].argmax(1)
        return found

    @property
    def stored(self) -> tuple[int, int]:
        """Contexts, means (single precision), and half of the symmetric covariance (double)."""
        numbers, size = self.fly.stored
        means, shared = self.n_tasks * N_CLASSES * self.n_units, self.n_units * (self.n_units + 1) // 2
        return numbers + means + shared, size + 4 * means + 8 * shared


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
