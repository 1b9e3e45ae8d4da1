"""The fused loop of a network and its images: which networks it serves, and its arrays."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tgsh.datasets import MEAN, STD
from tgsh.errors import ParameterError, check_pixels
from tgsh.networks import CRWN, FlyNet
from tgsh.training._closed_form import has_closed_form

_ALL = slice(None)


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


def check_fused(net: CRWN) -> None:
    """Raise `ParameterError` for a network that `is_fused` does not accept."""
    if not is_fused(net):
        raise ParameterError(
            f"the fused loop serves FlyNet with a sparse W1, on a CPU; use another rule for this {type(net).__name__}"
        )


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

    def forward(self, mean: np.ndarray, readout: np.ndarray, images: slice = _ALL, units: slice = _ALL) -> np.ndarray:
        """Logits ``(10, n * 16)`` of the images laid out.

        Args:
            mean: ``(n * 16,)``, from `stage`.
            readout: ``(H * 10,)``, W2 * m * ``unit``, transposed.
            images: only these, from one multiple of 16 to another.
            units: what these units contribute to the logits.
        """
        mean, blocks, rows, places = self._parts(mean, readout, images, units)
        logits = np.empty(self._kernel.CLASSES * len(mean), mean.dtype)
        self._kernel.forward(blocks, places, mean, rows, logits)
        return logits.reshape(self._kernel.CLASSES, -1)

    def backward(
        self, mean: np.ndarray, errors: np.ndarray, W2: np.ndarray, images: slice = _ALL, units: slice = _ALL
    ) -> np.ndarray:
        """Gradient for the context ``(H,)``, or for some of its units; without the factor ``unit``.

        Args:
            mean, images: as in `forward`.
            errors: ``(10, n * 16)`` of the logits of these images; 0 where there is no image.
            W2: ``(H * 10,)``, transposed.
            units: of these units.
        """
        mean, blocks, rows, places = self._parts(mean, W2, images, units)
        if errors.shape != (self._kernel.CLASSES, len(mean)):
            raise ParameterError(f"errors must have shape (10, {len(mean)}); got {errors.shape}")
        sums = np.empty(len(places) // self._kernel.STRIDE * self._kernel.LANES, mean.dtype)
        self._kernel.backward(blocks, places, mean, rows, errors.ravel(), 0, sums)
        return sums.reshape(-1, self._kernel.LANES).sum(1)

    def _parts(self, mean: np.ndarray, weights: np.ndarray, images: slice, units: slice) -> tuple[np.ndarray, ...]:
        # Means and blocks of some images, weights and places of some units, all in the memory of the whole.
        lanes, per_block = self._kernel.LANES, self._kernel.ROWS * self._kernel.LANES
        first, last, step = images.indices(len(mean))
        if step != 1 or first % lanes or last % lanes or len(mean) * self._kernel.ROWS > len(self._blocks):
            raise ParameterError(
                f"images are computed in blocks of {lanes} of those that `stage` laid out; got {images}"
            )
        if len(weights) != self._kernel.CLASSES * (len(self._places) // self._kernel.STRIDE):
            raise ParameterError(f"weights must be {self._kernel.CLASSES} for each unit; got {len(weights)} in all")
        blocks = self._blocks[first // lanes * per_block : last // lanes * per_block]
        rows, places = weights.reshape(-1, self._kernel.CLASSES), self._places.reshape(-1, self._kernel.STRIDE)
        return mean[first:last], blocks, rows[units].ravel(), places[units].ravel()

    def logits(self, rows: np.ndarray, readout: np.ndarray) -> np.ndarray:
        """Logits ``(B, 10)`` of the images ``rows``."""
        return self.forward(self.stage(rows), readout)[:, : len(rows)].T

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
