"""What the texts of this backend call that is no text itself, as intrinsics of numba-cuda: bits, addresses, 128 bits.

simulated.py has the same words as plain functions.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import cuda, types
from numba.cuda.extending import intrinsic, register_jitable

from ...loops.language import POINTERS

# float32 by 32, float64 by 64: width of the mantissa, the bits of sqrt(1/2), and the constants that rebias exponents
FIELD = {32: 23, 64: 52}
ROOT_HALF = {32: 0x3F3504F3, 64: 0x3FE6A09E667F3BCD}
BIAS = {32: 0x00CAFB0D, 64: 0x00195F619980C433}
MAGIC = {32: 0x4B400000, 64: 0x4338000000000000}
MAGIC_128 = {32: 12583040.0, 64: 6755399441056768.0}


def _bits(builder: Any, x: Any) -> tuple[Any, int, Any]:
    width = 32 if isinstance(x.type, ir.FloatType) else 64
    integer = ir.IntType(width)
    return builder.bitcast(x, integer), width, integer


@intrinsic
def power_of_two(typingctx, t):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        bits, width, integer = _bits(builder, args[0])
        return builder.bitcast(builder.shl(bits, integer(FIELD[width])), args[0].type)

    return t(t), codegen


@intrinsic
def exponent_of(typingctx, x):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        bits, width, integer = _bits(builder, args[0])
        field = builder.lshr(builder.add(bits, integer(BIAS[width])), integer(FIELD[width]))
        rounded = builder.bitcast(builder.add(field, integer(MAGIC[width])), args[0].type)
        return builder.fsub(rounded, ir.Constant(args[0].type, MAGIC_128[width]))

    return x(x), codegen


@intrinsic
def mantissa_of(typingctx, x):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        bits, width, integer = _bits(builder, args[0])
        shifted = builder.add(bits, integer(BIAS[width]))
        kept = builder.and_(shifted, integer((1 << FIELD[width]) - 1))
        return builder.bitcast(builder.add(kept, integer(ROOT_HALF[width])), args[0].type)

    return x(x), codegen


@intrinsic
def bits_of(typingctx, x):  # type: ignore[no-untyped-def]
    """The bits of a number as an int64; those of a float32 are its low half."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        bits, width, _ = _bits(builder, args[0])
        return bits if width == 64 else builder.zext(bits, ir.IntType(64))

    return types.int64(x), codegen


def _from_bits_word(real: types.Type) -> Any:
    @intrinsic
    def of_bits(typingctx, bits):  # type: ignore[no-untyped-def]
        """The number with these bits, the inverse of `bits_of`."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            narrow = builder.trunc(args[0], ir.IntType(32)) if real.bitwidth == 32 else args[0]
            return builder.bitcast(narrow, context.get_value_type(real))

        return real(types.int64), codegen

    return of_bits


@intrinsic
def sqrt(typingctx, x):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [args[0].type]), [args[0]])

    return x(x), codegen


def _pointer_word(pointed: types.Type) -> Any:
    @intrinsic
    def pointer(typingctx, address):  # type: ignore[no-untyped-def]
        result = types.CPointer(pointed)

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.inttoptr(args[0], context.get_value_type(result))

        return result(types.int64), codegen

    return pointer


def _cast_word(target: types.Type) -> Any:
    @intrinsic
    def cast(typingctx, x):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return context.cast(builder, args[0], signature.args[0], target)

        return target(types.unliteral(x)), codegen

    return cast


def _global_vector(context: Any, builder: Any, pointer: Any, at: Any, dtype: Any, lanes: int) -> Any:
    """A pointer to so many elements in the global address space, so that the load is ld.global, not generic."""
    vector = ir.VectorType(context.get_data_type(dtype), lanes)
    place = builder.ptrtoint(builder.gep(pointer, [at]), ir.IntType(64))
    return builder.inttoptr(place, ir.PointerType(vector, addrspace=1))


@intrinsic
def load_vector(typingctx, pointer, at):  # type: ignore[no-untyped-def]
    """The 128 bits from element `at` on, whose address must be a multiple of 16, as a tuple."""
    lanes = 128 // pointer.dtype.bitwidth
    result = types.UniTuple(pointer.dtype, lanes)

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        place = _global_vector(context, builder, args[0], args[1], pointer.dtype, lanes)
        loaded = builder.load(place, align=16)
        parts = [builder.extract_element(loaded, ir.IntType(32)(k)) for k in range(lanes)]
        return context.make_tuple(builder, result, parts)

    return result(pointer, types.int64), codegen


@intrinsic
def store_vector(typingctx, pointer, at, values):  # type: ignore[no-untyped-def]
    """Write a tuple of 128 bits from element `at` on, whose address must be a multiple of 16."""
    lanes = 128 // pointer.dtype.bitwidth

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        place = _global_vector(context, builder, args[0], args[1], pointer.dtype, lanes)
        vector = ir.Constant(place.type.pointee, ir.Undefined)
        for k in range(lanes):
            part = builder.extract_value(args[2], k)
            vector = builder.insert_element(vector, part, ir.IntType(32)(k))
        builder.store(vector, place, align=16)
        return context.get_dummy_value()

    return types.none(pointer, types.int64, types.UniTuple(pointer.dtype, lanes)), codegen


@register_jitable
def array_data(array):  # type: ignore[no-untyped-def]
    """What an operand has for its array on a device is the address of the data."""
    return array


@register_jitable
def barrier():  # type: ignore[no-untyped-def]
    """Wait for the other threads of the block."""
    cuda.syncthreads()


@register_jitable
def note_least(shared, x):  # type: ignore[no-untyped-def]
    """Keep the least number of all threads in shared[0]."""
    cuda.atomic.min(shared, 0, x)


def words(dtype: str) -> dict[str, Any]:
    """Everything that a text may call without it being a text itself, for one dtype of the data."""
    real = getattr(types, dtype)
    table: dict[str, Any] = {
        "power_of_two": power_of_two,
        "exponent_of": exponent_of,
        "mantissa_of": mantissa_of,
        "sqrt": sqrt,
        "bits_of": bits_of,
        "of_bits": _from_bits_word(real),
        "array_data": array_data,
        "barrier": barrier,
        "note_least": note_least,
        "load_vector": load_vector,
        "store_vector": store_vector,
        "real": _cast_word(real),
        "double": _cast_word(types.float64),
        "integer": _cast_word(types.int64),
    }
    for word, pointed in POINTERS.items():
        table[word] = _pointer_word(real if pointed == "real" else getattr(types, pointed))
    return table
