"""Reading and writing single elements of arrays of any dtype and layout, as functions for the device.

An operand is three integers, as in numloss/loops/operands.py: its address, the code of its dtype (0: the dtype of
the data), and its layout. A layout of 0 means C order; -1 means a constant; else it is the address, on the device,
of the number of axes, the shape, and the strides in bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CONSTANT = -1


def native_texts(word: dict[str, Any], jitable: Callable[[Any], Any]) -> dict[str, Any]:
    """`read` and `write` where every operand is a constant or in C order and of the dtype of the data."""
    reals = word["reals"]

    @jitable
    def read(address, code, layout, constant, at):  # type: ignore[no-untyped-def]
        if layout == CONSTANT:
            return constant
        return reals(address)[at]

    @jitable
    def write(address, layout, at, value):  # type: ignore[no-untyped-def]
        reals(address)[at] = value

    return {"read": read, "write": write}


def operand_texts(word: dict[str, Any], jitable: Callable[[Any], Any]) -> dict[str, Any]:
    """`read` and `write` for operands of any dtype and layout."""
    real, integer, reals, ints = word["real"], word["integer"], word["reals"], word["ints"]
    float32s, float64s = word["float32s"], word["float64s"]
    int8s, int16s, int32s, int64s = word["int8s"], word["int16s"], word["int32s"], word["int64s"]
    uint8s, uint16s, uint32s, uint64s = word["uint8s"], word["uint16s"], word["uint32s"], word["uint64s"]

    @jitable
    def place(layout, at):  # type: ignore[no-untyped-def]
        """Offset in bytes of the element `at`, counted in C order."""
        described = ints(layout)
        axes = described[0]
        shift = at - at
        for k in range(axes):
            axis = axes - 1 - k
            size = described[1 + axis]
            shift = shift + (at % size) * described[1 + axes + axis]
            at = at // size
        return shift

    @jitable
    def convert(address, code, at):  # type: ignore[no-untyped-def]
        """Element `at` of contiguous memory of the dtype `code`."""
        if code == 0:
            return reals(address)[at]
        if code == 1:
            return real(float32s(address)[at])
        if code == 2:
            return real(float64s(address)[at])
        if code == 3:
            return real(int8s(address)[at])
        if code == 4:
            return real(uint8s(address)[at])
        if code == 5:
            return real(int16s(address)[at])
        if code == 6:
            return real(uint16s(address)[at])
        if code == 7:
            return real(int32s(address)[at])
        if code == 8:
            return real(uint32s(address)[at])
        if code == 9:
            return real(int64s(address)[at])
        return real(uint64s(address)[at])

    @jitable
    def read(address, code, layout, constant, at):  # type: ignore[no-untyped-def]
        """Element `at`, counted in C order, of an operand."""
        if layout == CONSTANT:
            return constant
        if layout == 0:
            return convert(address, code, at)
        return convert(address + place(layout, at), code, at - at)

    @jitable
    def write(address, layout, at, value):  # type: ignore[no-untyped-def]
        """Write element `at`, counted in C order, of an array of the dtype of the data."""
        if layout == 0:
            reals(address)[at] = value
        else:
            reals(address + place(layout, at))[0] = value

    @jitable
    def read_label(address, code, layout, at):  # type: ignore[no-untyped-def]
        """Element `at` as an int64; an unsigned label too large for it becomes negative, hence out of range."""
        if layout != 0:
            address = address + place(layout, at)
            at = at - at
        if code == 9 or code == 10:
            return integer(int64s(address)[at])
        if code == 7:
            return integer(int32s(address)[at])
        if code == 8:
            return integer(uint32s(address)[at])
        if code == 5:
            return integer(int16s(address)[at])
        if code == 6:
            return integer(uint16s(address)[at])
        if code == 3:
            return integer(int8s(address)[at])
        return integer(uint8s(address)[at])

    return {"read": read, "write": write, "place": place, "convert": convert, "read_label": read_label}
