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
from tgsh.datasets import MEAN, STD, Part
from tgsh.errors import ParameterError, check_pixels
from tgsh.networks import CRWN, FlyNet
from tgsh.training._closed_form import has_closed_form
from tgsh.training._recipe import Recipe, batch_order, check_converged


def is_fused(net: CRWN) -> bool:
    """Whether `fit_fused` can train a network: a FlyNet on a CPU, with a sparse W1, in single or double precision."""
    return (
        isinstance(net, FlyNet)
        and type(net).features is FlyNet.features
        and type(net).inputs is CRWN.inputs
        and type(net).logits is CRWN.logits
        and has_closed_form(net)
        and net.projection == "sparse"
        and net.pixels.shape[1] == FlyNet.fan_in
        and net.n_classes == 10
        and net.W2.device.type == "cpu"
        and net.W2.dtype in (torch.float32, torch.float64)
    )


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
    _check(net)
    for t in tasks:
        _fit_task(net, stream, t, recipe, data_seed)


def _check(net: CRWN) -> None:
    if not is_fused(net):
        raise ParameterError(
            f"the fused loop serves FlyNet with a sparse W1, on a CPU; use another rule for this {type(net).__name__}"
        )


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
    _check(net)
    loop = FusedLoop(net, images, batch_size, sources)
    readout = (net.W2 * context.to(net.W2) * loop.unit).T.contiguous().numpy().ravel()
    rows = [np.arange(i, min(i + batch_size, len(images))) for i in range(0, len(images), batch_size)]
    return torch.from_numpy(np.concatenate([loop.logits(part, readout) for part in rows]))


def _aligned(size: int, dtype: np.dtype) -> np.ndarray:
    # Zeros that begin where a line of the cache does: vectors that lie on two lines take a fifth longer.
    room = np.zeros(size * dtype.itemsize + 64, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + size * dtype.itemsize].view(dtype)


def _moved(net: FlyNet, sources: Tensor | None) -> Tensor:
    # The pixels of W1, moved as the images are; a black one becomes number 784. The compiled loops check nothing, and
    # would read beyond the image.
    last = net.n_inputs - 1
    low, high = (end.item() for end in net.pixels.aminmax())
    if low < 0 or high > last:
        raise ParameterError(f"pixels of W1 must be from 0 to {last}; got {low if low < 0 else high}")
    if sources is None:
        return net.pixels
    if sources.shape != (net.n_inputs,) or sources.dtype != torch.int64 or sources.min() < -1 or sources.max() > last:
        raise ParameterError(f"sources must be {net.n_inputs} whole numbers of type int64, from -1 to {last}")
    return sources.where(sources >= 0, net.n_inputs)[net.pixels]


