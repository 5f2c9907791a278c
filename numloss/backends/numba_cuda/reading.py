"""Reading and writing single elements of operands, as functions for the device.

An operand is that of numloss/loops/headers; what it has for its array is the address of the data.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from ...loops import operands
from ...loops.codes import B2, DATA, EVERYWHERE, F2, IN_ORDER, TABLE
from ...loops.headers import Operand
from . import jit
from .elementwise_codegen import EIGHT


def width_of(operands: Iterable[Operand], itemsize: int) -> int:
    """How many neighbours a thread may take at a time: those in 128 bits of the data's dtype, eight where some operands
    have 16 bits, or one."""
    widest = 16 // itemsize
    for o in operands:
        halves = o.kind in (F2, B2)
        alone = o.kind == TABLE or ((o.kind == DATA or halves) and o.layout in (IN_ORDER, EVERYWHERE))
        if o.array % 16 or not alone or (halves and itemsize != 4):
            return 1
        widest = EIGHT if halves else widest
    return widest


@functools.cache
def native(dtype: str) -> dict[str, Any]:
    """`read` and `write` where every operand is a constant or in C order and of the dtype of the data."""
    reals = jit.words_of(dtype)["reals"]

    @jit.jitable
    def read(o, constant, at):  # type: ignore[no-untyped-def]
        if o.layout == EVERYWHERE:
            return constant
        return reals(o.array)[at]

    @jit.jitable
    def write(o, at, value):  # type: ignore[no-untyped-def]
        reals(o.array)[at] = value

    return {"read": read, "write": write}


@functools.cache
def eights() -> dict[str, Any]:
    """`load_eight` and `store_eight` for operands of float32 or of 16 bits in C order, or a constant."""
    words = jit.words_of("float32")
    reals, uint16s, load, store = (words[name] for name in ("reals", "uint16s", "load_vector", "store_vector"))
    of_float16, of_bfloat16 = words["of_float16"], words["of_bfloat16"]
    to_float16, to_bfloat16 = words["to_float16"], words["to_bfloat16"]

    @jit.jitable
    def load_eight(o, constant, at):  # type: ignore[no-untyped-def]
        if o.layout == EVERYWHERE:
            return constant, constant, constant, constant, constant, constant, constant, constant
        if o.kind == DATA:
            a, b = load(reals(o.array), at), load(reals(o.array), at + 4)
            return a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]
        u = load(uint16s(o.array), at)
        if o.kind == F2:
            a = of_float16(u[0]), of_float16(u[1]), of_float16(u[2]), of_float16(u[3])
            b = of_float16(u[4]), of_float16(u[5]), of_float16(u[6]), of_float16(u[7])
        else:
            a = of_bfloat16(u[0]), of_bfloat16(u[1]), of_bfloat16(u[2]), of_bfloat16(u[3])
            b = of_bfloat16(u[4]), of_bfloat16(u[5]), of_bfloat16(u[6]), of_bfloat16(u[7])
        return a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]

    @jit.jitable
    def store_eight(o, at, x):  # type: ignore[no-untyped-def]
        if o.kind == DATA:
            store(reals(o.array), at, (x[0], x[1], x[2], x[3]))
            store(reals(o.array), at + 4, (x[4], x[5], x[6], x[7]))
            return
        if o.kind == F2:
            a = to_float16(x[0]), to_float16(x[1]), to_float16(x[2]), to_float16(x[3])
            b = to_float16(x[4]), to_float16(x[5]), to_float16(x[6]), to_float16(x[7])
        else:
            a = to_bfloat16(x[0]), to_bfloat16(x[1]), to_bfloat16(x[2]), to_bfloat16(x[3])
            b = to_bfloat16(x[4]), to_bfloat16(x[5]), to_bfloat16(x[6]), to_bfloat16(x[7])
        store(uint16s(o.array), at, (a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]))

    return {"load_eight": load_eight, "store_eight": store_eight}


@functools.cache
def texts_of(dtype: str) -> dict[str, Any]:
    """`read`, `write` and `read_label` for operands of any dtype and layout; `element` and `shift`, by address."""
    words = jit.words_of(dtype)
    reals, ints, uint16s = words["reals"], words["ints"], words["uint16s"]
    to_float16, to_bfloat16 = words["to_float16"], words["to_bfloat16"]
    element, label, columns_of, column_of = (
        jit.of_loop(text, dtype)
        for text in (operands.element, operands.label, operands.columns_of, operands.column_of)
    )

    @jit.jitable
    def shift(layout, at):  # type: ignore[no-untyped-def]
        """Offset in bytes of the element `at`, counted in C order."""
        described = ints(layout)
        axes = described[0]
        found = at - at
        for k in range(axes):
            axis = axes - 1 - k
            size = described[1 + axis]
            found = found + (at % size) * described[1 + axes + axis]
            at = at // size
        return found

    @jit.jitable
    def place(o, at):  # type: ignore[no-untyped-def]
        """An address, and how many elements behind it the element `at` is, counted in C order."""
        if o.layout == IN_ORDER:
            return o.array, at
        if o.layout < IN_ORDER:
            return o.array, at * columns_of(o.layout) + column_of(o.layout)
        return o.array + shift(o.layout, at), at - at

    @jit.jitable
    def read(o, constant, at):  # type: ignore[no-untyped-def]
        if o.layout == EVERYWHERE:
            return constant
        data, index = place(o, at)
        return element(data, o.kind, index)

    @jit.jitable
    def write(o, at, value):  # type: ignore[no-untyped-def]
        data, index = place(o, at)
        if o.kind == DATA:
            reals(data)[index] = value
        elif o.kind == F2:
            uint16s(data)[index] = to_float16(value)
        else:
            uint16s(data)[index] = to_bfloat16(value)

    @jit.jitable
    def read_label(o, at):  # type: ignore[no-untyped-def]
        data, index = place(o, at)
        return label(data, o.kind, index)

    return {"read": read, "write": write, "read_label": read_label, "element": element, "shift": shift}
