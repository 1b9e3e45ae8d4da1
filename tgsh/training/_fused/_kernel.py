"""The loops of `fit_fused`, compiled by numba.

A batch is computed in blocks of 16 images, held in vector registers, so that nothing of size H x B is ever written:

- *forward*: for each block, all units in turn. The seven pixels of a unit are added, the mean is subtracted, the ReLU
  is applied, and the result is multiplied into the ten logits of the block, which stay in ten registers.
- *backward*: the same again with the ten errors of the block in registers; what a unit adds to the gradient goes to 16
  numbers a unit. Computing the sums again takes seven additions; reading them back would take longer. 512 units see
  all blocks before the next 512 do, so that their 16 numbers each stay in a core's own cache.

numba has no vectors of its own; ``_vectors`` defines them.
"""

# numba infers the types of what it compiles; the docstrings say them:
# ruff: noqa: ANN001, ANN202
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from tgsh.training._fused import _vectors
from tgsh.training._fused._vectors import LANES, add, fma, lane_sum, load, multiply, relu_above, splat, store, transpose

CLASSES = 10
PIXELS = 784
ROWS = 786  # of a block: its pixels, a black one, and one for alignment
STRIDE = 8  # numbers a unit in the table of pixels: seven, and one for alignment
UNITS = 512  # units whose gradients are summed at a time


_VECTORS = hashlib.sha256(Path(_vectors.__file__).read_bytes()).hexdigest()[:8]


def _compiled(function: Callable) -> Callable:
    # Compiled once on a machine, where there is a folder to keep the result in. Numba compiles anew when this file has
    # changed; the name, under which it keeps the result, changes with `_vectors`.
    function.__qualname__ = f"{function.__name__}_{_VECTORS}"
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder
        return njit(**options)(function)


