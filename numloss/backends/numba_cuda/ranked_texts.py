"""Reading the lists of a problem and writing their slopes; the header of a problem is Ranked."""

from __future__ import annotations

from typing import Any

from ...loops import operands, ranked
from . import blocks, jit, reading


def list_texts(dtype: str) -> dict[str, Any]:
    """Reading entries of a list, where its scratch lies, and writing its slopes."""
    words = jit.words_of(dtype)
    real, double, ints, reals, doubles = (words[w] for w in ("real", "double", "ints", "reals", "doubles"))
    write, outside = reading.texts_of(dtype)["write"], jit.of_loop(operands.outside, dtype)
    bound_of = jit.of_loop(ranked.bound_of, dtype)

    @jit.jitable
    def unfit(x, bounds):  # type: ignore[no-untyped-def]
        """Whether a target or an event is outside its domain."""
        return outside(x, bounds.check, real(bounds.low), real(bounds.high)) == 1

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
            write(c.gradient, row, real(double(slope) * factor))
        if c.mode > 1:
            bent = double(bend)
            if c.bound == 1:
                bent = bound_of(bent, c.least)
            write(c.curvature, row, real(bent * factor))

    names = {"unfit": unfit, "ints_of": ints_of, "reals_of": reals_of, "doubles_of": doubles_of}
    return {**names, "put_slopes": put_slopes, **reading.texts_of(dtype), **blocks.block_texts(dtype)}
