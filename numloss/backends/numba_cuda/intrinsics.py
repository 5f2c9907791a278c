"""What the texts of this backend call that is no text itself, as intrinsics of numba-cuda: bits, addresses, 128 bits.

simulated.py has the same words as plain functions.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import cuda, types
from numba.cuda.extending import intrinsic, register_jitable

from ..primitives import bits, primitives

HALF, WORD = ir.IntType(16), ir.IntType(32)


@intrinsic
def bits_of(typingctx, x):  # type: ignore[no-untyped-def]
    """The bits of a number as an int64; those of a float32 are its low half."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        found, width, _ = bits(builder, args[0])
        return found if width == 64 else builder.zext(found, ir.IntType(64))

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


def _global_vector(context: Any, builder: Any, pointer: Any, at: Any, dtype: Any, lanes: int) -> Any:
    """A pointer to so many elements in the global address space, so that the load is ld.global, not generic.

    Two numbers of 16 bits are a word: a vector of eight is loaded by 64 bits.
    """
    vector = ir.VectorType(WORD, 4) if lanes == 8 else ir.VectorType(context.get_data_type(dtype), lanes)
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
        parts = [builder.extract_element(loaded, WORD(k)) for k in range(loaded.type.count)]
        if lanes == 8:
            ends = [(builder.trunc(part, HALF), builder.trunc(builder.lshr(part, WORD(16)), HALF)) for part in parts]
            parts = [end for both in ends for end in both]
        return context.make_tuple(builder, result, parts)

    return result(pointer, types.int64), codegen


@intrinsic
def store_vector(typingctx, pointer, at, values):  # type: ignore[no-untyped-def]
    """Write a tuple of 128 bits from element `at` on, whose address must be a multiple of 16."""
    lanes = 128 // pointer.dtype.bitwidth

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        place = _global_vector(context, builder, args[0], args[1], pointer.dtype, lanes)
        parts = [builder.extract_value(args[2], k) for k in range(lanes)]
        if lanes == 8:
            words = [builder.zext(part, WORD) for part in parts]
            parts = [builder.or_(words[k], builder.shl(words[k + 1], WORD(16))) for k in range(0, lanes, 2)]
        vector = ir.Constant(place.type.pointee, ir.Undefined)
        for k, part in enumerate(parts):
            vector = builder.insert_element(vector, part, WORD(k))
        builder.store(vector, place, align=16)
        return context.get_dummy_value()

    return types.none(pointer, types.int64, types.UniTuple(pointer.dtype, lanes)), codegen


@intrinsic
def offset(typingctx, pointer, n):  # type: ignore[no-untyped-def]
    """A pointer n elements further."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.int64), codegen


@intrinsic
def address(typingctx, pointer):  # type: ignore[no-untyped-def]
    """The address behind a pointer."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.ptrtoint(args[0], ir.IntType(64))

    return types.int64(pointer), codegen


def stack_word(dtype: str) -> Any:
    """The word for memory of a thread; its size is a literal."""
    pointed = getattr(types, dtype)

    @intrinsic
    def stack(typingctx, size):  # type: ignore[no-untyped-def]
        if not isinstance(size, types.IntegerLiteral):
            return None  # it is asked again, with the literal
        count, result = size.literal_value, types.CPointer(pointed)

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            with builder.goto_entry_block():
                data = builder.alloca(ir.ArrayType(context.get_data_type(pointed), count))
            return builder.bitcast(data, context.get_value_type(result))

        return result(size), codegen

    return stack


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
    return primitives(intrinsic, dtype) | {
        "bits_of": bits_of,
        "of_bits": _from_bits_word(getattr(types, dtype)),
        "array_data": array_data,
        "barrier": barrier,
        "note_least": note_least,
        "load_vector": load_vector,
        "store_vector": store_vector,
    }
