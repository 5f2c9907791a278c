"""Numbers of 16 bits, float16 and bfloat16: read as numbers of the data's dtype, and written as the nearest ones."""

from __future__ import annotations

from .codes import F2
from .language import (
    Int,
    Reals,
    infinite_float16,
    noinline,
    of_bfloat16,
    of_finite_float16,
    of_float16,
    to_bfloat16,
    to_float16,
    uint16s,
)


@noinline
def widen(data: Int, code: Int, stride: Int, n: Int, out: Reals) -> Int:
    """Read n numbers, `stride` of them apart."""
    halves = uint16s(data)
    if code == F2 and stride == 1 and infinite_float16(halves, n) == 0:
        for i in range(n):
            out[i] = of_finite_float16(halves[i])
    elif code == F2:
        for i in range(n):
            out[i] = of_float16(halves[i * stride])
    else:
        for i in range(n):
            out[i] = of_bfloat16(halves[i * stride])
    return 0


@noinline
def narrow(data: Int, code: Int, stride: Int, n: Int, values: Reals) -> Int:
    """Write n values, `stride` numbers apart."""
    halves = uint16s(data)
    if code == F2:
        for i in range(n):
            halves[i * stride] = to_float16(values[i])
    else:
        for i in range(n):
            halves[i * stride] = to_bfloat16(values[i])
    return 0
