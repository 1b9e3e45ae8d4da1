"""Similarity within and between task manifolds (paper, Definition 1 and Fig. 2a)."""

from __future__ import annotations

import torch
from scipy.stats import mannwhitneyu
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_int
from tgsh.models import FlyNet
from tgsh.seeding import generator


@torch.no_grad()
def sample_representations(
    net: FlyNet, stream: TaskStream, per_class: int, seed: int = 0, contexts: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Representations ``r_t(x) = m_t * s(W1 x)`` of test images drawn afresh for every task, equally many per class.

    Args:
        per_class: images of each class in each task.
        contexts: ``(T, H)`` to use instead of the network's own.

    Returns:
        representations ``(n, H)``, task ``(n,)`` and label ``(n,)``, n = T * 10 * per_class.

    Raises:
        ParameterError: some class has fewer than ``per_class`` test images.
    """
    check_int("per_class", per_class, 1)
    contexts = net.context_vectors() if contexts is None else contexts
    device, dtype = net.W2.device, net.W2.dtype
    parts, labels = [], []
    for t in range(len(stream)):
        images, y = stream.test(t)
        shuffled = torch.randperm(len(y), generator=generator(seed, "sample", t))
        chosen = [shuffled[y[shuffled] == k][:per_class] for k in range(stream.dataset.n_classes)]
        if min(len(of_class) for of_class in chosen) < per_class:
            raise ParameterError(f"per_class is {per_class}, but some class has fewer test images; choose less")
        index = torch.cat(chosen)
        h = net.encode(normalise(images[index].to(device), dtype))
        parts.append(contexts[t].to(device, dtype) * h)
        labels.append(y[index])
    task = torch.arange(len(stream)).repeat_interleave(len(labels[0]))
    return torch.cat(parts), task, torch.cat(labels)


def pair_masks(task: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Which pairs of points are compared: two masks ``(n, n)``, each pair once (above the diagonal).

    Intra-task pairs: same task, different label. Inter-task pairs: same label, different task (paper, Section 3.1).
    """
    same_task, same_label = task[:, None] == task[None, :], label[:, None] == label[None, :]
    once = torch.ones_like(same_task).triu(diagonal=1)
    return same_task & ~same_label & once, same_label & ~same_task & once


def intra_inter_similarity(representations: Tensor, task: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine similarity of every intra-task pair and of every inter-task pair, each 1-D, in [-1, 1]."""
    unit = torch.nn.functional.normalize(representations, dim=1)
    cosine = (unit @ unit.T).cpu()
    intra, inter = pair_masks(task, label)
    return cosine[intra], cosine[inter]


def separability(intra: Tensor, inter: Tensor) -> float:
    """Probability that a random intra-task pair is more similar than a random inter-task pair (AUC), in [0, 1]."""
    statistic = mannwhitneyu(intra.numpy(), inter.numpy()).statistic
    return float(statistic / (len(intra) * len(inter)))
