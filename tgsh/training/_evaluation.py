"""Test accuracy of contexts and networks."""

from __future__ import annotations

import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.errors import finite_arguments
from tgsh.networks import CRWN
from tgsh.runs import parallel_map
from tgsh.training._fused import fused_logits, images_to_read, is_fused

# Contexts up to which the fused loop, which computes the features again for each, is faster than one product for all.
_FEW = 6


@torch.no_grad()
@finite_arguments
def accuracy_on(net: CRWN, stream: TaskStream, task: int, contexts: Tensor, chunk: int = 512) -> Tensor:
    """Test accuracy on one task of each of several contexts.

    Args:
        net: the network; its own contexts are not used.
        stream: the tasks.
        task: position of the task in the stream.
        contexts: ``(C, H)``.
        chunk: number of images whose features are computed at once.

    Returns:
        ``(C,)``, in [0, 1], on the CPU.

    Raises:
        ParameterError: a number of a context is NaN or infinite.
    """
    contexts = contexts.to(net.W2)
    if is_fused(net) and len(contexts) <= _FEW:
        images, labels, sources = images_to_read(stream, task, "test")
        right = [fused_logits(net, images, m, sources=sources).argmax(1) == labels for m in contexts]
        return torch.stack(right).double().mean(1)
    images, labels = stream.images(task, "test", device=net.W2.device)
    correct = torch.zeros(len(contexts), dtype=torch.long, device=labels.device)
    for part, y in zip(images.split(chunk), labels.split(chunk), strict=True):
        correct += (net.logits(net.features(net.inputs(part)), contexts).argmax(2) == y).sum(1)
    return correct.double().div(len(labels)).cpu()


def own_accuracy(net: CRWN, stream: TaskStream, task: int) -> Tensor:
    """Test accuracy ``(1,)``, in [0, 1], on one task under its own context."""
    return accuracy_on(net, stream, task, net.context_vector(task)[None])


def evaluate(net: CRWN, stream: TaskStream) -> Tensor:
    """Test accuracy ``(T,)``, in [0, 1], on every task under its own context."""
    return torch.cat(list(parallel_map(lambda t: own_accuracy(net, stream, t), range(len(stream)), net.W2.device)))


def cross_accuracy(net: CRWN, stream: TaskStream) -> Tensor:
    """Test accuracy ``(T, T)``, in [0, 1]: entry (i, j) is that on task j under the context of task i."""
    contexts = net.context_vectors()
    columns = parallel_map(lambda j: accuracy_on(net, stream, j, contexts), range(len(stream)), net.W2.device)
    return torch.stack(list(columns), dim=1)
