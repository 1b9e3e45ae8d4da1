"""The loops of `fit_fused`, compiled by numba; this file alone imports numba.

A batch is computed in blocks of 16 images, held in vector registers, so that nothing of size H x B is ever written:

- *forward*: for each block, all units in turn. The seven pixels of a unit are added, the mean is subtracted, the ReLU
  is applied, and the result is multiplied into the ten logits of the block, which stay in ten registers.
- *backward*: the same again with the ten errors of the block in registers; what a unit adds to the gradient goes to 16
  numbers a unit. Computing the sums again takes seven additions; reading them back would take longer.

numba has no vectors of its own, so the first part of this file defines one type and eight operations. They fix the
order of all additions, and LLVM keeps it: results are equal whether a processor's vectors hold 16, 8 or 4 numbers.
"""

# numba infers the types of what it compiles; the docstrings say them:
# ruff: noqa: ANN001, ANN202
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 16  # images in a block
CLASSES = 10
PIXELS = 784
STRIDE = 8  # numbers a unit in the table of pixels: seven, and one for alignment


class _Vector(types.Type):
    def __init__(self, element: types.Type) -> None:
        self.element = element
        super().__init__(f"Vector({element})")


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: _Vector) -> None:
        super().__init__(manager, kind, ir.VectorType(manager.lookup(kind.element).get_data_type(), LANES))


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any, vector: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


@intrinsic
def _load(typing: Any, array: Any, index: Any) -> Any:
    # 16 numbers of a flat array, from ``index`` on.
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = context.get_value_type(signature.return_type)
        loaded = builder.load(_pointer(context, builder, signature.args[0], *args, vector))
        loaded.align = array.dtype.bitwidth // 8
        return loaded

    return _Vector(array.dtype)(array, types.intp), generate


