"""Samples of representations, and the similarity of their pairs within and between tasks (paper, Fig. 2(a))."""

from __future__ import annotations

import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.errors import ParameterError, check_finite, check_int, finite_arguments
from tgsh.measures._similarity import cosine_matrix
from tgsh.networks import CRWN
from tgsh.seeding import generator


def balanced_sample(labels: Tensor, per_class: int, source: torch.Generator, n_classes: int = 10) -> Tensor:
    """Row numbers ``(n_classes * per_class,)`` of random images with ``labels`` ``(N,)``: ``per_class`` of each class.

    Raises:
        ParameterError: some class has fewer than ``per_class`` images.
    """
    per_class = check_int("per_class", per_class, 1)
    shuffled = torch.randperm(len(labels), generator=source)
    chosen = [shuffled[labels[shuffled] == k][:per_class] for k in range(n_classes)]
    if min(len(of_class) for of_class in chosen) < per_class:
        raise ParameterError(f"per_class is {per_class}, but some class has fewer images; choose less")
    return torch.cat(chosen)


def sample_representations(
    net: CRWN, stream: TaskStream, per_class: int, seed: int = 0, contexts: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Representations ``r_t(x)`` of random test images, drawn anew for each task, equally many of each class.

    Args:
        net: computes them.
        stream: the tasks.
        per_class: images of each class in each task.
        seed: determines which images.
        contexts: ``(T, H)`` to use instead of the network's own.

    Returns:
        representations ``(n, H)``, task ``(n,)`` and label ``(n,)``, n = T * 10 * per_class.

    Raises:
        ParameterError: some class has fewer than ``per_class`` test images.
    """
    per_class = check_int("per_class", per_class, 1)
    everyone = [stream.labels(t, "test") for t in range(len(stream))]
    K = stream.dataset.n_classes
    index = [balanced_sample(y, per_class, generator(seed, "sample", t), K) for t, y in enumerate(everyone)]
    task = torch.arange(len(stream)).repeat_interleave(K * per_class)
    label = torch.cat([y[rows] for y, rows in zip(everyone, index, strict=True)])
    return _represent(net, stream, index, contexts), task, label


def sample_by_position(
    net: CRWN, stream: TaskStream, per_position: int, seed: int = 0, contexts: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """As `sample_representations`, but grouped as in the published notebook: by position in the mini-batch.

    For each task, ``per_position`` shuffled mini-batches of ten test images. The "label" of an image is its position in
    its batch, whatever it shows.

    Raises:
        ParameterError: there are fewer than ``10 * per_position`` test images.
    """
    groups, n_test = stream.dataset.n_classes, min(stream.count(t, "test") for t in range(len(stream)))
    n = groups * check_int("per_position", per_position, 1, n_test // groups)
    index = [
        torch.randperm(stream.count(t, "test"), generator=generator(seed, "sample by position", t))[:n]
        for t in range(len(stream))
    ]
    position = torch.arange(groups).repeat(per_position)
    task = torch.arange(len(stream)).repeat_interleave(n)
    return _represent(net, stream, index, contexts), task, position.repeat(len(stream))


@torch.no_grad()
def _represent(net: CRWN, stream: TaskStream, index: list[Tensor], contexts: Tensor | None) -> Tensor:
    # Representations of the test images ``index[t]`` of every task t under its context.
    contexts = (net.context_vectors() if contexts is None else contexts).to(net.W2)
    if len(contexts) != len(stream):
        raise ParameterError(f"there are {len(contexts)} contexts but {len(stream)} tasks")
    check_finite("contexts", contexts)
    shown = [stream.images(t, "test", rows)[0] for t, rows in enumerate(index)]
    return torch.cat([net.represent(net.inputs(x), m) for x, m in zip(shown, contexts, strict=True)])


def pair_masks(task: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Masks ``(n, n)`` of the intra-task and of the inter-task pairs, each pair once (above the diagonal).

    Intra-task: same task, different label. Inter-task: same label, different task (paper, Section 3.1).
    """
    same_task, same_label = task[:, None] == task[None, :], label[:, None] == label[None, :]
    once = torch.ones_like(same_task).triu(diagonal=1)
    return same_task & ~same_label & once, same_label & ~same_task & once


def intra_inter_similarity(representations: Tensor, task: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine similarity of all intra-task pairs and of all inter-task pairs, each 1-D, in [-1, 1] (Fig. 2(a))."""
    cosine, (intra, inter) = cosine_matrix(representations), pair_masks(task, label)
    return cosine[intra], cosine[inter]


@finite_arguments
def pairs_of_two_tasks(cosine: Tensor, task: Tensor, label: Tensor, a: int, b: int) -> tuple[Tensor, Tensor]:
    """Similarity of the intra-task pairs of tasks ``a`` and ``b``, and of the inter-task pairs between the two.

    Intra: one task and two labels. Inter: one label and two tasks, as in `intra_inter_similarity`. With ``a == b``,
    inter pairs are two points of one label in that task: a reference in which the task makes no difference.

    Args:
        cosine: ``(n, n)``, from `cosine_matrix`.
        task, label: ``(n,)``.

    Raises:
        ParameterError: there are no points of one of the tasks.
    """
    at_a, at_b = ((task == t).nonzero()[:, 0] for t in (a, b))
    if not len(at_a) or not len(at_b):
        raise ParameterError(f"there must be points of both tasks; got {len(at_a)} of {a} and {len(at_b)} of {b}")
    within = [at_a] if a == b else [at_a, at_b]
    intra = [cosine[at][:, at][label[at][:, None] < label[at]] for at in within]  # <: every pair once
    once = at_a[:, None] < at_b if a == b else torch.ones(len(at_a), len(at_b), dtype=torch.bool)
    inter = cosine[at_a][:, at_b][(label[at_a][:, None] == label[at_b]) & once]
    return torch.cat(intra), inter
