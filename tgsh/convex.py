"""The context that minimises the loss, without any choice of optimiser (our question; DESIGN, question 3).

FlyNet's logits are linear in the context, ``W2 (m * h) = (W2 * h) m`` with ``h = s(W1 x)``, and cross entropy is convex
in the logits. So the loss of a task is convex in its context: there is one lowest value, and all contexts that reach
it form a convex set; with ``ridge`` above 0 it is a single point. In terms of ``g_t`` and ``c_t`` it is not convex, but
every context is reached by some ``g_t c_t``, and a minimum over the two is a minimum over their product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import minimize
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_int
from tgsh.models import FlyNet
from tgsh.training import Recipe, batches

_NOTHING = 1e-30  # an error (a probability) below this is none


@dataclass(frozen=True)
class Solution:
    """A context, and how good it is on the images it was solved for.

    Attributes:
        context: ``(H,)``, float32.
        loss: mean cross entropy, the ridge term not counted.
        gradient: norm of the gradient of the whole objective, over its norm at a context of zeros. 0 at the optimum.
        accuracy: share of the images that are classified rightly, in [0, 1].
        evaluations: how often loss and gradient were computed.
    """

    context: Tensor
    loss: float
    gradient: float
    accuracy: float
    evaluations: int


@torch.no_grad()
def features(net: FlyNet, stream: TaskStream, task: int, *, test: bool = False) -> tuple[Tensor, Tensor]:
    """``s(W1 x)`` of all images of one task, ``(N, H)``, and their labels ``(N,)``: 4 N H bytes."""
    images, labels = stream.test(task) if test else stream.train(task)
    return net.encode(normalise(images.to(net.W2.device), net.W2.dtype)), labels.to(net.W2.device)


@torch.no_grad()
def loss_and_gradient(h: Tensor, labels: Tensor, W2: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross entropy of ``W2 (m * h)`` and its gradient ``(H,)`` in the context m ``(H,)``."""
    # In double precision from here to the errors: L-BFGS compares losses that single precision cannot tell apart.
    logits = ((W2 * context) @ h.T).double()  # (10, N)
    loss = F.cross_entropy(logits.T, labels)
    error = logits.softmax(0).sub_(F.one_hot(labels, len(W2)).T).div_(len(h))
    # Where images are separable errors vanish, and products of denormal numbers take several times as long.
    error = error.masked_fill_(error.abs() < _NOTHING, 0).to(h)
    # h.T is how `FlyNet.encode` lays features out; (h.T @ error.T) reads them twice as fast as (error @ h) does.
    return loss, ((h.T @ error.T) * W2.T).sum(1)


@torch.no_grad()
def templates(h: Tensor, labels: Tensor, n_classes: int = 10) -> Tensor:
    """Class means of inputs or features ``(N, H)``, less the mean of the class means: ``(n_classes, H)``.

    They are all that the loss knows at a context of zeros, where every class is as likely as any other. If the classes
    are equally frequent, its gradient there is ``-(1 / K) sum_k W2[k] * templates[k]``.

    Raises:
        ParameterError: some class has no image.
    """
    counts = labels.bincount(minlength=n_classes)
    if counts.min() == 0:
        raise ParameterError(f"every one of {n_classes} classes needs an image; use more images")
    sums = F.one_hot(labels, n_classes).T.to(h) @ h
    means = sums / counts[:, None]
    return means - means.mean(0)


def solve_context(
    h: Tensor,
    labels: Tensor,
    W2: Tensor,
    ridge: float = 0.0,
    start: Tensor | None = None,
    max_iterations: int = 200,
) -> Solution:
    """Minimise cross entropy + ``ridge / 2 * |m|^2`` over the context m by L-BFGS (SciPy's).

    Args:
        h: ``(N, H)`` features, from `features`; labels: ``(N,)``.
        ridge: 0 or more. At 0 the minimum may lie at infinity (where the images are separable): L-BFGS then stops at
            ``max_iterations``, and ``Solution.gradient`` says how far it came.
        start: where to begin, ``(H,)``; default: zeros.

    Raises:
        ParameterError: a negative ``ridge``, or fewer than one iteration.
    """
    if not ridge >= 0:
        raise ParameterError(f"ridge must be 0 or more; got {ridge!r}")
    check_int("max_iterations", max_iterations, 1)

    def objective(m: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = loss_and_gradient(h, labels, W2, torch.from_numpy(m).to(W2))
        penalty = ridge / 2 * float(m @ m)
        return float(loss) + penalty, gradient.double().cpu().numpy() + ridge * m

    zeros = np.zeros(W2.shape[1])
    first = zeros if start is None else start.detach().double().cpu().numpy()
    options = {"maxiter": max_iterations, "maxfun": 2 * max_iterations, "maxcor": 20, "ftol": 1e-10, "gtol": 1e-9}
    found = minimize(objective, first, jac=True, method="L-BFGS-B", options=options)
    context = torch.from_numpy(found.x).to(W2)
    scale = np.linalg.norm(objective(zeros)[1])
    loss, _ = loss_and_gradient(h, labels, W2, context)
    right = ((W2 * context) @ h.T).argmax(0) == labels
    residual = float(np.linalg.norm(objective(found.x)[1]) / scale)
    return Solution(context, float(loss), residual, float(right.double().mean()), int(found.nfev))


@torch.no_grad()
def fit_local(net: FlyNet, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int) -> None:
    """Train ``c_t`` alone, ``g_t`` held where it is: the control for what g contributes.

    Arguments as `tgsh.training.fit_contexts`; pass it to `tgsh.training.train_stream` as ``fit``.
    """
    for t in tasks:
        c = net.c[t]
        optimiser = torch.optim.RMSprop([c], lr=recipe.lr)
        for x, y in batches(net, stream, [t], recipe, data_seed):
            h, m = net.encode(x[0]), net.context_vector(t)
            c.grad = net.g[t] * loss_and_gradient(h, y[0].argmax(1), net.W2, m)[1]
            optimiser.step()
