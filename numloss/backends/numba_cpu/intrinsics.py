"""The primitives of the vocabulary and the words of the loop language, for Numba on CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.extending import intrinsic

from ..primitives import HALVES, primitives
from .views import view_words

# Objects start with their head; an array continues with the address of its data. Every extension module has this
# offset compiled in through NumPy's macros; numba_cpu/__init__.py checks it once against the running NumPy.
ARRAY_DATA_OFFSET = object.__basicsize__

_LAYOUT = llvm.create_target_data("e-m:e-i64:64-f80:128-n8:16:32:64-S128")


def _stack_word(pointed: types.Type) -> Any:
    @intrinsic(prefer_literal=True)
    def stack(typingctx, size):  # type: ignore[no-untyped-def]
        count = size.literal_value
        result = types.CPointer(pointed)

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            # not cgutils.alloca_once, which fills the memory with zeros, one instruction an element
            with builder.goto_entry_block():
                data = builder.alloca(ir.ArrayType(context.get_data_type(pointed), count))
            data.align = 64
            return builder.bitcast(data, context.get_value_type(result))

        return result(size), codegen

    return stack


@intrinsic
def offset(typingctx, pointer, n):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.int64), codegen


@intrinsic
def address(typingctx, pointer):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.ptrtoint(args[0], ir.IntType(64))

    return types.int64(pointer), codegen


@intrinsic
def array_data(typingctx, head):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        at = builder.add(args[0], ir.IntType(64)(ARRAY_DATA_OFFSET))
        return builder.load(builder.inttoptr(at, ir.IntType(64).as_pointer()))

    return types.int64(types.int64), codegen


@intrinsic
def call_tile(typingctx, function, pointers, params, n):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = ir.FunctionType(ir.IntType(64), [ir.IntType(64)] * 3)
        target = builder.inttoptr(args[0], kind.as_pointer())
        c, p = (builder.ptrtoint(a, ir.IntType(64)) for a in args[1:3])
        return builder.call(target, [c, p, args[3]])

    return types.int64(types.int64, pointers, params, types.int64), codegen


@intrinsic
def call_gemm(typingctx, function, flip_a, flip_b, m, n, k, a, lda, b, ldb, add, y, ldy):  # type: ignore[no-untyped-def]
    """Call the cblas function at an address: y = a b, or y += a b, in C order, transposed where a flip is 1."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        word, number, pointer = ir.IntType(64), ir.IntType(32), args[6].type
        real = pointer.pointee
        sizes, operands = [word] * 3, [pointer, word, pointer, word]
        kind = ir.FunctionType(ir.VoidType(), [*[number] * 3, *sizes, real, *operands, real, pointer, word])
        # 101 says rows first; 111 as it is, 112 transposed
        flips = [builder.add(builder.trunc(flip, number), number(111)) for flip in args[1:3]]
        kept = builder.sitofp(args[10], real)
        given = [number(101), *flips, *args[3:6], real(1.0), *args[6:10], kept, *args[11:]]
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), given)
        return word(0)

    whole = types.int64
    return whole(*[whole] * 6, a, whole, b, whole, whole, y, whole), codegen


@intrinsic
def place_array(typingctx, head, data):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        at = builder.add(args[0], ir.IntType(64)(ARRAY_DATA_OFFSET))
        builder.store(args[1], builder.inttoptr(at, ir.IntType(64).as_pointer()))
        return ir.IntType(64)(0)

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def take_memory(typingctx, size):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = ir.FunctionType(ir.IntType(8).as_pointer(), [ir.IntType(64)])
        malloc = cgutils.get_or_insert_function(builder.module, kind, "malloc")
        return builder.ptrtoint(builder.call(malloc, args), ir.IntType(64))

    return types.int64(types.int64), codegen


@intrinsic
def give_back(typingctx, at):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        pointer = ir.IntType(8).as_pointer()
        free = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), [pointer]), "free")
        builder.call(free, [builder.inttoptr(args[0], pointer)])
        return ir.IntType(64)(0)

    return types.int64(types.int64), codegen


