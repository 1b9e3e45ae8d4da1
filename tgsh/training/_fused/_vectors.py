"""Vectors of 16 numbers for the loops in ``_kernel``, which numba lacks: one type and its operations.

The operations fix the order of all additions, and LLVM keeps it: results are equal whether a processor's vectors hold
16, 8 or 4 numbers.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 16  # images in a block


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
def load(typing: Any, array: Any, index: Any) -> Any:
    """Read 16 numbers of a flat array, from ``index`` on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = context.get_value_type(signature.return_type)
        loaded = builder.load(_pointer(context, builder, signature.args[0], *args, vector))
        loaded.align = array.dtype.bitwidth // 8
        return loaded

    return _Vector(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write 16 numbers to a flat array, from ``index`` on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], *args[:2], args[2].type)
        builder.store(args[2], place).align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def splat(typing: Any, number: Any) -> Any:
    """Repeat a number 16 times."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        empty = ir.Constant(context.get_value_type(signature.return_type), ir.Undefined)
        first = builder.insert_element(empty, args[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

    return _Vector(number)(number), generate


@intrinsic
def add(typing: Any, a: Any, b: Any) -> Any:
    """Add, number by number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.add(*args) if isinstance(a.element, types.Integer) else builder.fadd(*args)

    return a(a, b), generate


@intrinsic
def multiply(typing: Any, a: Any, b: Any) -> Any:
    """Multiply, number by number."""
    return a(a, b), lambda context, builder, signature, args: builder.fmul(*args)


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Compute a * b + c, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = args[0].type
        form, name = ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{LANES}f{a.element.bitwidth}"
        return builder.call(cgutils.get_or_insert_function(builder.module, form, name), args)

    return a(a, b, c), generate


@intrinsic
def relu_above(typing: Any, sums: Any, mean: Any) -> Any:
    """Compute max(sums - mean, 0), in the type of the mean. A NaN stays one."""

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
def lane_sum(typing: Any, vector: Any) -> Any:
    """Add up the 16 numbers, by halves."""

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


def _interleaved(builder: Any, a: Any, b: Any, first: int) -> Any:
    # a[first], b[first], a[first + 1], b[first + 1], ...: 16 numbers
    chosen = [first + k // 2 + LANES * (k % 2) for k in range(LANES)]
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), LANES), chosen))


@intrinsic
def transpose(typing: Any, source: Any, starts: Any, shift: Any, target: Any, index: Any) -> Any:
    """Write 16 numbers of each of 16 images, from ``starts[image] + shift`` on, pixel by pixel from ``index`` on.

    Four times, each vector of the first half is interleaved with one of the second half, as cards are shuffled.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.get_value_type(target.dtype)
        wide, narrow = (ir.VectorType(n, LANES) for n in (number, context.get_value_type(source.dtype)))
        places, rows = context.make_array(starts)(context, builder, args[1]).data, []
        for lane in range(LANES):
            start = builder.load(builder.gep(places, [ir.Constant(ir.IntType(64), lane)]))
            row = builder.load(_pointer(context, builder, source, args[0], builder.add(start, args[2]), narrow))
            row.align = source.dtype.bitwidth // 8
            rows.append(row if wide == narrow else builder.zext(row, wide))
        half = LANES // 2
        for _ in range(LANES.bit_length() - 1):
            pairs = list(zip(rows[:half], rows[half:], strict=True))
            rows = [_interleaved(builder, a, b, first) for a, b in pairs for first in (0, half)]
        for pixel, row in enumerate(rows):
            place = builder.add(args[4], ir.Constant(ir.IntType(64), pixel * LANES))
            written = builder.store(row, _pointer(context, builder, target, args[3], place, wide))
            written.align = target.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(source, starts, types.intp, target, types.intp), generate
