"""Kernels in compiled functions: where they are, told when they are first called; headers, operands, and blocks."""

from __future__ import annotations

import functools
import hashlib
from typing import Any, ClassVar

from llvmlite import ir
from numba import njit, objmode, types
from numba.core import cgutils
from numba.core.extending import intrinsic
from numba.extending import register_jitable

from ...backends.numba_cpu.intrinsics import ARRAY_DATA_OFFSET, words
from ...errors import BackendUnavailable
from ...loops.codes import IN_ORDER
from ...loops.fingerprint import PACKAGE
from ...loops.headers import HEADERS
from ...registry import Loss
from ...version import __version__

WORDS = words("float64")
address, call_loop, ints, offset = (WORDS[name] for name in ("address", "call_loop", "ints", "offset"))
stack_ints = WORDS["stack_ints"]
Result = WORDS["Result"]
OPTIONS = {"error_model": "numpy"}
# What code that was kept on disk must agree with: how headers are filled here and read by loops, and what losses take.
TEXTS = [text for room in ("adapters/numba", "loops", "losses") for text in sorted((PACKAGE / room).rglob("*.py"))]
STAMP = hashlib.sha256(b"".join(text.read_bytes() for text in TEXTS) + __version__.encode()).hexdigest()[:16]


class Outdated(OSError):
    """Code that was kept on disk is of another numloss; to Numba it is a file that is not there, and it compiles."""


class Stamp:
    """What compiled code carries with it: it is not read from disk by another numloss."""

    def __reduce__(self) -> Any:
        return stamped, (STAMP,)


def stamped(stamp: str) -> Stamp:
    """The stamp of code that is read from disk."""
    if stamp != STAMP:
        raise Outdated("compiled for another version of numloss")
    return Stamp()


@functools.cache
def backend_for(own: bool) -> Any:
    """The backend whose kernels compiled functions call: what was built with the package, if that is there."""
    from ...dispatch import load

    try:
        return load("numba" if own else "cython")
    except BackendUnavailable:
        return load("numba")


class Found:
    """A loss, or what computes something of one, as compiled code refers to it: a law of a user's own by number."""

    own: ClassVar[dict[int, Any]] = {}

    def __init__(self, what: Any, loss: Loss | None) -> None:
        self.what, self.loss = what, loss

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.what(*args, **kwargs)

    def __reduce__(self) -> Any:
        if self.loss is None or self.loss.task != "yours":
            return Found, (self.what, self.loss)
        self.own[id(self)] = self
        return found_again, (id(self), self.loss.name)


def found_again(number: int, name: str) -> Found:
    """What this process has under a number."""
    if number not in Found.own:
        raise RuntimeError(f"{name} is a law of another process: a function that calls it cannot have cache=True")
    found: Found = Found.own[number]
    return found


def address_in(loss: Loss | None, loop: str, dtype: str) -> int:
    """The address of a loop, or of the tile of a loss."""
    if loss is None:
        return int(backend_for(False).loop(loop, dtype))
    return int(backend_for(loss.task == "yours").tile(loss, dtype, 0))


@functools.cache
def kernel(loss: Loss | None, loop: str, dtype: str) -> Any:
    """A compiled function that gives the address of a loop, or of the tile of a loss where no loop is named.

    It asks Python once, and keeps the address in memory of its own: code that was kept on disk begins without one.
    """
    if loss is not None and loss.task == "yours":
        return own_tile(loss, dtype)
    find, name = Found(functools.partial(address_in, loss, loop, dtype), loss), f"numloss_{loop}_{dtype}"

    @intrinsic
    def looked_up(typingctx):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            word = ir.IntType(64)
            slot = ir.GlobalVariable(builder.module, word, builder.module.get_unique_name(name))
            slot.initializer, slot.linkage = word(0), "internal"
            context.get_env_manager(builder).add_const(Stamp())
            with builder.if_then(builder.icmp_unsigned("==", builder.load(slot), word(0)), likely=False):
                pyapi = context.get_python_api(builder)
                gil = pyapi.gil_ensure()
                finder = pyapi.unserialize(pyapi.serialize_object(find))
                found = pyapi.call_function_objargs(finder, ())
                missing = cgutils.is_null(builder, found)
                with builder.if_then(missing, likely=False):
                    pyapi.decref(finder)
                    pyapi.gil_release(gil)
                    context.call_conv.return_exc(builder)
                builder.store(pyapi.long_as_longlong(found), slot)
                pyapi.decref(found)
                pyapi.decref(finder)
                pyapi.gil_release(gil)
            return builder.load(slot)

        return types.int64(), codegen

    @njit(**OPTIONS)
    def address_of():  # type: ignore[no-untyped-def]
        return looked_up()  # type: ignore[call-arg]

    return address_of