@intrinsic
def call_loop(typingctx, function, problem, partial, block):  # type: ignore[no-untyped-def]
    """Call the loop of one block at an address; the driver's only word."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = ir.FunctionType(ir.IntType(64), [ir.IntType(64)] * 3)
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), list(args[1:]))

    return types.int64(types.int64, types.int64, types.int64, types.int64), codegen


def _sixteen(builder: Any, pointer: Any, index: Any) -> Any:
    """Sixteen neighbours from an index on, as one vector."""
    real = pointer.type.pointee
    at = builder.bitcast(builder.gep(pointer, [index]), ir.VectorType(real, 16).as_pointer())
    vector = builder.load(at)
    vector.align = real.get_abi_size(_LAYOUT)
    return vector


def _first(builder: Any, pointer: Any, index: Any, count: Any, rest: float = 0.0) -> Any:
    """Fewer than sixteen neighbours in the first lanes, `rest` in the others; no others are read."""
    real, number = pointer.type.pointee, ir.IntType(32)
    kind = ir.VectorType(real, 16)
    at = builder.bitcast(builder.gep(pointer, [index]), kind.as_pointer())
    lanes = ir.Constant(ir.VectorType(number, 16), [number(k) for k in range(16)])
    mask = builder.icmp_signed("<", lanes, _spread(builder, builder.trunc(count, number), 16))
    name = f"llvm.masked.load.v16{'f32' if isinstance(real, ir.FloatType) else 'f64'}.p0"
    signature = ir.FunctionType(kind, [kind.as_pointer(), number, mask.type, kind])
    load = cgutils.get_or_insert_function(builder.module, signature, name)
    align = number(real.get_abi_size(_LAYOUT))
    return builder.call(load, [at, align, mask, ir.Constant(kind, [real(rest)] * 16)])


def _spread(builder: Any, x: Any, lanes: int) -> Any:
    kind = ir.VectorType(x.type, lanes)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), x, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), mask)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", b, a), b, a)


def _fold(builder: Any, vector: Any, merge: Any) -> Any:
    """Lanes k and k + 8 meet first, then k and k + 4, k + 2, k + 1."""
    undefined = ir.Constant(vector.type, ir.Undefined)
    for half in (8, 4, 2, 1):
        mask = ir.Constant(ir.VectorType(ir.IntType(32), 16), [(k + half) % 16 for k in range(16)])
        vector = merge(builder, vector, builder.shuffle_vector(vector, undefined, mask))
    return builder.extract_element(vector, ir.IntType(32)(0))


def _windows(
    builder: Any, pointer: Any, n: Any, merge: Any, start: float, real: Any = None
) -> tuple[Any, Any]:
    """The whole windows of a run, merged in lanes of a type, that of the run if there is none; and where they end."""
    real = real or pointer.type.pointee
    kind = ir.VectorType(real, 16)
    with builder.goto_entry_block():
        lanes = builder.alloca(kind)
    builder.store(ir.Constant(kind, [real(start)] * 16), lanes)
    end = builder.and_(n, ir.IntType(64)(-16))
    with cgutils.for_range_slice(builder, ir.IntType(64)(0), end, ir.IntType(64)(16)) as (index, _):
        builder.store(merge(builder, builder.load(lanes), _sixteen(builder, pointer, index)), lanes)
    return builder.load(lanes), end


@intrinsic
def spread16(typingctx, p, x):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        real = args[1].type
        at = builder.bitcast(args[0], ir.VectorType(real, 16).as_pointer())
        builder.store(_spread(builder, args[1], 16), at, align=real.get_abi_size(_LAYOUT))
        return ir.IntType(64)(0)

    return types.int64(p, x), codegen


@intrinsic
def run_maximum(typingctx, p, n):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        lanes, end = _windows(builder, args[0], args[1], _larger, float("-inf"))
        left = _first(builder, args[0], end, builder.sub(args[1], end), float("-inf"))
        return _fold(builder, _larger(builder, lanes, left), _larger)

    return p.dtype(p, types.int64), codegen


@intrinsic
def run_sum(typingctx, p, n):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        # -0.0 is what leaves every number as it is
        lanes, end = _windows(builder, args[0], args[1], ir.IRBuilder.fadd, -0.0)
        left = _first(builder, args[0], end, builder.sub(args[1], end))
        return _fold(builder, builder.fadd(lanes, left), ir.IRBuilder.fadd)

    return p.dtype(p, types.int64), codegen


@intrinsic
def run_sum_wide(typingctx, p, n):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        wide = ir.VectorType(ir.DoubleType(), 16)

        def added(builder: Any, lanes: Any, more: Any) -> Any:
            return builder.fadd(lanes, more if more.type == wide else builder.fpext(more, wide))

        lanes, end = _windows(builder, args[0], args[1], added, -0.0, ir.DoubleType())
        left = _first(builder, args[0], end, builder.sub(args[1], end))
        return _fold(builder, added(builder, lanes, left), ir.IRBuilder.fadd)

    return types.float64(p, types.int64), codegen


@intrinsic
def will_need(typingctx, p, n):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        line = ir.IntType(64)(64 // args[0].type.pointee.get_abi_size(_LAYOUT))
        with cgutils.for_range_slice(builder, ir.IntType(64)(0), args[1], line) as (index, _):
            at = builder.bitcast(builder.gep(args[0], [index]), byte)
            builder.call(fetch, [at, number(0), number(2), number(1)])
        return ir.IntType(64)(0)

    return types.int64(p, types.int64), codegen


def _largest_word(real: types.Type, of_bits: Any) -> Any:
    """A word for the largest of numbers of 16 bits: as integers they are in order, see kernels/runs.h."""

    @intrinsic
    def word(typingctx, p, n):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            half = ir.IntType(16)

            def turned(u: Any) -> Any:
                return builder.xor(u, builder.and_(builder.ashr(u, half(15)), half(0x7FFF)))

            with builder.goto_entry_block():
                top = builder.alloca(half)
            builder.store(half(-0x8000), top)
            with cgutils.for_range(builder, args[1], intp=ir.IntType(64)) as loop:
                key, most = turned(builder.load(builder.gep(args[0], [loop.index]))), builder.load(top)
                builder.store(builder.select(builder.icmp_signed(">", key, most), key, most), top)
            bits = builder.zext(turned(builder.load(top)), ir.IntType(32))
            return context.cast(builder, of_bits(builder, bits), types.float32, real)

        return real(p, types.int64), codegen

    return word


@intrinsic
def infinite_float16(typingctx, p, n):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        half = ir.IntType(16)
        with builder.goto_entry_block():
            most = builder.alloca(half)
        builder.store(half(0), most)
        with cgutils.for_range(builder, args[1], intp=ir.IntType(64)) as loop:
            size = builder.and_(builder.load(builder.gep(args[0], [loop.index])), half(0x7FFF))
            known = builder.load(most)
            builder.store(builder.select(builder.icmp_signed(">", size, known), size, known), most)
        found = builder.icmp_signed(">=", builder.load(most), half(0x7C00))
        return builder.zext(found, ir.IntType(64))

    return types.int64(p, types.int64), codegen


def _eight(builder: Any, pointer: Any, index: Any) -> Any:
    """Eight neighbours from an index on, as one vector, and where they lie."""
    real = pointer.type.pointee
    at = builder.bitcast(builder.gep(pointer, [index]), ir.VectorType(real, 8).as_pointer())
    vector = builder.load(at)
    vector.align = real.get_abi_size(_LAYOUT)
    return vector, at


def _thirty_twos(builder: Any, n: Any) -> Any:
    """A loop over the first of each of n thirty-twos."""
    stop = builder.shl(n, ir.IntType(64)(5))
    return cgutils.for_range_slice(builder, ir.IntType(64)(0), stop, ir.IntType(64)(32))


@intrinsic
def add32(typingctx, p, n, lanes):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        values, count, sums = args
        wide, parts = ir.VectorType(ir.DoubleType(), 8), [ir.IntType(64)(k) for k in range(0, 32, 8)]
        with builder.goto_entry_block():
            kept = [builder.alloca(wide) for _ in parts]
        places = [_eight(builder, sums, k) for k in parts]
        for place, (before, _) in zip(kept, places, strict=True):
            builder.store(before, place)
        with _thirty_twos(builder, count) as (index, _):
            for place, k in zip(kept, parts, strict=True):
                more, _ = _eight(builder, values, builder.add(index, k))
                more = more if more.type == wide else builder.fpext(more, wide)
                builder.store(builder.fadd(builder.load(place), more), place)
        for place, (_, at) in zip(kept, places, strict=True):
            builder.store(builder.load(place), at, align=8)
        return ir.IntType(64)(0)

    return types.int64(p, types.int64, lanes), codegen


def _told(builder: Any, pointer: Any, n: Any, test: Any) -> Any:
    """1 if a test, of two vectors of eight, holds anywhere among n thirty-twos of neighbours."""
    kind = ir.VectorType(ir.IntType(1), 8)
    with builder.goto_entry_block():
        told = builder.alloca(kind)
    builder.store(ir.Constant(kind, [ir.IntType(1)(0)] * 8), told)
    with _thirty_twos(builder, n) as (index, _):
        parts = [_eight(builder, pointer, builder.add(index, ir.IntType(64)(k)))[0] for k in range(0, 32, 8)]
        found = builder.or_(test(*parts[:2]), test(*parts[2:]))
        builder.store(builder.or_(builder.load(told), found), told)
    signature = ir.FunctionType(ir.IntType(1), [kind])
    anywhere = cgutils.get_or_insert_function(builder.module, signature, "llvm.vector.reduce.or.v8i1")
    return builder.zext(builder.call(anywhere, [builder.load(told)]), ir.IntType(64))


def _ends_word(order: str) -> Any:
    """A word that tells whether a number is below one end, or above the other; unordered says that NaN is, too."""

    @intrinsic
    def word(typingctx, p, n, low, high):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            low, high = (_spread(builder, end, 8) for end in args[2:])

            def test(x: Any, y: Any) -> Any:
                compare = getattr(builder, f"fcmp_{order}")
                beyond = [compare(*ends) for each in (x, y) for ends in (("<", each, low), (">", each, high))]
                return builder.or_(builder.or_(*beyond[:2]), builder.or_(*beyond[2:]))

            return _told(builder, args[0], args[1], test)

        return types.int64(p, types.int64, p.dtype, p.dtype), codegen

    return word


outside32, beyond32 = _ends_word("unordered"), _ends_word("ordered")


@intrinsic
def nan32(typingctx, p, n):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return _told(builder, args[0], args[1], lambda x, y: builder.fcmp_unordered("uno", x, y))

    return types.int64(p, types.int64), codegen


def external(symbol: str, arguments: list[types.Type], returns: types.Type) -> Any:
    """A word that calls the C function registered under a symbol."""
    names = [f"a{k}" for k in range(len(arguments))]

    def typed(typingctx, *given):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            kind = ir.FunctionType(context.get_value_type(returns), [context.get_value_type(a) for a in arguments])
            function = cgutils.get_or_insert_function(builder.module, kind, symbol)
            return builder.call(function, args)

        return returns(*arguments), codegen

    scope: dict[str, Any] = {"typed": typed}
    exec(f"def call(typingctx, {', '.join(names)}):\n    return typed(typingctx, {', '.join(names)})", scope)
    return intrinsic(scope["call"])


def words(dtype: str) -> dict[str, Any]:
    """Everything that a text may call without it being a text itself, for one dtype of the data."""
    real = getattr(types, dtype)
    table: dict[str, Any] = {
        "offset": offset,
        "address": address,
        "array_data": array_data,
        "call_tile": call_tile,
        "call_gemm": call_gemm,
        "call_loop": call_loop,
        "give_back": give_back,
        "place_array": place_array,
        "take_memory": take_memory,
        "spread16": spread16,
        "run_maximum": run_maximum,
        "run_sum": run_sum,
        "run_sum_wide": run_sum_wide,
        "will_need": will_need,
        "add32": add32,
        "outside32": outside32,
        "beyond32": beyond32,
        "nan32": nan32,
        "infinite_float16": infinite_float16,
        **{f"largest_{name}": _largest_word(real, of) for name, (of, _) in HALVES.items()},
        "stack_reals": _stack_word(real),
        "stack_doubles": _stack_word(types.float64),
        "stack_ints": _stack_word(types.int64),
    }
    return table | view_words() | primitives(intrinsic, dtype)


assert np.intp(0).itemsize == 8
