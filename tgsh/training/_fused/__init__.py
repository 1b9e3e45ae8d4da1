"""Training contexts of FlyNet on a CPU by one fused loop, whose numbers stay in the caches of one core.

`fit_closed_form` calls one PyTorch operator after the other. Each writes its result, 4 MB of features among them, and
the next reads it; another program that fills the shared cache slows both. Here one compiled loop does all of a batch.
It adds the seven pixels of a unit, subtracts the mean, applies the ReLU, multiplies the result into the ten logits,
and does not keep it. The gradient needs it once more and *computes it again*: seven additions take less time than
reading a number from memory. What remains is small: a batch of pixels (200 kB), W2, and the context.

Pixels are whole numbers from 0 to 255, and the mean over the units is subtracted from each unit. So sums stay whole
numbers of 16 bits, and normalising, ``(x - 0.1307) / 0.3081``, comes down to one factor, which the readout takes in.

A task that only moves pixels needs no images of its own: W1 applied to a rotated image is W1 with its pixels rotated
back, applied to the image. The sums are the same whole numbers, so the result is the same to the last bit, and a core
that trains such a task holds a batch of images instead of all (47 MB of MNIST).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import Part
from tgsh.networks import CRWN, FlyNet
from tgsh.training._fused._features import RecomputedFeatures
from tgsh.training._fused._loop import FusedLoop, check_fused, is_fused
from tgsh.training._recipe import Recipe, batch_order, check_converged

__all__ = ["FusedLoop", "RecomputedFeatures", "fit_fused", "fused_logits", "images_to_read", "is_fused"]


@torch.no_grad()
def fit_fused(net: CRWN, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int) -> None:
    """Train the contexts of ``tasks``, one after the other, in place, in the calling thread.

    The contexts are those of `fit_closed_form` but for rounding. They do not depend on the number of threads or on the
    width of the processor's vectors; they may differ in the last digit where the C library computes ``exp`` otherwise.

    Args:
        net: a network that `is_fused` accepts.
        stream: the tasks.
        tasks: positions in the stream.
        recipe: settings of the training.
        data_seed: determines the order of the training images, as in `batch_order`.

    Raises:
        ParameterError: the network is another one, or training diverged.
    """
    check_fused(net)
    for t in tasks:
        _fit_task(net, stream, t, recipe, data_seed)


def _fit_task(net: FlyNet, stream: TaskStream, t: int, recipe: Recipe, data_seed: int) -> None:
    shown, labels, sources = images_to_read(stream, t, "train")
    loop = FusedLoop(net, shown, recipe.batch_size, sources)
    g, c = net.g[t].detach().numpy().copy().reshape(1), net.c[t].detach().numpy().copy()
    squares = np.zeros(len(c) + 1, c.dtype)
    for epoch in range(recipe.epochs):
        order = batch_order(data_seed, stream.order_key(t), epoch, len(labels)).numpy()
        loop.train_epoch(labels.numpy(), order, recipe.batch_size, g, c, squares, recipe.lr)
    check_converged(recipe.lr, g, c)
    net.g[t].copy_(torch.from_numpy(g).reshape(()))
    net.c[t].copy_(torch.from_numpy(c))


def images_to_read(stream: TaskStream, t: int, part: Part) -> tuple[Tensor, Tensor, Tensor | None]:
    """Images and labels of task ``t`` for a `FusedLoop`, and ``sources``: how the loop is to move their pixels.

    The images are those of the dataset, not copied, where the task only moves their pixels; else they are transformed.
    """
    sources = stream.pixel_sources(t)
    images, labels = stream.dataset.part(part)
    if sources is None or images.dtype != torch.uint8:  # sums of floating numbers would be rounded in another order
        return *stream.images(t, part), None
    return images, labels, sources


def fused_logits(
    net: FlyNet, images: Tensor, context: Tensor, batch_size: int = 128, sources: Tensor | None = None
) -> Tensor:
    """Logits ``(N, 10)`` of images ``(N, 28, 28)`` under one context ``(H,)``, by the fused loop.

    They are those of `CRWN.logits` but for rounding. ``sources`` is as in `FusedLoop`.

    Raises:
        ParameterError: `is_fused` does not accept the network.
    """
    check_fused(net)
    loop = FusedLoop(net, images, batch_size, sources)
    readout = (net.W2 * context.to(net.W2) * loop.unit).T.contiguous().numpy().ravel()
    rows = [np.arange(i, min(i + batch_size, len(images))) for i in range(0, len(images), batch_size)]
    return torch.from_numpy(np.concatenate([loop.logits(part, readout) for part in rows]))
