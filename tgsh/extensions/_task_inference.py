"""Which task does an input come from, when nobody says?

A CRWN is told its task (paper, Section 2.2); without the number t it has T networks and does not know which to ask.
Everything here gives a *score*: one number for every input and every candidate task, higher for the likelier task. The
scores of inputs that are known to share a task add up (one, the information, is of a batch as such). Three kinds:

- what the contexts alone say: how sure the network is under each (`entropy_score`, `energy_score`), and, for a batch,
  whether it is sure of more than one class (`information_score`, ours);
- Definition 1 read as an instruction: how near r_t(x) lies to the task manifold of t (`TaskMemory.manifold_score`);
- ours: the likelihood of s(W1 x) under Gaussians, one a class of a task, that share a covariance
  (`TaskMemory.gaussian_score`). It is linear in the hidden units and needs no context.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.errors import ParameterError, check_int
from tgsh.networks import FlyNet
from tgsh.seeding import generator

RIDGE = 1e-3  # of the shared covariance, in units of its mean variance


def entropy_score(logits: Tensor) -> Tensor:
    """Minus the entropy (nats) of the output: ``(N, C)`` from logits ``(C, K, N)`` under C candidate contexts."""
    log_p = logits.log_softmax(1)
    return (log_p.exp() * log_p).sum(1).T


def energy_score(logits: Tensor) -> Tensor:
    """``log sum_k exp(logit_k)``, ``(N, C)`` from ``(C, K, N)``: how much the network finds in x, whatever it is."""
    return logits.logsumexp(1).T


def information_score(probabilities: Tensor) -> Tensor:
    """How much the class of an output depends on the input: ``(M, C)`` from outputs ``(M, n, C, K)`` of batches of n.

    The entropy (nats) of the mean output less the mean entropy of the outputs: the mutual information between the input
    and its class. It is large where the network is sure of each input and not of one class for all of them; 0 for one
    input.
    """
    return _entropy(probabilities.mean(1)) - _entropy(probabilities).mean(1)


def _entropy(p: Tensor) -> Tensor:
    return torch.special.entr(p).sum(-1)


@dataclass(frozen=True)
class TaskMemory:
    """What is kept of each task besides its context.

    Attributes:
        contexts: ``(T, H)``, the contexts that the manifolds were measured under.
        centres: ``(T, H)``, the mean over the inputs of task t of ``r_t(x)``, each brought to length 1 first.
        weights: ``(G, d)`` and
        offsets: ``(G,)``: the log density of the first d hidden units u under Gaussian g is ``weights[g] . u +
            offsets[g]``, up to a term that is the same for all g. Offsets hold the log share of the class in its task.
        task, label: ``(G,)``, the task and the class that each Gaussian stands for.
    """

    contexts: Tensor
    centres: Tensor
    weights: Tensor
    offsets: Tensor
    task: Tensor
    label: Tensor

    def manifold_score(self, h: Tensor) -> Tensor:
        """Cosine similarity of ``r_t(x)`` with the centre of task t, ``(N, T)`` from hidden units ``(N, H)``."""
        along = h @ (self.contexts * self.centres).T
        length = (h.square() @ self.contexts.square().T).sqrt()
        return along / length.clamp_min(1e-12) / self.centres.norm(dim=1)

    def log_density(self, h: Tensor) -> Tensor:
        """``(N, G)``: log density and log share of every Gaussian, up to one term for each input."""
        return h[:, : self.weights.shape[1]] @ self.weights.T + self.offsets

    def gaussian_score(self, h: Tensor) -> Tensor:
        """Log likelihood of task t, whatever the class: ``(N, T)`` from hidden units ``(N, H)``."""
        return self.by_task(self.log_density(h))

    def by_task(self, log_density: Tensor) -> Tensor:
        """``(N, T)``: log densities ``(N, G)`` with the class summed out."""
        return self._grid(log_density).logsumexp(2)

    def by_label(self, log_density: Tensor) -> Tensor:
        """``(N, K)``: log densities ``(N, G)`` with the task summed out, tasks equally likely beforehand."""
        return self._grid(log_density).logsumexp(1)

    def _grid(self, log_density: Tensor) -> Tensor:
        # (N, T, K), minus infinity where a task has not that class
        T, K = len(self.contexts), int(self.label.max()) + 1
        grid = log_density.new_full((len(log_density), T * K), -torch.inf)
        grid[:, self.task * K + self.label] = log_density
        return grid.unflatten(1, (T, K))


@torch.no_grad()
def fit_task_memory(
    net: FlyNet, stream: TaskStream, contexts: Tensor | None = None, n_units: int | None = None, chunk: int = 512
) -> TaskMemory:
    """Go once through the training images of every task, and keep sums.

    Args:
        contexts: ``(T, H)`` to measure manifolds under; default: the network's own.
        n_units: hidden units d that the Gaussians see; default: H / 10, so that a task's ten means are as many numbers
            as its context. The covariance, d x d, is shared by all tasks.

    Raises:
        ParameterError: there are as many contexts as tasks, or not.
    """
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
    return TaskMemory(contexts, centres, *_gaussians(sums, counts, gram, contexts.dtype))


def _gaussians(sums: Tensor, counts: Tensor, gram: Tensor, dtype: torch.dtype) -> tuple[Tensor, ...]:
    task, label = counts.nonzero(as_tuple=True)  # a task need not have every class
    n = counts[task, label]
    means = sums[task, label] / n[:, None]
    covariance = (gram - means.T @ (n[:, None] * means)) / n.sum()
    covariance += RIDGE * covariance.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    weights = torch.linalg.solve(covariance, means.T).T
    offsets = (n / counts.sum(1)[task]).log() - (weights * means).sum(1) / 2
    return weights.to(dtype), offsets.to(dtype), task, label


@dataclass(frozen=True)
class TaskScores:
    """Every test image of every task, looked at under every candidate task. Lists have one entry a task, on the CPU.

    Attributes:
        scores: name of a method -> ``(N_t, C)`` scores; under ``"information"`` the outputs ``(N_t, C, K)``.
        predicted: ``(N_t, C)``, the class given under each candidate context.
        direct: name of a way to a class without choosing a task -> ``(N_t,)``, the class given. ``"blended"`` weighs
            the outputs under all contexts by the Gaussians' posterior of the task, ``"gaussian"`` uses no context.
        labels: ``(N_t,)``, the right class.
    """

    scores: dict[str, list[Tensor]]
    predicted: list[Tensor]
    direct: dict[str, list[Tensor]]
    labels: list[Tensor]

    def direct_accuracy(self, way: str) -> float:
        """Share of the images of all tasks that get their class in one of the ways of ``direct``."""
        return (torch.cat(self.direct[way]) == torch.cat(self.labels)).double().mean().item()


METHODS = ("entropy", "energy", "information", "manifold", "gaussian")


@torch.no_grad()
def score_tasks(net: FlyNet, stream: TaskStream, memory: TaskMemory, chunk: int = 512) -> TaskScores:
    """Score the test images of every task, by every method, under every candidate of ``memory``."""
    device = memory.contexts.device
    readout = (net.W2 * memory.contexts[:, None]).flatten(0, 1)
    names = (*METHODS, "predicted", "blended", "gaussian label")
    rows: dict[str, list[Tensor]] = {name: [] for name in names}
    labels = []
    for t in range(len(stream)):
        images, y = stream.images(t, "test", device=device)
        found: dict[str, list[Tensor]] = {name: [] for name in names}
        for x in images.split(chunk):
            h = net.features(net.inputs(x))
            # (C, K, N): the inputs lie side by side in memory
            logits = (readout @ h.T).unflatten(0, (len(memory.contexts), -1))
            outputs = logits.softmax(1).permute(2, 0, 1).contiguous()  # (N, C, K)
            log_density = memory.log_density(h)
            gaussian = memory.by_task(log_density)
            found["entropy"].append(entropy_score(logits))
            found["energy"].append(energy_score(logits))
            found["information"].append(outputs)
            found["manifold"].append(memory.manifold_score(h))
            found["gaussian"].append(gaussian)
            found["predicted"].append(logits.argmax(1).T)
            found["blended"].append((gaussian.softmax(1)[:, None] @ outputs)[:, 0].argmax(1))
            found["gaussian label"].append(memory.by_label(log_density).argmax(1))
        for name in names:
            rows[name].append(torch.cat(found[name]).cpu())
        labels.append(y.cpu())
    direct = {"blended": rows["blended"], "gaussian": rows["gaussian label"]}
    return TaskScores({name: rows[name] for name in METHODS}, rows["predicted"], direct, labels)


@dataclass(frozen=True)
class InferredTasks:
    """What was inferred for M batches of n images that share their task.

    Attributes:
        task, inferred: ``(M,)``, the task of each batch, and the one inferred.
        images: ``(M, n)``, which images of that task it holds.
    """

    task: Tensor
    inferred: Tensor
    images: Tensor

    @property
    def exact(self) -> float:
        """Share of the batches whose own task is inferred, in [0, 1]."""
        return (self.task == self.inferred).double().mean().item()

    def distance(self, distances: np.ndarray) -> np.ndarray:
        """``(M,)``: how far the inferred task lies from the true one, by a table ``(T, T)`` of distances."""
        return distances[self.task.numpy(), self.inferred.numpy()]

    def label_accuracy(self, candidates: TaskScores) -> float:
        """Share of the images that get their class under the context that was inferred: domain-incremental accuracy."""
        right = [
            candidates.predicted[t][i, c[:, None]] == candidates.labels[t][i]
            for t, i, c in (
                (int(t), self.images[self.task == t], self.inferred[self.task == t]) for t in self.task.unique()
            )
        ]
        return torch.cat(right).double().mean().item()


def infer_tasks(scores: list[Tensor], n: int, seed: int = 0) -> InferredTasks:
    """Split the images of every task into random batches of ``n``, and infer one task for each batch.

    Scores ``(N, C)`` add up over a batch, because its images share their task; of outputs ``(N, C, K)`` the
    `information_score` is taken. The rest of a task's images that fills no batch is left out.

    Raises:
        ParameterError: a task has fewer than ``n`` images.
    """
    check_int("n", n, 1, min(map(len, scores)), hint=" (the images of the smallest task)")
    task, inferred, images = [], [], []
    for t, of_task in enumerate(scores):
        order = torch.randperm(len(of_task), generator=generator(seed, "batches", t))
        index = order[: len(order) // n * n].view(-1, n)
        images.append(index)
        batch = of_task[index]
        score = batch.sum(1) if batch.ndim == 3 else information_score(batch)
        inferred.append(score.argmax(1))
        task.append(torch.full((len(index),), t))
    return InferredTasks(torch.cat(task), torch.cat(inferred), torch.cat(images))
