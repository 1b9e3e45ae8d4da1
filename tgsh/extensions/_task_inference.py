"""Task inference: the task of an input, or of a batch of inputs that share a task, where it is not given.

A CRWN is told its task (paper, Section 2.2); without t it has T networks to choose from. Each method here computes a
*score*: one number for each input and each candidate task, higher for the likelier task. The scores of the inputs of a
batch are added, except for the information, which is defined for a batch only. There are three kinds:

- From the outputs under each context: their certainty (`entropy_score`, `energy_score`) and, for a batch,
  whether they are certain of more than one class (`information_score`; Bridle and others, 1991).
- From Definition 1: the similarity of r_t(x) to the task manifold of t (`TaskMemory.manifold_score`).
- Ours: the log likelihood of the features s(W1 x) under Gaussians, one for each class of each task, which share a
  covariance (`TaskMemory.gaussian_score`). It is linear in the features and uses no context.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.networks import CRWN
from tgsh.runs import ByValue
from tgsh.seeding import generator

Method = Literal["entropy", "energy", "information", "manifold", "gaussian"]
METHODS: tuple[Method, ...] = get_args(Method)

RIDGE = 1e-3  # of the shared covariance, in units of its mean variance


@finite_arguments
def entropy_score(logits: Tensor) -> Tensor:
    """Minus the entropy (nats) of the output, ``(N, C)``, from logits ``(C, N, K)`` under C candidate contexts."""
    log_p = logits.transpose(1, 2).log_softmax(1)  # several times faster than over the last axis
    return (log_p.exp() * log_p).sum(1).T


@finite_arguments
def energy_score(logits: Tensor) -> Tensor:
    """``log sum_k exp(logit_k)``, ``(N, C)``, from logits ``(C, N, K)``: large where any logit is large."""
    return logits.logsumexp(2).T


@finite_arguments
def information_score(probabilities: Tensor) -> Tensor:
    """Mutual information (nats) of input and class, ``(M, C)``, from outputs ``(M, n, C, K)`` of M batches of n inputs.

    It is the entropy of the mean output minus the mean entropy of the outputs: large where the network is certain of
    each input, and not of one class for all of them. For a batch of one input it is 0.
    """
    return _entropy(probabilities.mean(1)) - _entropy(probabilities).mean(1)


def _entropy(p: Tensor) -> Tensor:
    return torch.special.entr(p).sum(-1)


@dataclass(frozen=True, eq=False)
class TaskMemory(ByValue):
    """Statistics of the training images of T tasks, for inference of the task of other images.

    Attributes:
        contexts: ``(T, H)``, the contexts of the representations.
        centres: ``(T, H)``, the mean over the images of task t of ``r_t(x)`` at unit length.
        means: ``(G, d)``, the mean of the first d features for each class of each task, in double precision.
        covariance: ``(d, d)``, the covariance within a class, shared by all classes and tasks, with a small ridge.
        log_share: ``(G,)``, the log of the share of the class in its task.
        task, label: ``(G,)``, the task and the class of each mean.
    """

    contexts: Tensor
    centres: Tensor
    means: Tensor
    covariance: Tensor
    log_share: Tensor
    task: Tensor
    label: Tensor

    @finite_arguments
    def manifold_score(self, h: Tensor) -> Tensor:
        """Cosine similarity of ``r_t(x)`` and the centre of task t, ``(N, T)``, from features ``(N, H)``."""
        along = h @ (self.contexts * self.centres).T
        length = (h.square() @ self.contexts.square().T).sqrt()
        return along / length.clamp_min(1e-12) / self.centres.norm(dim=1)

    @finite_arguments
    def log_density(self, h: Tensor) -> Tensor:
        """Log share plus log density of each Gaussian, ``(N, G)``, up to a term that all Gaussians have in common."""
        weights, offsets = self.linear
        return h[:, : weights.shape[1]] @ weights.T + offsets

    @cached_property
    def linear(self) -> tuple[Tensor, Tensor]:
        """Weights ``(G, d)`` and offsets ``(G,)`` by which `log_density` follows from the first d features."""
        # log N(u; mean, covariance) = weights . u - weights . mean / 2, up to a term without the mean.
        weights = torch.linalg.solve(self.covariance, self.means.T).T
        offsets = self.log_share - (weights * self.means).sum(1) / 2
        return weights.to(self.contexts.dtype), offsets.to(self.contexts.dtype)

    def gaussian_score(self, h: Tensor) -> Tensor:
        """Log likelihood of task t, summed over the classes, ``(N, T)``, from features ``(N, H)``."""
        return self.by_task(self.log_density(h))

    def by_task(self, log_density: Tensor) -> Tensor:
        """Log of the sum over the classes of each task, ``(N, T)``, from log densities ``(N, G)``."""
        return self._grid(log_density).logsumexp(2)

    def by_label(self, log_density: Tensor) -> Tensor:
        """Log of the sum over the tasks, for each class, ``(N, K)``, from log densities ``(N, G)``: equal priors."""
        return self._grid(log_density).logsumexp(1)

    def _grid(self, log_density: Tensor) -> Tensor:
        # (N, T, K), minus infinity where a task does not have a class
        T, K = len(self.contexts), int(self.label.max()) + 1
        grid = log_density.new_full((len(log_density), T * K), -torch.inf)
        grid[:, self.task * K + self.label] = log_density
        return grid.unflatten(1, (T, K))


@torch.no_grad()
@finite_arguments
def fit_task_memory(
    net: CRWN, stream: TaskStream, contexts: Tensor | None = None, n_units: int | None = None, chunk: int = 512
) -> TaskMemory:
    """Compute the statistics of a `TaskMemory` in one pass over the training images of every task.

    Args:
        net: computes the features.
        stream: the tasks.
        contexts: ``(T, H)``, contexts of the representations; default: those of the network.
        n_units: number d of features that the Gaussians use; default: H / 10, so that the ten means of a task are as
            many numbers as its context.
        chunk: number of images whose features are computed at once.

    Raises:
        ParameterError: the numbers of contexts and tasks differ, or a context does more than multiply the features.
    """
    if not net.is_linear:
        raise ParameterError(f"task inference needs r = m * features, as in Eq. 2; {type(net).__name__} has another r")
    contexts = (net.context_vectors() if contexts is None else contexts).to(net.W2)
    T, K, H = len(stream), stream.dataset.n_classes, net.n_hidden
    if len(contexts) != T:
        raise ParameterError(f"there are {len(contexts)} contexts but {T} tasks")
    d = check_int("n_units", H // K if n_units is None else n_units, 1, H)

    centres = torch.zeros_like(contexts)
    sums = torch.zeros(T, K, d, dtype=torch.float64, device=contexts.device)
    counts = torch.zeros(T, K, dtype=torch.float64, device=contexts.device)
    gram = torch.zeros(d, d, dtype=torch.float64, device=contexts.device)
    for t in range(T):
        images, labels = stream.images(t, "train", device=contexts.device)
        for x, y in zip(images.split(chunk), labels.split(chunk), strict=True):
            h = net.features(net.inputs(x))
            length = (h.square() @ contexts[t].square()).sqrt().clamp_min(1e-12)
            centres[t] += contexts[t] * ((1 / length) @ h) / len(labels)
            u = h[:, :d]
            one_hot = F.one_hot(y, K).to(u)
            sums[t] += one_hot.T @ u
            counts[t] += one_hot.sum(0)
            gram += u.T @ u
    return TaskMemory(contexts, centres, *_gaussians(sums, counts, gram))


def _gaussians(sums: Tensor, counts: Tensor, gram: Tensor) -> tuple[Tensor, ...]:
    task, label = counts.nonzero(as_tuple=True)  # a task need not have every class
    n = counts[task, label]
    means = sums[task, label] / n[:, None]
    covariance = (gram - means.T @ (n[:, None] * means)) / n.sum()
    covariance += RIDGE * covariance.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    return means, covariance, (n / counts.sum(1)[task]).log(), task, label


@dataclass(frozen=True, eq=False)
class TaskScores(ByValue):
    """Scores of all test images of T tasks for C candidate tasks. Each list has one entry for each task, on the CPU.

    Attributes:
        scores: method -> ``(N_t, C)`` scores; for ``"information"`` the outputs ``(N_t, C, K)``.
        predicted: ``(N_t, C)``, the class predicted under each candidate context.
        direct: ``(N_t,)``, the class predicted without a choice of one task. ``"blended"``: mean of the outputs under
            all contexts, weighted by the Gaussians' posterior of the task. ``"gaussian"``: the Gaussians' most likely
            class, without contexts.
        labels: ``(N_t,)``, the true class.
    """

    scores: dict[Method, list[Tensor]]
    predicted: list[Tensor]
    direct: dict[Literal["blended", "gaussian"], list[Tensor]]
    labels: list[Tensor]

    def direct_accuracy(self, way: Literal["blended", "gaussian"]) -> float:
        """Share of the images of all tasks whose class is predicted correctly, without a choice of one task."""
        return (torch.cat(self.direct[way]) == torch.cat(self.labels)).double().mean().item()


@torch.no_grad()
def score_tasks(net: CRWN, stream: TaskStream, memory: TaskMemory, chunk: int = 512) -> TaskScores:
    """Score the test images of every task by every method, for each candidate task of ``memory``.

    Args:
        net: computes the features.
        stream: the tasks whose images are scored.
        memory: statistics and contexts of the candidate tasks.
        chunk: number of images whose features are computed at once.
    """
    rows: dict[str, list[Tensor]] = defaultdict(list)
    for t in range(len(stream)):
        images, labels = stream.images(t, "test", device=memory.contexts.device)
        parts = [_score(memory, net, net.features(net.inputs(x))) for x in images.split(chunk)]
        for name in parts[0]:
            rows[name].append(torch.cat([part[name] for part in parts]).cpu())
        rows["labels"].append(labels.cpu())
    direct = {"blended": rows["blended"], "gaussian": rows["gaussian label"]}
    return TaskScores({method: rows[method] for method in METHODS}, rows["predicted"], direct, rows["labels"])


def _score(memory: TaskMemory, net: CRWN, h: Tensor) -> dict[str, Tensor]:
    logits = net.logits(h, memory.contexts)  # (C, N, K)
    outputs = logits.transpose(1, 2).softmax(1).permute(2, 0, 1).contiguous()  # (N, C, K)
    log_density = memory.log_density(h)
    gaussian = memory.by_task(log_density)
    return {
        "entropy": entropy_score(logits),
        "energy": energy_score(logits),
        "information": outputs,
        "manifold": memory.manifold_score(h),
        "gaussian": gaussian,
        "predicted": logits.argmax(2).T,
        "blended": (gaussian.softmax(1)[:, None] @ outputs)[:, 0].argmax(1),
        "gaussian label": memory.by_label(log_density).argmax(1),
    }


@dataclass(frozen=True, eq=False)
class InferredTasks(ByValue):
    """Tasks inferred for M batches of n images; the images of a batch share a task.

    Attributes:
        task: ``(M,)``, the true task of each batch.
        inferred: ``(M,)``, the task inferred for it.
        images: ``(M, n)``, numbers of its images among the test images of the true task.
    """

    task: Tensor
    inferred: Tensor
    images: Tensor

    @property
    def exact(self) -> float:
        """Share of the batches whose true task is inferred, in [0, 1]."""
        return (self.task == self.inferred).double().mean().item()

    def distance(self, distances: np.ndarray) -> np.ndarray:
        """Distance ``(M,)`` of the inferred from the true task, from distances ``(T, T)`` between tasks."""
        return distances[self.task.numpy(), self.inferred.numpy()]

    def label_accuracy(self, scores: TaskScores) -> float:
        """Share of the images whose class is predicted correctly under the inferred context, in [0, 1]."""
        right = []
        for t in self.task.unique().tolist():
            images, context = self.images[self.task == t], self.inferred[self.task == t]
            right.append(scores.predicted[t][images, context[:, None]] == scores.labels[t][images])
        return torch.cat(right).double().mean().item()


@finite_arguments
def infer_tasks(scores: list[Tensor], n: int, seed: int = 0) -> InferredTasks:
    """Split the images of each task into random batches of ``n``, and infer one task for each batch.

    Images that do not fill a batch are left out.

    Args:
        scores: for each task, scores ``(N_t, C)``, which are summed over a batch, or outputs ``(N_t, C, K)``, of which
            the `information_score` is computed.
        n: number of images in a batch.
        seed: seed of the split into batches.

    Raises:
        ParameterError: a task has fewer than ``n`` images, or a score is NaN or infinite.
    """
    n = check_int("n", n, 1, min(map(len, scores)), hint=" (the images of the smallest task)")
    task, inferred, images = [], [], []
    for t, of_task in enumerate(scores):
        order = torch.randperm(len(of_task), generator=generator(seed, "batches", t))
        index = order[: len(order) // n * n].view(-1, n)
        batch = of_task[index]
        score = batch.sum(1) if batch.ndim == 3 else information_score(batch)
        task.append(torch.full((len(index),), t))
        inferred.append(score.argmax(1))
        images.append(index)
    return InferredTasks(torch.cat(task), torch.cat(inferred), torch.cat(images))
