"""Images from context vectors: the paper's Eq. 3, what an inverse would be, and how good the images are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tgsh.benchmarks import SIDE, TaskStream
from tgsh.datasets import MEAN, STD, normalise
from tgsh.errors import ParameterError, check_choice, check_int, check_positive
from tgsh.models import FlyNet
from tgsh.seeding import generator

READOUTS = ("published", "divide", "least-norm")


def pseudo_inverse(net: FlyNet) -> Tensor:
    """pinv(W1), ``(784, H)``: how Eq. 3 goes from hidden units back to pixels, the ReLU left out.

    W1 is tall, so the 784 x 784 matrix W1' W1 is all that has to be (pseudo-)inverted, once a network.
    """
    W1 = net.W1.double()
    return (torch.linalg.pinv(W1.T @ W1, hermitian=True) @ W1.T).to(net.W2.dtype)


def canonical_units(net: FlyNet, contexts: Tensor, readout: str = "published", ridge: float = 1.0) -> Tensor:
    """Hidden activities ``h`` that stand for class k in task t, ``(T, 10, H)`` from contexts ``(T, H)``.

    Args:
        readout: ``"published"``: ``W2[k] * m_t``, the mean of Eq. 3. ``"divide"``: what undoes ``r = m_t * h`` at
            ``r = W2[k]``, namely ``W2[k] / m_t``, as ``m_t W2[k] / (m_t^2 + ridge mean(m_t^2))`` because many m_t are
            nearly zero; a large ridge gives Eq. 3 again, up to scale. ``"least-norm"``: the shortest h whose logits
            ``(W2 * m_t) h`` are 1 for class k and 0 for the others.
        ridge: of ``"divide"`` only, above 0; in units of the mean square of m_t.

    Raises:
        ParameterError: an unknown readout, or a ridge of 0 or less.
    """
    check_choice("readout", readout, READOUTS)
    check_positive("ridge", ridge)
    m = contexts.detach()[:, None].to(net.W2)
    A = net.W2 * m  # (T, 10, H): from hidden units to logits
    if readout == "published":
        return A
    if readout == "divide":
        return A / (m.square() + ridge * m.square().mean(2, keepdim=True))
    return torch.linalg.pinv(A.double()).transpose(1, 2).to(A)


@torch.no_grad()
def reconstruct(
    net: FlyNet,
    contexts: Tensor,
    samples: int = 0,
    *,
    readout: str = "published",
    ridge: float = 1.0,
    seed: int = 0,
    inverse: Tensor | None = None,
) -> Tensor:
    """Eq. 3: ``z ~ N(W2[k] * m_t, 1/H)``, ``x = pinv(W1) z``, for every class of every task.

    Args:
        contexts: ``(T, H)``.
        samples: images drawn of each class; 0: the image of the mean, without noise.
        readout, ridge: the mean of z, as in `canonical_units`.
        inverse: `pseudo_inverse` of the network, where it is at hand already.

    Returns:
        ``(T, 10, 784)`` for 0 samples, else ``(T, 10, samples, 784)``.
    """
    check_int("samples", samples, 0)
    inverse = pseudo_inverse(net) if inverse is None else inverse
    images = canonical_units(net, contexts, readout, ridge) @ inverse.T
    if samples == 0:
        return images
    drawn = []
    for t, of_task in enumerate(images):  # a task at a time: the noise has H numbers an image
        source = generator(seed, "reconstruction", t)
        noise = torch.randn(len(of_task), samples, net.n_hidden, generator=source).to(inverse) / net.n_hidden**0.5
        drawn.append(of_task[:, None] + noise @ inverse.T)
    return torch.stack(drawn)


def smooth(images: Tensor, sigma: float = 1.0) -> Tensor:
    """Images ``(..., 784)`` blurred by a Gaussian of ``sigma`` pixels, above 0: for the eye, and not in the paper."""
    from scipy.ndimage import gaussian_filter

    check_positive("sigma", sigma)
    square = images.detach().cpu().unflatten(-1, (SIDE, SIDE)).numpy()
    return torch.from_numpy(gaussian_filter(square, sigma, axes=(-2, -1))).flatten(-2)


def invert_active(net: FlyNet, h: Tensor) -> Tensor:
    """Inputs ``(N, 784)`` from ``h = s(W1 x)``, ``(N, H)``, ReLU and all: least squares on the active units only.

    An active unit passes its input on unchanged, so it is one linear equation in the pixels. The network subtracts the
    mean over the units, so all pixels together may be shifted by a constant; it is set so that the darkest pixel is
    black, which a corner of a digit's image is. Exact wherever the active units outnumber the pixels well enough.
    """
    W1 = net.W1.double()
    if net.centred:
        W1 = W1 - W1.mean(0)
    solved = []
    for unit in h.double():
        rows = W1[unit > 0]
        solved.append(torch.linalg.pinv(rows.T @ rows, hermitian=True) @ (rows.T @ unit[unit > 0]))
    x = torch.stack(solved)
    black = (0 - MEAN) / STD
    return (x - x.amin(1, keepdim=True) + black if net.centred else x).to(h.dtype)


@torch.no_grad()
def class_means(stream: TaskStream) -> Tensor:
    """Mean test image of every class in every task, as network inputs, ``(T, 10, 784)``."""
    means = []
    for t in range(len(stream)):
        images, labels = stream.test(t)
        one_hot = torch.nn.functional.one_hot(labels, stream.dataset.n_classes).float()
        means.append((one_hot.T @ normalise(images)) / one_hot.sum(0)[:, None])
    return torch.stack(means)


@dataclass(frozen=True)
class Agreement:
    """How far reconstructions ``(T, 10, 784)`` show what they should, without an eye.

    All correlations are over pixels, between a reconstruction and mean images; "contrast" means that the mean over the
    ten classes of the task was subtracted from both first, so that what all digits share counts for nothing.

    Attributes:
        own: ``(T, 10)`` correlation with the mean image of the class and the task that it was made for.
        other_class: mean correlation with the other nine classes in that task.
        other_task: mean correlation with that class in the other tasks.
        own_contrast: ``(T, 10)`` as ``own``, of the contrasts.
        class_read: share whose contrast is nearest to that of their own class, of the ten of their task; chance 0.1.
        with_tasks: ``(T, 10, T)`` correlation with the mean image of the same class in every task.
        task_read: share nearest to their own task, of the T means of their class; chance 1 / T.
        task_near: the same, but a direct neighbour in the order of tasks (round the circle) counts as well.
    """

    own: np.ndarray
    other_class: float
    other_task: float
    own_contrast: np.ndarray
    class_read: float
    with_tasks: np.ndarray
    task_read: float
    task_near: float


def agreement(images: Tensor, means: Tensor) -> Agreement:
    """Compare reconstructions with `class_means`, both ``(T, 10, 784)``.

    Raises:
        ParameterError: their shapes differ, or there are fewer than two tasks.
    """
    if images.shape != means.shape or len(images) < 2:
        raise ParameterError(f"two tasks or more are compared, of one shape; got {images.shape} and {means.shape}")
    T, K, _ = images.shape
    raw = _correlation(images, means)  # (T, K, T, K)
    contrast = _correlation(images - images.mean(1, keepdim=True), means - means.mean(1, keepdim=True))
    tasks, classes = np.arange(T), np.arange(K)
    by_class, by_task = contrast[tasks, :, tasks], raw[:, classes, :, classes].transpose(1, 0, 2)  # (T,K,K), (T,K,T)
    own = raw[tasks[:, None], classes, tasks[:, None], classes]
    ring = np.abs(by_task.argmax(2) - tasks[:, None])
    ring = np.minimum(ring, T - ring)
    return Agreement(
        own=own,
        other_class=float((raw[tasks, :, tasks].sum(2) - own).mean() / (K - 1)),
        other_task=float((by_task.sum(2) - own).mean() / (T - 1)),
        own_contrast=by_class[:, classes, classes],
        class_read=float((by_class.argmax(2) == classes).mean()),
        with_tasks=by_task,
        task_read=float((ring == 0).mean()),
        task_near=float((ring <= 1).mean()),
    )


def _correlation(a: Tensor, b: Tensor) -> np.ndarray:
    # Over pixels, of every image of a, (T, K, 784), with every image of b: (T, K, T, K).
    a, b = (x.detach().cpu().double() for x in (a, b))
    a, b = (torch.nn.functional.normalize(x - x.mean(2, keepdim=True), dim=2) for x in (a, b))
    return torch.einsum("tkp,ulp->tkul", a, b).numpy()


@torch.no_grad()
def read_positions(
    stream: TaskStream, n_fit: int = 4000, n_read: int = 2000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Assumption 1 put to the test: is gamma_t, here the position of a task on its circle, a smooth function of x?

    Kernel ridge regression (scikit-learn) with a Gaussian kernel, which is analytic, from pixels to the cosine and sine
    of the position. It is fitted on training images, each in a random task, and read on test images.

    Args:
        n_fit, n_read: images drawn for each, with replacement.

    Returns:
        distance from the true position, ``(n_read,)``, in the stream's unit, between 0 and half its period; and the
        same for a reader that guesses at random.
    """
    from sklearn.kernel_ridge import KernelRidge

    data, sides = stream.dataset, []
    for purpose, n, images in (("fit", n_fit, data.train_images), ("read", n_read, data.test_images)):
        source = generator(seed, "positions", purpose)
        task = torch.randint(len(stream), (n,), generator=source)
        chosen = images[torch.randint(len(images), (n,), generator=source)]
        x = torch.empty(n, FlyNet.n_inputs)
        for t in task.unique().tolist():
            x[task == t] = normalise(stream[t](chosen[task == t]))
        sides.append((x.numpy(), stream.positions[task.numpy()]))
    (x, at), (x_new, truth) = sides
    turn = 2 * np.pi / stream.period
    model = KernelRidge(alpha=0.1, kernel="rbf", gamma=0.5 / FlyNet.n_inputs)
    cos, sin = model.fit(x, np.stack([np.cos(turn * at), np.sin(turn * at)], 1)).predict(x_new).T
    guess = stream.positions[torch.randint(len(stream), (len(truth),), generator=source).numpy()]
    apart = np.abs(np.stack([np.arctan2(sin, cos) / turn, guess]) - truth) % stream.period
    return tuple(np.minimum(apart, stream.period - apart))
