"""What a thread does with a pair of points of two clouds, and the headers of kernels of clouds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...loops.headers import Double, Header, Int
from . import jit


@dataclass
class Points(Header):
    """A cloud: its address, and bytes from sample to sample, from point to point, and from entry to entry."""

    address: Int
    sample: Int
    down: Int
    across: Int


@dataclass
class Walked(Header):
    """Points of one cloud, each with all of another, in each of so many samples.

    The law takes `scales` rows of `count` parameters; `own`: no point is compared with itself. What else there is are
    addresses of doubles: the unit of each sample; sums and slopes of points, to which gradients times a factor and what
    the sample counts with are added. In a plan of transport: `rates` of each sample, potentials and masses of both
    clouds, and new potentials, which are two thirds of the way to what they ought to be if `partly`; what is settled
    stays.
    """

    rows: Int
    columns: Int
    entries: Int
    scales: Int
    count: Int
    own: Int
    plan: Int
    partly: Int
    units: Int
    params: Int
    counts: Int
    sums: Int
    slopes: Int
    rates: Int
    potentials: Int
    updated: Int
    others: Int
    masses: Int
    other_masses: Int
    settled: Int
    factor: Double


def pair_texts(law: Any, count: int, dtype: str) -> tuple[Any, Any]:
    """`squared_of`, the squared distance of two points in their unit; `law_of`, the value of the law and its pull."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    reals, real, doubles = words["reals"], words["real"], words["doubles"]
    fma, zero, one = words["fma"], number(0.0), np.float64(1.0)
    scope: dict[str, Any] = {"__name__": law.__name__, "law": jit.typed(law, dtype), "real": real}
    values = "".join(f", real(given[at + {k}])" for k in range(count))
    text = f"def scaled(squared, unit, given, at):\n    return law(squared, real(unit){values})\n"
    scaled = jit.generated(text, "scaled", scope)

    @jit.jitable
    def entry(o, sample, row, k, inverse):  # type: ignore[no-untyped-def]
        return reals(o.address + sample * o.sample + row * o.down + k * o.across)[0] * inverse

    @jit.jitable
    def squared_of(c, x, y, sample, row, column):  # type: ignore[no-untyped-def]
        inverse = real(one / doubles(c.units)[sample])
        total = zero
        for k in range(c.entries):
            d = entry(x, sample, row, k, inverse) - entry(y, sample, column, k, inverse)
            total = fma(d, d, total)
        return total

    @jit.jitable
    def law_of(c, sample, squared):  # type: ignore[no-untyped-def]
        value, pull = zero, zero
        unit = doubles(c.units)[sample]
        for scale in range(c.scales):
            more, more_pull, _ = scaled(squared, unit, doubles(c.params), scale * c.count)
            value += more
            pull += more_pull
        return value, pull

    return squared_of, law_of
