"""The context that minimises the loss, whatever the optimiser (not in the paper).

The logits of Eq. 2 are linear in the context, ``W2 (m * h) = (W2 * h) m`` with ``h = s(W1 x)``, and cross entropy is
convex in the logits. So the loss of a task is convex in its context: it has one minimum, and the contexts that reach it
form a convex set; with ``ridge`` above 0 this set is a single point. The loss is not convex in ``g_t`` and ``c_t``, but
every context is some ``g_t c_t``, so a minimum over the two is a minimum over their product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.errors import ParameterError, check_int, check_labels, check_positive, finite_arguments
from tgsh.networks import CRWN
from tgsh.runs import ByValue, RunCache, describe, parallel_map
from tgsh.seeding import generator
from tgsh.training._closed_form import batches
from tgsh.training._fused import RecomputedFeatures, images_to_read, is_fused
from tgsh.training._recipe import Recipe

Features = Tensor | RecomputedFeatures
_NOTHING = 1e-30  # an error (a difference of probabilities) below this counts as 0


@dataclass(frozen=True, eq=False)
class Solution(ByValue):
    """A context that minimises the loss, with its quality on the images that it was computed from.

    Attributes:
        context: ``(H,)``, in the dtype of W2.
        loss: mean cross entropy, without the ridge term.
        gradient: norm of the gradient of the objective, divided by its norm at ``around``; 0 at the optimum.
        accuracy: share of the images that are classified correctly, in [0, 1].
        evaluations: number of evaluations of loss and gradient.
    """

    context: Tensor
    loss: float
    gradient: float
    accuracy: float
    evaluations: int


@torch.no_grad()
def task_features(
    net: CRWN, stream: TaskStream, task: int, *, test: bool = False, kept: bool = True
) -> tuple[Features, Tensor]:
    """Features ``s(W1 x)`` of all images of one task.

    Args:
        net: computes the features.
        stream: the tasks.
        task: position of the task in the stream.
        test: whether to take the test images instead of the training images.
        kept: whether the features are kept, in 4 N H bytes. Otherwise, where `is_fused` accepts ``net``, they are
            computed anew whenever `loss_and_gradient` or `solve_context` needs them: that is faster, and takes 1568 N
            bytes, or 6272 N where a task does more than move pixels.

    Returns:
        features ``(N, H)``, a tensor or `RecomputedFeatures`, and labels ``(N,)``, on the device of ``net``.
    """
    part = "test" if test else "train"
    if not kept and is_fused(net):
        images, labels, sources = images_to_read(stream, task, part)
        return RecomputedFeatures(net, images, sources), labels
    images, labels = stream.images(task, part)
    return net.features(net.inputs(images)), labels.to(net.W2.device)


@torch.no_grad()
def loss_and_gradient(h: Features, labels: Tensor, W2: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross entropy of the logits ``W2 (m * h)``, and its gradient with respect to the context m.

    Args:
        h: ``(N, H)`` features, kept or recomputed.
        labels: ``(N,)``.
        W2: ``(10, H)``.
        context: m, ``(H,)``.

    Returns:
        loss ``()``, in double precision, and gradient ``(H,)``, in that of ``h``; in double precision, if recomputed.
    """
    # Logits and errors in double precision: L-BFGS compares losses that do not differ in single precision.
    logits = _logits(h, W2 * context)
    loss = F.cross_entropy(logits.T, labels)
    error = logits.softmax(0).sub_(F.one_hot(labels, len(W2)).T).div_(len(h))
    # Where images are separable the errors vanish, and products with denormal numbers take several times as long.
    error.masked_fill_(error.abs() < _NOTHING, 0)
    if isinstance(h, RecomputedFeatures):
        return loss, h.gradient(error, W2)
    error = error.to(h)
    # `FlyNet.features` returns a transposed view; (h.T @ error.T) reads it twice as fast as (error @ h) does.
    return loss, ((h.T @ error.T) * W2.T).sum(1)


def _logits(h: Features, readout: Tensor) -> Tensor:
    # (10, N), in double precision.
    return h.logits(readout) if isinstance(h, RecomputedFeatures) else (readout @ h.T).double()


@torch.no_grad()
@finite_arguments
def templates(h: Tensor, labels: Tensor, n_classes: int = 10) -> Tensor:
    """Class means of inputs or features, minus the mean of the class means.

    If the classes are equally frequent, they determine the gradient of the loss at a context of zeros:
    ``-(1 / K) sum_k W2[k] * templates[k]``.

    Args:
        h: ``(N, H)`` inputs or features.
        labels: ``(N,)``.
        n_classes: number K of classes.

    Returns:
        ``(n_classes, H)``.

    Raises:
        ParameterError: a class has no image, or a label is out of range.
    """
    labels = check_labels("labels", labels, len(h), n_classes)
    counts = labels.bincount(minlength=n_classes)
    if counts.min() == 0:
        raise ParameterError(f"every one of {n_classes} classes needs an image; use more images")
    sums = F.one_hot(labels, n_classes).T.to(h) @ h
    means = sums / counts[:, None]
    return means - means.mean(0)


