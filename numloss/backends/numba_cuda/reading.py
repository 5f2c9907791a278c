"""Reading and writing single elements of operands, as functions for the device.

An operand is that of numloss/loops/headers; what it has for its array is the address of the data.
"""

from __future__ import annotations

import functools
from typing import Any

from ...loops import operands
from ...loops.codes import DATA, EVERYWHERE, F2, IN_ORDER, TABLE
from ...loops.headers import Operand
from . import jit


def wide(o: Operand) -> bool:
    """True if an operand may be read and written by 128 bits, or is not at all."""
    return o.array % 16 == 0 and (o.kind == TABLE or (o.kind == DATA and o.layout in (IN_ORDER, EVERYWHERE)))


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