@intrinsic
def _store(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], *args[:2], args[2].type)
        builder.store(args[2], place).align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def _splat(typing: Any, number: Any) -> Any:
    # 16 times the same number.
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        empty = ir.Constant(context.get_value_type(signature.return_type), ir.Undefined)
        first = builder.insert_element(empty, args[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

    return _Vector(number)(number), generate


@intrinsic
def _add(typing: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.add(*args) if isinstance(a.element, types.Integer) else builder.fadd(*args)

    return a(a, b), generate


@intrinsic
def _multiply(typing: Any, a: Any, b: Any) -> Any:
    return a(a, b), lambda context, builder, signature, args: builder.fmul(*args)


@intrinsic
def _fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    # a * b + c, rounded once.
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = args[0].type
        form, name = ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{LANES}f{a.element.bitwidth}"
        return builder.call(cgutils.get_or_insert_function(builder.module, form, name), args)

    return a(a, b, c), generate


@intrinsic
def _relu_above(typing: Any, sums: Any, mean: Any) -> Any:
    # max(sums - mean, 0), in the type of the mean. A NaN stays one.
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = args[1].type
        sums_, mean_ = args
        if isinstance(sums.element, types.Integer):
            sums_ = builder.uitofp(sums_, vector)
        above = builder.fsub(sums_, mean_)
        zero = ir.Constant(vector, None)
        return builder.select(builder.fcmp_ordered("<", above, zero), zero, above)

    return mean(sums, mean), generate


@intrinsic
def _total(typing: Any, vector: Any) -> Any:
    # The sum of the 16 numbers, by halves.
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rest, n, index = args[0], LANES, ir.IntType(32)
        while n > 1:
            n //= 2
            low, high = (
                builder.shuffle_vector(rest, rest, ir.Constant(ir.VectorType(index, n), list(range(start, start + n))))
                for start in (0, n)
            )
            rest = builder.fadd(low, high)
        return builder.extract_element(rest, ir.Constant(index, 0))

    return vector.element(vector), generate


def _compiled(function: Callable) -> Callable:
    # Compiled once on a machine, where there is a folder to keep the result in.
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
        blocks: ``(n * 784 * 16,)``, filled: block, pixel, image.
        column_sums: ``(784,)``, how often a pixel is used, in a type that can hold the sum over all units.
        offset: what is subtracted where the units are not centred; below 0: they are.
        n_hidden: number of units.
        mean: ``(n * 16,)``, filled.
    """
    n, pixels, lanes = (
        rows.shape[0],
        np.uint64(PIXELS),
        np.uint64(LANES),
    )  # numba asks of signed indices if they are < 0
    flat, place = images.reshape(-1), np.empty(LANES, np.uint64)
    for q in range(mean.shape[0] // LANES):
        for lane in range(LANES):
            i = q * LANES + lane
            place[lane] = rows[min(i, n - 1)] * PIXELS  # where the batch ends, its last image again; its errors are 0
        start = np.uint64(q) * pixels * lanes
        for p in range(pixels):
            for lane in range(lanes):
                blocks[start + p * lanes + lane] = flat[place[lane] + p]
    for i in range(mean.shape[0]):
        image, total = images[rows[min(i, n - 1)]], column_sums.dtype.type(0)
        for p in range(PIXELS):
            total += column_sums.dtype.type(column_sums[p] * image[p])
        mean[i] = total / n_hidden if offset < 0 else offset


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
        o, f = q * PIXELS * LANES, q * LANES
        m = _load(mean, f)
        l0 = l1 = l2 = l3 = l4 = l5 = l6 = l7 = l8 = l9 = _splat(mean.dtype.type(0))
        for j in range(places.shape[0] // STRIDE):
            i, k = j * STRIDE, j * CLASSES
            s = _add(_load(blocks, o + places[i]), _load(blocks, o + places[i + 1]))
            s = _add(s, _add(_load(blocks, o + places[i + 2]), _load(blocks, o + places[i + 3])))
            t = _add(_load(blocks, o + places[i + 4]), _load(blocks, o + places[i + 5]))
            h = _relu_above(_add(s, _add(t, _load(blocks, o + places[i + 6]))), m)
            l0, l1 = _fma(_splat(readout[k]), h, l0), _fma(_splat(readout[k + 1]), h, l1)
            l2, l3 = _fma(_splat(readout[k + 2]), h, l2), _fma(_splat(readout[k + 3]), h, l3)
            l4, l5 = _fma(_splat(readout[k + 4]), h, l4), _fma(_splat(readout[k + 5]), h, l5)
            l6, l7 = _fma(_splat(readout[k + 6]), h, l6), _fma(_splat(readout[k + 7]), h, l7)
            l8, l9 = _fma(_splat(readout[k + 8]), h, l8), _fma(_splat(readout[k + 9]), h, l9)
        for k, vector in enumerate((l0, l1, l2, l3, l4, l5, l6, l7, l8, l9)):
            _store(logits, f + k * padded, vector)


@_compiled
def backward(blocks, places, mean, W2, errors, sums):
    """Gradient for the context, in 16 parts a unit; they add up to ``sum_images h_j sum_k W2[k, j] errors[k]``.

    Args:
        blocks, places, mean: as in `forward`.
        W2: ``(H * 10,)``, transposed.
        errors: ``(10 * n * 16,)``: class, image; 0 where there is no image.
        sums: ``(H * 16,)``, filled.
    """
    padded = mean.shape[0]
    sums[:] = 0
    for q in range(padded // LANES):
        o, f = q * PIXELS * LANES, q * LANES
        m = _load(mean, f)
        e0, e1, e2 = _load(errors, f), _load(errors, f + padded), _load(errors, f + 2 * padded)
        e3, e4, e5 = _load(errors, f + 3 * padded), _load(errors, f + 4 * padded), _load(errors, f + 5 * padded)
        e6, e7, e8 = _load(errors, f + 6 * padded), _load(errors, f + 7 * padded), _load(errors, f + 8 * padded)
        e9 = _load(errors, f + 9 * padded)
        for j in range(places.shape[0] // STRIDE):
            i, k = j * STRIDE, j * CLASSES
            s = _add(_load(blocks, o + places[i]), _load(blocks, o + places[i + 1]))
            s = _add(s, _add(_load(blocks, o + places[i + 2]), _load(blocks, o + places[i + 3])))
            t = _add(_load(blocks, o + places[i + 4]), _load(blocks, o + places[i + 5]))
            h = _relu_above(_add(s, _add(t, _load(blocks, o + places[i + 6]))), m)
            a, b = _multiply(_splat(W2[k]), e0), _multiply(_splat(W2[k + 1]), e1)  # two chains, for speed
            a, b = _fma(_splat(W2[k + 2]), e2, a), _fma(_splat(W2[k + 3]), e3, b)
            a, b = _fma(_splat(W2[k + 4]), e4, a), _fma(_splat(W2[k + 5]), e5, b)
            a, b = _fma(_splat(W2[k + 6]), e6, a), _fma(_splat(W2[k + 7]), e7, b)
            a, b = _fma(_splat(W2[k + 8]), e8, a), _fma(_splat(W2[k + 9]), e9, b)
            _store(sums, j * LANES, _fma(_add(a, b), h, _load(sums, j * LANES)))


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
    readout, sums = np.empty(H * CLASSES, W2.dtype), np.empty(H * LANES, W2.dtype)
    for first in range(0, order.shape[0], batch_size):
        rows = order[first : first + batch_size]
        padded = (rows.shape[0] + LANES - 1) // LANES * LANES
        mean, logits = np.empty(padded, W2.dtype), np.empty(CLASSES * padded, W2.dtype)
        stage(images, rows, blocks, column_sums, offset, H, mean)
        for j in range(H):
            for k in range(CLASSES):
                readout[j * CLASSES + k] = W2[j * CLASSES + k] * (g[0] * c[j] * unit)
        forward(blocks, places, mean, readout, logits)
        errors(logits, labels[rows], unit / number(rows.shape[0]))
        backward(blocks, places, mean, W2, logits, sums)
        grad_g = 0.0
        for j in range(H):
            grad_m = _total(_load(sums, j * LANES))
            grad_g += grad_m * c[j]
            grad_c = grad_m * g[0]
            squares[j] = keep * squares[j] + new * grad_c * grad_c
            c[j] -= lr * grad_c / (np.sqrt(squares[j]) + tiny)
        squares[H] = keep * squares[H] + new * number(grad_g) * number(grad_g)
        g[0] -= lr * number(grad_g) / (np.sqrt(squares[H]) + tiny)
