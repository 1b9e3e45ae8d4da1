"""Training contexts by gradients in closed form, for networks whose logits are linear in the context.

`fit_reference` trains as the published loop does, and tests compare the contexts of the two. This module is faster for
five reasons:

1. A rotation moves pixels and does not mix them, so one gather transforms all images of a task (`tgsh.benchmarks`).
2. W1 has seven ones a row, so ``W1 x`` is an embedding bag, not a matrix product (`FlyNet.features`). Computing the
   features of a batch again in every epoch, while they fit in the processor's cache, is then cheaper than reading them
   from memory; so memory does not grow with the number of images times H.
3. ``W2 (m * h) = (W2 * m) h``: modulating the 10 rows of W2 takes 10 H products a batch, modulating h takes 128 H.
4. Only m_t is learned. With the errors of the logits, D = softmax - onehot, the gradients are
   ``dL/dm = sum_k W2[k] * (D^T h)[k]``, ``dL/dg = c . dL/dm``, ``dL/dc = g dL/dm``: two thin matrix products a batch,
   and no graph.
5. The contexts of different tasks are independent, so several tasks are trained at the same time. On a CPU each core
   takes one (`parallel_map`). On a GPU the batch axis holds the batches of as many tasks as fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream, join_images
from tgsh.datasets import normalise
from tgsh.errors import ParameterError
from tgsh.networks import CRWN
from tgsh.training._recipe import Recipe, batch_order, check_converged

_ALPHA, _EPS = 0.99, 1e-8  # PyTorch's defaults for RMSprop
STAGED = 16  # batches whose inputs are prepared together: few calls, little memory


def has_closed_form(net: CRWN) -> bool:
    """Whether a network modulates as `fit_closed_form` requires."""
    return net.is_linear and type(net).context_vector is CRWN.context_vector and net.g[0].ndim == 0


@torch.no_grad()
def fit_closed_form(net: CRWN, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int) -> None:
    """Train the contexts of ``tasks`` together, in place, on the device of ``net``.

    Args:
        net: a network that modulates as Eq. 2 does: ``m_t = g_t c_t`` with a scalar g_t, and ``r = m_t * features``.
        stream: the tasks.
        tasks: positions in the stream, of tasks with equal numbers of images.
        recipe: settings of the training.
        data_seed: determines the order of the training images, as in `batch_order`.

    Raises:
        ParameterError: ``net`` modulates in another way, or training diverged.
    """
    if not has_closed_form(net):
        raise ParameterError(f"{type(net).__name__} does not modulate as Eq. 2 does; train it by fit_autograd")
    g = torch.stack([net.g[t].detach() for t in tasks])[:, None]  # (T, 1)
    c = torch.stack([net.c[t].detach() for t in tasks])  # (T, H)
    square_g, square_c = torch.zeros_like(g), torch.zeros_like(c)
    W2 = net.W2

    for x, y in batches(net, stream, tasks, recipe, data_seed):
        T, B, _ = x.shape
        h = net.features(x.flatten(0, 1)).T.unflatten(1, (T, B)).transpose(0, 1)  # (T, H, B)
        logits = (W2 * (g * c)[:, None]) @ h  # (T, 10, B)
        D = logits.softmax(1).sub_(y.transpose(1, 2)).div_(B)
        grad_m = (W2 * (D @ h.transpose(1, 2))).sum(1)  # (T, H)
        grad_g, grad_c = (grad_m * c).sum(1, keepdim=True), grad_m * g
        rmsprop_step(g, grad_g, square_g, recipe.lr)
        rmsprop_step(c, grad_c, square_c, recipe.lr)

    check_converged(recipe.lr, g, c)
    for i, t in enumerate(tasks):
        net.g[t].copy_(g[i, 0])
        net.c[t].copy_(c[i])


def rmsprop_step(parameter: Tensor, grad: Tensor, square: Tensor, lr: float) -> None:
    """A step of `torch.optim.RMSprop`, in place and to the last bit, with fewer calls; ``square`` is its state."""
    square.mul_(_ALPHA).addcmul_(grad, grad, value=1 - _ALPHA)
    parameter.addcdiv_(grad, square.sqrt().add_(_EPS), value=-lr)


def batches(
    net: CRWN, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of all epochs, of several tasks together.

    Each task has the same batches, in the same order, as in `fit_reference`. Arguments as in `fit_closed_form`.

    Yields:
        inputs ``(T, B, 784)`` and one-hot labels ``(T, B, 10)``.
    """
    device, dtype = net.W2.device, net.W2.dtype
    shown = [stream.images(t, "train", device=device) for t in tasks]
    n = len(shown[0][1])
    pixels, labels = join_images([x.flatten(1) for x, _ in shown]), torch.cat([y for _, y in shown])  # (T * N, ...)
    del shown
    first = torch.arange(len(tasks), device=device)[:, None] * n  # row of each task's first image
    one_hot = torch.eye(net.n_classes, device=device, dtype=dtype)
    for epoch in range(recipe.epochs):
        order = torch.stack([batch_order(data_seed, stream.order_key(t), epoch, n) for t in tasks]).to(device)
        for staged in order.split(recipe.batch_size * STAGED, dim=1):
            rows = (first + staged).flatten()
            x = normalise(pixels.index_select(0, rows), dtype).unflatten(0, staged.shape)
            y = one_hot[labels[rows]].unflatten(0, staged.shape)
            yield from zip(x.split(recipe.batch_size, 1), y.split(recipe.batch_size, 1), strict=True)
