"""Reading the lists of a problem and writing their slopes; where what lies in its header, see ranked_kernels.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from . import blocks, jit, reading

GROUPS, EACH, PARTIALS, SCALE, WEIGHTED, WANTED, MODE, RANKS, EFRON, BOUND, EVENTS, POINTERS = range(12)
ROWS, PLACES, NUMBERS, DOUBLES = 12, 13, 14, 15
PRED, TARGET, EVENT, WEIGHT, VALUES, GRADIENT, CURVATURE, INTEGERS = 16, 19, 22, 25, 28, 31, 34, 37
# Numbers r: scale, least curvature, sigma, lowest and highest target and whether it is whole, the same of events.
LEAST, SIGMA, OF_TARGET, OF_EVENT, REALS = 1, 2, 3, 6, 9


def list_texts(dtype: str) -> dict[str, Any]:
    """Reading entries of a list, where its scratch lies, and writing its slopes."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, double, ints, reals, doubles = (words[w] for w in ("real", "double", "ints", "reals", "doubles"))
    operands = reading.operand_texts(words, jit.jitable)
    read, write = operands["read"], operands["write"]
    zero, two = number(0.0), number(2.0)
    whole_number = jit.typed(scalar.rint, dtype)

    @jit.jitable
    def entry(c, k, row):  # type: ignore[no-untyped-def]
        return read(c[k], c[k + 1], c[k + 2], zero, row)

    @jit.jitable
    def fits(x, r, k):  # type: ignore[no-untyped-def]
        """Whether a target or an event is in its domain."""
        inside = x >= real(r[k]) and x <= real(r[k + 1])
        return inside and (r[k + 2] == double(zero) or x == whole_number(x))

    @jit.jitable
    def places_of(c, k, begin):  # type: ignore[no-untyped-def]
        return ints(c[PLACES] + 8 * (k * c[ROWS] + begin))

    @jit.jitable
    def numbers_of(c, k, begin):  # type: ignore[no-untyped-def]
        return reals(c[NUMBERS] + 8 * (k * c[ROWS] + begin))

    @jit.jitable
    def doubles_of(c, k, begin):  # type: ignore[no-untyped-def]
        return doubles(c[DOUBLES] + 8 * (k * c[ROWS] + begin))

    @jit.jitable
    def put_slope(c, row, slope, factor):  # type: ignore[no-untyped-def]
        write(c[GRADIENT], c[GRADIENT + 2], row, real(double(slope) * factor))

    @jit.jitable
    def put_bend(c, r, row, bend, factor):  # type: ignore[no-untyped-def]
        bent = real(bend)
        if c[BOUND] == 1:
            bent = two * bent
            least = real(r[LEAST])
            bent = least if bent < least else bent
        write(c[CURVATURE], c[CURVATURE + 2], row, real(double(bent) * factor))

    names = {"entry": entry, "fits": fits, "put_slope": put_slope, "put_bend": put_bend, "write": write}
    return names | {"places_of": places_of, "numbers_of": numbers_of, "doubles_of": doubles_of}


def all_texts(dtype: str) -> dict[str, Any]:
    """Everything above, and `within` and `close_block`."""
    return {**list_texts(dtype), **blocks.block_texts(dtype)}
