"""Words of laws and loops that are a few instructions on any of Numba's targets: bits of numbers, pointers, casts."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from ..loops.language import POINTERS

# float32 by 32, float64 by 64: width of the mantissa, the bits of sqrt(1/2), and the constants that rebias exponents
FIELD = {32: 23, 64: 52}
ROOT_HALF = {32: 0x3F3504F3, 64: 0x3FE6A09E667F3BCD}
BIAS = {32: 0x00CAFB0D, 64: 0x00195F619980C433}
MAGIC = {32: 0x4B400000, 64: 0x4338000000000000}
MAGIC_128 = {32: 12583040.0, 64: 6755399441056768.0}


def bits(builder: Any, x: Any) -> tuple[Any, int, Any]:
    """A number as an integer, its width, and the type of the integer."""
    width = 32 if isinstance(x.type, ir.FloatType) else 64
    integer = ir.IntType(width)
    return builder.bitcast(x, integer), width, integer


def _power_of_two(builder: Any, t: Any) -> Any:
    found, width, integer = bits(builder, t)
    return builder.bitcast(builder.shl(found, integer(FIELD[width])), t.type)


def _exponent_of(builder: Any, x: Any) -> Any:
    found, width, integer = bits(builder, x)
    field = builder.lshr(builder.add(found, integer(BIAS[width])), integer(FIELD[width]))
    rounded = builder.bitcast(builder.add(field, integer(MAGIC[width])), x.type)
    return builder.fsub(rounded, ir.Constant(x.type, MAGIC_128[width]))


def _mantissa_of(builder: Any, x: Any) -> Any:
    found, width, integer = bits(builder, x)
    shifted = builder.add(found, integer(BIAS[width]))
    kept = builder.and_(shifted, integer((1 << FIELD[width]) - 1))
    return builder.bitcast(builder.add(kept, integer(ROOT_HALF[width])), x.type)


def _sqrt(builder: Any, x: Any) -> Any:
    return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [x.type]), [x])


def _fma(builder: Any, *numbers: Any) -> Any:
    kind = numbers[0].type
    word = builder.module.declare_intrinsic("llvm.fma", [kind], ir.FunctionType(kind, [kind] * 3))
    return builder.call(word, numbers)


def _moved_half(builder: Any, half: Any) -> Any:
    """The bits of a number of 16 in a word, where those of a float32 are: by integers, see kernels/primitives.h, where
    all this is said once more for C."""
    word = ir.IntType(32)
    signed = builder.sext(builder.trunc(half, ir.IntType(16)), word)
    return builder.and_(builder.shl(signed, word(13)), word(0x8FFFE000))


def _finite_half_to_real(builder: Any, half: Any) -> Any:
    """The float32 of a finite number of 16 bits."""
    real = ir.FloatType()
    return builder.fmul(builder.bitcast(_moved_half(builder, half), real), ir.Constant(real, 2.0**112))


def _half_to_real(builder: Any, half: Any) -> Any:
    """The float32 of 16 bits."""
    word, real = ir.IntType(32), ir.FloatType()
    moved, found = _moved_half(builder, half), _finite_half_to_real(builder, half)
    beyond = builder.icmp_unsigned(">=", builder.and_(moved, word(0x7FFFFFFF)), word(0x0F800000))
    none = builder.select(beyond, word(0x7F800000), word(0))
    return builder.bitcast(builder.or_(builder.bitcast(found, word), none), real)


def _real_to_half(builder: Any, number: Any) -> Any:
    """The bits of the nearest number of 16 in the lower half of a word."""
    word, real = ir.IntType(32), ir.FloatType()
    bits = builder.bitcast(number, word)
    whole = builder.and_(bits, word(0x7FFFFFFF))
    u = builder.select(builder.icmp_unsigned("<", whole, word(0x47800000)), whole, word(0x47800000))
    own = builder.and_(u, word(0x7F800000))
    exponent = builder.select(builder.icmp_unsigned(">", own, word(0x38800000)), own, word(0x38800000))
    power = builder.add(exponent, word(0x06800000))
    rounded = builder.fadd(builder.bitcast(u, real), builder.bitcast(power, real))
    kept = builder.sub(builder.bitcast(rounded, word), power)
    field = builder.lshr(builder.sub(exponent, word(0x38800000)), word(13))
    none = builder.select(builder.icmp_unsigned(">", whole, word(0x7F800000)), word(0x0200), word(0))
    sign = builder.and_(builder.lshr(bits, word(16)), word(0x8000))
    return builder.or_(builder.or_(builder.add(kept, field), none), sign)


def _bfloat_to_real(builder: Any, half: Any) -> Any:
    return builder.bitcast(builder.shl(half, ir.IntType(32)(16)), ir.FloatType())


def _real_to_bfloat(builder: Any, number: Any) -> Any:
    word = ir.IntType(32)
    u = builder.bitcast(number, word)
    upper = builder.lshr(u, word(16))
    near = builder.lshr(builder.add(builder.add(u, word(0x7FFF)), builder.and_(upper, word(1))), word(16))
    none = builder.icmp_unsigned(">", builder.and_(u, word(0x7FFFFFFF)), word(0x7F800000))
    return builder.select(none, builder.or_(builder.and_(upper, word(0x8000)), word(0x7FC0)), near)


def _of_sixteen_bits(intrinsic: Any, text: Any, real: types.Type) -> Any:
    @intrinsic
    def word(typingctx, half):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            found = text(builder, builder.zext(args[0], ir.IntType(32)))
            return context.cast(builder, found, types.float32, real)

        return real(types.uint16), codegen

    return word


def _to_sixteen_bits(intrinsic: Any, text: Any, real: types.Type) -> Any:
    @intrinsic
    def word(typingctx, number):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            found = text(builder, context.cast(builder, args[0], real, types.float32))
            return builder.trunc(found, ir.IntType(16))

        return types.uint16(real), codegen

    return word


def _of_three_numbers(intrinsic: Any, text: Any) -> Any:
    @intrinsic
    def word(typingctx, a, b, c):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return text(builder, *args)

        real = typingctx.unify_types(a, b, c)
        return real(real, real, real), codegen

    return word


def _of_one_number(intrinsic: Any, text: Any) -> Any:
    @intrinsic
    def word(typingctx, x):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return text(builder, args[0])

        return x(x), codegen

    return word


def _pointer(intrinsic: Any, pointed: types.Type) -> Any:
    @intrinsic
    def pointer(typingctx, address):  # type: ignore[no-untyped-def]
        result = types.CPointer(pointed)

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.inttoptr(args[0], context.get_value_type(result))

        return result(types.int64), codegen

    return pointer


def _cast(intrinsic: Any, target: types.Type) -> Any:
    @intrinsic
    def cast(typingctx, x):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return context.cast(builder, args[0], signature.args[0], target)

        return target(types.unliteral(x)), codegen

    return cast


# Of and to numbers of 16 bits, by their names.
HALVES = {"float16": (_half_to_real, _real_to_half), "bfloat16": (_bfloat_to_real, _real_to_bfloat)}


def primitives(intrinsic: Any, dtype: str) -> dict[str, Any]:
    """The words for one dtype of the data, as the intrinsics of a target."""
    real = getattr(types, dtype)
    texts = {"power_of_two": _power_of_two, "exponent_of": _exponent_of, "mantissa_of": _mantissa_of, "sqrt": _sqrt}
    table = {name: _of_one_number(intrinsic, text) for name, text in texts.items()}
    table["fma"] = _of_three_numbers(intrinsic, _fma)
    targets = {"real": real, "double": types.float64, "integer": types.int64}
    table |= {name: _cast(intrinsic, target) for name, target in targets.items()}
    for name, (of, to) in HALVES.items():
        table[f"of_{name}"] = _of_sixteen_bits(intrinsic, of, real)
        table[f"to_{name}"] = _to_sixteen_bits(intrinsic, to, real)
    table["of_finite_float16"] = _of_sixteen_bits(intrinsic, _finite_half_to_real, real)
    for word, pointed in POINTERS.items():
        table[word] = _pointer(intrinsic, real if pointed == "real" else getattr(types, pointed))
    return table