@_compiled
def stage(images, rows, blocks, column_sums, offset, n_hidden, mean):
    """Lay out a batch in blocks, and compute what is subtracted from a unit's sum.

    Args:
        images: ``(N, 784)``, uint8 or floating.
        rows: ``(B,)`` numbers of the images in the batch.
        blocks: ``(n * 786 * 16,)``: block, pixel, image. Pixels are filled; the last two rows of a block stay as they
            are, 0.
        column_sums: ``(784,)``, how often a pixel is used, in a type that can hold the sum over all units.
        offset: what is subtracted where the units are not centred; below 0: they are.
        n_hidden: number of units.
        mean: ``(n * 16,)``, filled.
    """
    n, flat, starts = rows.shape[0], images.reshape(-1), np.empty(LANES, np.int64)
    for q in range(mean.shape[0] // LANES):
        for lane in range(LANES):
            i = q * LANES + lane
            starts[lane] = rows[min(i, n - 1)] * PIXELS  # where the batch ends, its last image again; its errors are 0
        for p in range(0, PIXELS, LANES):
            transpose(flat, starts, p, blocks, (q * ROWS + p) * LANES)
    for i in range(mean.shape[0]):
        image, total = images[rows[min(i, n - 1)]], column_sums.dtype.type(0)
        for p in range(PIXELS):
            total += column_sums.dtype.type(column_sums[p] * image[p])
        mean[i] = total / n_hidden if offset < 0 else offset


@njit(inline="always")
def _feature(blocks, start, places, j, mean):
    # h_j of 16 images: seven pixels, less the mean, and the ReLU
    i = j * STRIDE
    s = add(load(blocks, start + places[i]), load(blocks, start + places[i + 1]))
    s = add(s, add(load(blocks, start + places[i + 2]), load(blocks, start + places[i + 3])))
    t = add(load(blocks, start + places[i + 4]), load(blocks, start + places[i + 5]))
    return relu_above(add(s, add(t, load(blocks, start + places[i + 6]))), mean)


@_compiled
def forward(blocks, places, mean, readout, logits):
    """Logits of a batch: ``logits[k, image] = sum_j readout[j, k] * h_j(image)``.

    Args:
        blocks, mean: from `stage`.
        places: ``(H * 8,)`` int32, 16 times the numbers of a unit's pixels.
        readout: ``(H * 10,)``, W2 * m, transposed.
        logits: ``(10 * n * 16,)``, filled: class, image.
    """
    padded = mean.shape[0]
    for q in range(padded // LANES):
        o, f = q * ROWS * LANES, q * LANES
        m = load(mean, f)
        l0 = l1 = l2 = l3 = l4 = l5 = l6 = l7 = l8 = l9 = splat(mean.dtype.type(0))
        for j in range(places.shape[0] // STRIDE):
            k = j * CLASSES
            h = _feature(blocks, o, places, j, m)
            l0, l1 = fma(splat(readout[k]), h, l0), fma(splat(readout[k + 1]), h, l1)
            l2, l3 = fma(splat(readout[k + 2]), h, l2), fma(splat(readout[k + 3]), h, l3)
            l4, l5 = fma(splat(readout[k + 4]), h, l4), fma(splat(readout[k + 5]), h, l5)
            l6, l7 = fma(splat(readout[k + 6]), h, l6), fma(splat(readout[k + 7]), h, l7)
            l8, l9 = fma(splat(readout[k + 8]), h, l8), fma(splat(readout[k + 9]), h, l9)
        for k, vector in enumerate((l0, l1, l2, l3, l4, l5, l6, l7, l8, l9)):
            store(logits, f + k * padded, vector)


@_compiled
def backward(blocks, places, mean, W2, errors, first, sums):
    """Gradient for some units of the context, in 16 parts each: ``sum_images h_j sum_k W2[k, j] errors[k]`` in total.

    Args:
        blocks, places, mean: as in `forward`.
        W2: ``(H * 10,)``, transposed.
        errors: ``(10 * n * 16,)``: class, image; 0 where there is no image.
        first: number of the first unit.
        sums: ``(n * 16,)``, filled.
    """
    padded = mean.shape[0]
    sums[:] = 0
    for q in range(padded // LANES):
        o, f = q * ROWS * LANES, q * LANES
        m = load(mean, f)
        e0, e1, e2 = load(errors, f), load(errors, f + padded), load(errors, f + 2 * padded)
        e3, e4, e5 = load(errors, f + 3 * padded), load(errors, f + 4 * padded), load(errors, f + 5 * padded)
        e6, e7, e8 = load(errors, f + 6 * padded), load(errors, f + 7 * padded), load(errors, f + 8 * padded)
        e9 = load(errors, f + 9 * padded)
        for n in range(sums.shape[0] // LANES):
            j = first + n
            k = j * CLASSES
            h = _feature(blocks, o, places, j, m)
            a, b = multiply(splat(W2[k]), e0), multiply(splat(W2[k + 1]), e1)  # two chains, for speed
            a, b = fma(splat(W2[k + 2]), e2, a), fma(splat(W2[k + 3]), e3, b)
            a, b = fma(splat(W2[k + 4]), e4, a), fma(splat(W2[k + 5]), e5, b)
            a, b = fma(splat(W2[k + 6]), e6, a), fma(splat(W2[k + 7]), e7, b)
            a, b = fma(splat(W2[k + 8]), e8, a), fma(splat(W2[k + 9]), e9, b)
            store(sums, n * LANES, fma(add(a, b), h, load(sums, n * LANES)))


@_compiled
def errors(logits, labels, scale):
    """Replace logits by errors ``(softmax - onehot) * scale``, and by 0 where there is no image; shapes as above."""
    padded = logits.shape[0] // CLASSES
    for i in range(padded):
        if i >= labels.shape[0]:
            logits[i::padded] = 0
            continue
        highest = logits[i]
        for k in range(1, CLASSES):
            highest = max(highest, logits[i + k * padded])
        total = logits.dtype.type(0)
        for k in range(CLASSES):
            logits[i + k * padded] = np.exp(logits[i + k * padded] - highest)
            total += logits[i + k * padded]
        for k in range(CLASSES):
            logits[i + k * padded] *= scale / total
        logits[i + labels[i] * padded] -= scale


@_compiled
def _modulate(W2, g, c, unit, readout):
    # readout[j] = W2[j] * m_j. A vector holds 16 numbers, and a unit has ten: the next unit writes over the six others.
    last = c.shape[0] - 1
    for j in range(last):
        store(readout, j * CLASSES, multiply(load(W2, j * CLASSES), splat(g * c[j] * unit)))
    for k in range(last * CLASSES, (last + 1) * CLASSES):
        readout[k] = W2[k] * (g * c[last] * unit)


@_compiled
def train_epoch(images, labels, order, batch_size, blocks, places, column_sums, offset, unit, W2, g, c, squares, lr):
    """Train a context for one epoch, in place: Eq. 2, its gradient and RMSprop, as in `fit_closed_form`.

    Args:
        images, places, column_sums, offset, W2: as in the functions above.
        labels: ``(N,)`` int64.
        order: ``(N,)`` int64, order of the images.
        batch_size: images in a batch.
        blocks: room for a batch.
        unit: size of one step of a pixel, in units of the network's inputs.
        g, c: ``(1,)`` and ``(H,)``.
        squares: ``(H + 1,)``, RMSprop's mean squares of the gradients for c, then for g.
        lr: learning rate.
    """
    number, H = W2.dtype.type, c.shape[0]
    keep, new, tiny = number(0.99), number(1 - 0.99), number(1e-8)  # PyTorch's defaults
    readout, grad_m, sums = np.empty(H * CLASSES, W2.dtype), np.empty(H, W2.dtype), np.empty(UNITS * LANES, W2.dtype)
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        padded = (rows.shape[0] + LANES - 1) // LANES * LANES
        mean, logits = np.empty(padded, W2.dtype), np.empty(CLASSES * padded, W2.dtype)
        stage(images, rows, blocks, column_sums, offset, H, mean)
        _modulate(W2, g[0], c, unit, readout)
        forward(blocks, places, mean, readout, logits)
        errors(logits, labels[rows], unit / number(rows.shape[0]))
        for first in range(0, H, UNITS):
            n = min(UNITS, H - first)
            backward(blocks, places, mean, W2, logits, first, sums[: n * LANES])
            for j in range(n):
                grad_m[first + j] = lane_sum(load(sums, j * LANES))
        grad_g = 0.0
        for j in range(H):
            grad_g += grad_m[j] * c[j]
        for j in range(H):
            grad_c = grad_m[j] * g[0]
            squares[j] = keep * squares[j] + new * grad_c * grad_c
            c[j] -= lr * grad_c / (np.sqrt(squares[j]) + tiny)
        squares[H] = keep * squares[H] + new * number(grad_g) * number(grad_g)
        g[0] -= lr * number(grad_g) / (np.sqrt(squares[H]) + tiny)