def own_tile(loss: Loss, dtype: str) -> Any:
    """A compiled function that gives the address of the tile of an own law; what calls it is not kept on disk."""
    at = address_in(loss, "", dtype)

    @intrinsic
    def known(typingctx):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.ptrtoint(context.add_dynamic_addr(builder, at, info=loss.name), ir.IntType(64))

        return types.int64(), codegen

    @njit(**OPTIONS)
    def address_of():  # type: ignore[no-untyped-def]
        return known()  # type: ignore[call-arg]

    return address_of


def through_python(called: Found, taken: str, given: str, result: types.Type) -> Any:
    """A compiled function that calls one of Python: what it takes, what that is given, the type of what it gives."""
    text = f"""
def closed(_called):
    def in_python({taken}):
        with _objmode(_found=_kind):
            _found = _called({given})
        return _found
    return in_python
"""
    scope: dict[str, Any] = {"_objmode": objmode, "_kind": result, "__name__": __name__}
    # what the block refers to is closed over: Numba would look for globals in the module of that name
    exec(text, scope)
    return njit(**OPTIONS)(scope["closed"](called))


@intrinsic
def data_of(typingctx, array):  # type: ignore[no-untyped-def]
    """The address of the data of an array."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        found = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.ptrtoint(found.data, ir.IntType(64))

    return types.int64(array), codegen


@register_jitable
def cleared(header, size):  # type: ignore[no-untyped-def]
    """Fill a header with zeros."""
    at = ints(address(header))
    for k in range(size):
        at[k] = 0


@register_jitable
def head_at(heads, k):  # type: ignore[no-untyped-def]
    """What loops take for an array object, whose data is the k-th address of a list."""
    return address(heads) + 8 * k - ARRAY_DATA_OFFSET


@register_jitable
def plain(operand, heads, k, data, kind):  # type: ignore[no-untyped-def]
    """Fill an operand of an array in C order."""
    heads[k] = data
    operand.array = head_at(heads, k)
    operand.kind = kind
    operand.layout = IN_ORDER


@register_jitable
def strided(operand, heads, k, data, kind, shape, strides, size, flipped, layouts):  # type: ignore[no-untyped-def]
    """Fill an operand of an array of any strides, seen transposed if `flipped`; its layout is the k-th of a list."""
    plain(operand, heads, k, data, kind)
    axes = len(shape)
    layout = offset(layouts, k * (2 * axes + 1))
    layout[0] = axes
    expected, dense = size, True
    for j in range(axes):
        at = j if flipped else axes - 1 - j
        layout[axes - j] = shape[at]
        layout[2 * axes - j] = strides[at]
        dense = dense and (shape[at] == 1 or strides[at] == expected)
        expected *= shape[at]
    if not dense:
        operand.layout = address(layout)


@register_jitable
def is_flipped(array):  # type: ignore[no-untyped-def]
    """Whether the memory of an array is in Fortran order and not in C order."""
    rows = columns = array.itemsize
    in_c = in_f = True
    for k in range(array.ndim):
        j = array.ndim - 1 - k
        in_f = in_f and (array.shape[k] == 1 or array.strides[k] == columns)
        in_c = in_c and (array.shape[j] == 1 or array.strides[j] == rows)
        columns *= array.shape[k]
        rows *= array.shape[j]
    return in_f and not in_c and array.size > 0


@njit(**OPTIONS)
def run_blocks(loop, problem, blocks):  # type: ignore[no-untyped-def]
    """The sums of values and weights over all blocks, and whether one of them found something to complain about."""
    partial = Result()
    value = weight = 0.0
    for block in range(blocks):
        call_loop(loop, problem, address(partial), block)
        if partial.bad_at >= 0:
            return 0.0, 0.0, True
        value += partial.value
        weight += partial.weight
    return value, weight, False


@register_jitable
def mean_of(value, total):  # type: ignore[no-untyped-def]
    """A sum divided by what counts."""
    return value / total if total > 0.0 else 0.0


@register_jitable
def is_ordinary(total, count):  # type: ignore[no-untyped-def]
    """Whether weights of this sum are such that nothing has to be done about their sizes, as calls/balance.py does."""
    return count * 2.0**-80 <= total <= 2.0**100


def header_words(name: str) -> int:
    """How many words a header has."""
    return HEADERS[name].size() // 8


KERNEL_WORDS = {
    **{f"_{name}": word for name, word in WORDS.items() if name in HEADERS},
    **{"_address": address, "_stack_ints": stack_ints, "_offset": offset, "_data_of": data_of, "_cleared": cleared},
    **{"_head_at": head_at, "_plain": plain, "_strided": strided, "_is_flipped": is_flipped, "_run_blocks": run_blocks},
    **{"_mean_of": mean_of, "_is_ordinary": is_ordinary},
}
