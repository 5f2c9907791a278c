"""Reading the lists of a problem and writing their slopes; the header of a problem is Ranked."""

from __future__ import annotations

from typing import Any

from ... import scalar
from ...loops import ranked
from ...loops.codes import WHOLE
from . import blocks, jit, reading


def list_texts(dtype: str) -> dict[str, Any]:
    """Reading entries of a list, where its scratch lies, and writing its slopes."""
    words = jit.words_of(dtype)
    real, double, ints, reals, doubles = (words[w] for w in ("real", "double", "ints", "reals", "doubles"))
    operands, rint = reading.named_texts(dtype), jit.typed(scalar.rint, dtype)
    put, bound_of = operands["put"], jit.of_loop(ranked.bound_of, dtype)

    @jit.jitable
    def fits(x, bounds):  # type: ignore[no-untyped-def]
        """Whether a target or an event is in its domain."""
        inside = x >= real(bounds.low) and x <= real(bounds.high)
        return inside and (bounds.check != WHOLE or x == rint(x))

    @jit.jitable
    def ints_of(c, k, begin):  # type: ignore[no-untyped-def]
        return ints(c.int_scratch + 8 * (k * c.rows + begin))

    @jit.jitable
    def reals_of(c, k, begin):  # type: ignore[no-untyped-def]
        return reals(c.real_scratch + 8 * (k * c.rows + begin))

    @jit.jitable
    def doubles_of(c, k, begin):  # type: ignore[no-untyped-def]
        return doubles(c.double_scratch + 8 * (k * c.rows + begin))

    @jit.jitable
    def put_slopes(c, row, slope, bend, factor):  # type: ignore[no-untyped-def]
        """Slope and curvature of a row, as far as they are wanted, times a factor."""
        if c.mode > 0:
            put(c.gradient, row, real(double(slope) * factor))
        if c.mode > 1:
            bent = double(bend)
            if c.bound == 1:
                bent = bound_of(bent, c.least)
            put(c.curvature, row, real(bent * factor))

    names = {"fits": fits, "ints_of": ints_of, "reals_of": reals_of, "doubles_of": doubles_of}
    return {**names, "put_slopes": put_slopes, **operands, **blocks.block_texts(dtype)}