@finite_arguments
def solve_context(
    h: Features,
    labels: Tensor,
    W2: Tensor,
    ridge: float = 0.0,
    start: Tensor | None = None,
    max_iterations: int = 200,
    around: Tensor | None = None,
) -> Solution:
    """Minimise mean cross entropy plus ``ridge / 2 * |m - around|^2`` over the context m by SciPy's L-BFGS.

    Args:
        h: ``(N, H)`` features, from `task_features`. They are read twice for each evaluation of the objective.
        labels: ``(N,)``.
        W2: ``(10, H)``.
        ridge: 0 or more. At 0 the minimum may be at infinity, where the images are separable. L-BFGS then stops after
            ``max_iterations``, and ``Solution.gradient`` measures the distance from the minimum.
        start: initial context ``(H,)``; default: ``around``.
        max_iterations: upper limit of the iterations.
        around: context ``(H,)`` that the ridge pulls towards; default: zeros.

    Raises:
        ParameterError: ``ridge`` is negative, or ``max_iterations`` is below 1.
    """
    if not ridge >= 0:
        raise ParameterError(f"ridge must be 0 or more; got {ridge!r}")
    from scipy.optimize import minimize  # here, since a program that only trains would hold 30 MB of it

    max_iterations, ridge = check_int("max_iterations", max_iterations, 1), float(ridge)
    labels = check_labels("labels", labels, len(h), len(W2))

    def objective(m: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = loss_and_gradient(h, labels, W2, torch.from_numpy(m).to(W2))
        away = m - centre
        slope = gradient.double().cpu().numpy() + ridge * away
        norms.append(float(np.linalg.norm(slope)))
        return float(loss) + ridge / 2 * float(away @ away), slope

    norms: list[float] = []  # of the gradients, in the order of the evaluations

    centre = np.zeros(W2.shape[1]) if around is None else around.detach().double().cpu().numpy()
    first = centre if start is None else start.detach().double().cpu().numpy()
    options = {"maxiter": max_iterations, "maxfun": 2 * max_iterations, "maxcor": 20, "ftol": 1e-10, "gtol": 1e-9}
    found = minimize(objective, first, jac=True, method="L-BFGS-B", options=options)
    context = torch.from_numpy(found.x).to(W2)
    logits = _logits(h, W2 * context)
    loss, right = float(F.cross_entropy(logits.T, labels)), float((logits.argmax(0) == labels).double().mean())
    scale = norms[0] if start is None else float(np.linalg.norm(objective(centre)[1]))
    residual = float(np.linalg.norm(found.jac)) / scale if scale else 0.0  # without a slope the centre is the minimum
    return Solution(context, loss, residual, right, int(found.nfev))


@torch.no_grad()
def fit_local(net: CRWN, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int) -> None:
    """Train ``c_t`` alone and keep ``g_t``: the control for the contribution of g.

    Arguments as in `fit_closed_form`. Pass it to `train_stream` as ``fit``.
    """
    for t in tasks:
        c = net.c[t]
        optimiser = torch.optim.RMSprop([c], lr=recipe.lr)
        for x, y in batches(net, stream, [t], recipe, data_seed):
            h, m = net.features(x[0]), net.context_vector(t)
            c.grad = net.g[t] * loss_and_gradient(h, y[0].argmax(1), net.W2, m)[1]
            optimiser.step()


def ridge_contexts(
    net: CRWN,
    stream: TaskStream,
    tasks: Sequence[int],
    ridge: float,
    n_images: int,
    max_iterations: int = 20,
    cache: RunCache | None = None,
) -> Tensor:
    """Contexts that minimise mean cross entropy plus ``ridge / 2 |m|^2``, by `solve_context`; kept in the run cache.

    The objective is strictly convex in m, so each task has one such context.

    Args:
        net: a network whose context multiplies the features; its own contexts are not used.
        stream: the tasks.
        tasks: positions in the stream.
        ridge: strength of the penalty, above 0.
        n_images: number of training images of each task, drawn at random.
        max_iterations: upper limit of the iterations. With a ridge of 0.001, twenty reduce the gradient below a
            hundredth of that at zero; a weaker ridge needs more.
        cache: default: the run cache of the user.

    Returns:
        ``(len(tasks), H)``.

    Raises:
        ParameterError: ``ridge`` is not above 0, ``n_images`` is not from 1 to the number of training images,
            ``max_iterations`` is below 1, or the context of ``net`` does more than multiply the features.
    """
    if not net.is_linear:
        raise ParameterError(f"the loss of {type(net).__name__} is not convex in its context, so it has no one optimum")
    ridge, max_iterations = check_positive("ridge", ridge), check_int("max_iterations", max_iterations, 1)
    n_images = check_int("n_images", n_images, 1, min(stream.count(t, "train") for t in tasks))
    cache = cache if cache is not None else RunCache()

    data = stream.dataset.fingerprint()

    def solve(t: int) -> Tensor:
        settings = {"ridge": ridge, "n_images": n_images, "max_iterations": max_iterations}
        task = [t, stream.task_identity(t, data)]
        spec = describe([net, ridge_contexts], {}, net.W2.device, task=task, seed=net.seed, **settings)

        def compute() -> dict[str, Tensor]:
            order = torch.randperm(stream.count(t, "train"), generator=generator(net.seed, "ridge", t))
            images, labels = stream.images(t, "train", order[:n_images], net.W2.device)
            h = RecomputedFeatures(net, images) if is_fused(net) else net.features(net.inputs(images))
            return {"m": solve_context(h, labels, net.W2, ridge, max_iterations=max_iterations).context}

        return cache.get_or_compute(spec, compute)["m"]

    return torch.stack(list(parallel_map(solve, tasks, net.W2.device)))