class FusedLoop:
    """The compiled loops, with the weights of a network and the images that they read.

    Args:
        net: a network that `is_fused` accepts.
        images: ``(N, 28, 28)``, uint8 or floating; uint8 images are not copied.
        batch_size: most images in a batch.
        sources: ``(784,)``, number of the pixel that each pixel takes its value from, and -1 where it is black; the
            loop then reads the images with their pixels moved so. Default: as they are.

    Attributes:
        unit: input of the network that one step of a pixel makes, ``1 / (255 * 0.3081)`` for whole numbers.
        W2: ``(H * 10,)``, transposed.
    """

    def __init__(self, net: FlyNet, images: Tensor, batch_size: int, sources: Tensor | None = None) -> None:
        from tgsh.training._fused import _kernel  # here, since importing numba takes a while

        flat = check_pixels("images", images).flatten(1).contiguous().numpy()
        number, whole = net.W2.numpy().dtype.type, flat.dtype == np.uint8
        scale, largest = (255, net.fan_in * 255 * net.n_hidden) if whole else (1, 0)
        exact = np.float64 if not whole else np.int32 if largest < 2**31 else np.int64  # holds the sum of all units
        size = -(-batch_size // _kernel.LANES) * _kernel.ROWS * _kernel.LANES
        pixels = _moved(net, sources)
        places = np.zeros((net.n_hidden, _kernel.STRIDE), np.int32)
        places[:, : net.fan_in] = pixels.numpy() * _kernel.LANES
        self._kernel, self._batch_size = _kernel, batch_size
        self._images = flat if whole else flat.astype(number, copy=False)
        self._blocks = _aligned(size, np.dtype(np.uint16 if whole else number))
        self._places = places.ravel()
        counts = pixels.flatten().bincount(minlength=net.n_inputs + 1)[: net.n_inputs]  # black adds nothing
        self._counts = counts.numpy().astype(exact)
        self._offset = -1.0 if net.centred else net.fan_in * MEAN * scale
        self.unit = number(1 / (STD * scale))
        self.W2 = net.W2.T.contiguous().numpy().ravel()

    def stage(self, rows: np.ndarray) -> np.ndarray:
        """Lay out images ``rows`` ``(B,)``, and return what is subtracted from the sums of each, ``(n * 16,)``."""
        self._check_rows(rows, len(rows))
        mean = np.empty(-(-len(rows) // self._kernel.LANES) * self._kernel.LANES, self.W2.dtype)
        n_hidden = len(self._places) // self._kernel.STRIDE
        self._kernel.stage(self._images, rows, self._blocks, self._counts, self._offset, n_hidden, mean)
        return mean

    def forward(self, mean: np.ndarray, readout: np.ndarray) -> np.ndarray:
        """Logits ``(10 * n * 16,)`` of the images laid out; ``readout`` ``(H * 10,)`` is W2 * m * ``unit``."""
        logits = np.empty(self._kernel.CLASSES * len(mean), mean.dtype)
        self._kernel.forward(self._blocks, self._places, mean, readout, logits)
        return logits

    def backward(self, mean: np.ndarray, errors: np.ndarray) -> np.ndarray:
        """Gradient for the context in 16 parts, ``(H * 16,)``, from errors ``(10 * n * 16,)``."""
        sums = np.empty(len(self._places) // self._kernel.STRIDE * self._kernel.LANES, mean.dtype)
        self._kernel.backward(self._blocks, self._places, mean, self.W2, errors, 0, sums)
        return sums

    def logits(self, rows: np.ndarray, readout: np.ndarray) -> np.ndarray:
        """Logits ``(B, 10)`` of the images ``rows``."""
        return self.forward(self.stage(rows), readout).reshape(self._kernel.CLASSES, -1)[:, : len(rows)].T

    def train_epoch(
        self,
        labels: np.ndarray,
        order: np.ndarray,
        batch_size: int,
        g: np.ndarray,
        c: np.ndarray,
        squares: np.ndarray,
        lr: float,
    ) -> None:
        """Train g ``(1,)`` and c ``(H,)`` for one epoch, in place; ``squares`` ``(H + 1,)`` is the state of RMSprop."""
        self._check_rows(order, batch_size)
        if labels.min() < 0 or labels.max() >= self._kernel.CLASSES:
            raise ParameterError(f"labels must be from 0 to 9; got {labels.min()} to {labels.max()}")
        self._kernel.train_epoch(
            self._images,
            labels,
            order,
            batch_size,
            self._blocks,
            self._places,
            self._counts,
            self._offset,
            self.unit,
            self.W2,
            g,
            c,
            squares,
            self.W2.dtype.type(lr),
        )

    def _check_rows(self, rows: np.ndarray, at_once: int) -> None:
        # The compiled loops check nothing: a wrong number would read or write where it must not.
        if not 0 < at_once <= self._batch_size:
            raise ParameterError(f"a batch must have 1 to {self._batch_size} images here; got {at_once}")
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self._images):
            raise ParameterError(f"images are numbered from 0 to {len(self._images) - 1}; got another number")
