"""Training contexts by autograd, for every network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from tgsh.benchmarks import TaskStream
from tgsh.networks import CRWN
from tgsh.training._closed_form import rmsprop_step
from tgsh.training._recipe import Recipe, batch_rows, check_converged


def fit_autograd(net: CRWN, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int) -> None:
    """Train the contexts of ``tasks``, one after the other, in place.

    The features do not change between epochs, so they are computed once and kept: one number for each image and unit.

    Args:
        net: any CRWN.
        stream: the tasks.
        tasks: positions in the stream.
        recipe: settings of the training.
        data_seed: determines the order of the training images, as in `batch_order`.

    Raises:
        ParameterError: training diverged.
    """
    for t in tasks:
        images, labels = stream.images(t, "train", device=net.W2.device)
        with torch.no_grad():
            features = torch.cat([net.features(net.inputs(part)) for part in images.split(recipe.batch_size)])
        learned = [parameter for parameter in (net.g[t], net.c[t]) if parameter.requires_grad]
        squares = [torch.zeros_like(parameter) for parameter in learned]
        for batch in batch_rows(recipe, data_seed, stream.order_key(t), len(labels)):
            rows = batch.to(labels.device)
            logits = net.modulate(features.index_select(0, rows), net.context_vector(t)) @ net.W2.T
            loss = F.cross_entropy(logits, labels[rows])
            gradients = torch.autograd.grad(loss, learned, allow_unused=True)
            with torch.no_grad():
                for parameter, gradient, square in zip(learned, gradients, squares, strict=True):
                    if gradient is not None:  # a network need not use both
                        rmsprop_step(parameter, gradient, square, recipe.lr)
        check_converged(recipe.lr, net.g[t], net.c[t])
