"""The embedding family: a law of sums over the entries of two or three vectors, and of what is known of the row.

Its header is Embedding of headers/; the kinds of sums are in codes.py.
"""

from __future__ import annotations

from .codes import DISTANCES, NOTHING, OWN_SQUARES, PRODUCTS, SQUARES, UNCHECKED, UNWEIGHTED
from .elementwise import weight_factors, weight_tile
from .embedding_sums import (
    pull_apart,
    pull_both,
    stretch,
    sum_of_distances,
    sum_of_products,
    sum_of_squares,
    term,
)
from .headers import Embedding, Result, Vectors, VectorSum
from .language import (
    Double,
    Int,
    Real,
    Reals,
    address,
    array_data,
    call_tile,
    double,
    integer,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch, first_outside
from .rowwise_parts import clear_row
from .sums import add_values, add_weighted, begin_block, block_stop, clear, fold, report


def row_of(o: Vectors, row: Int) -> Reals:
    """Where a row of an array begins."""
    return offset(reals(array_data(o.operand.array)), row * o.per_row)


@noinline
def add_up_rows(c: Embedding, of: VectorSum, start: Int, n: Int, sums: Reals) -> Int:
    """A sum of n rows."""
    one = c.vectors[of.one]
    other = c.vectors[of.other]
    stride_a = one.per_row
    stride_b = other.per_row
    step_a = one.per_entry
    step_b = other.per_entry
    kind = of.kind
    size = c.entries
    a = row_of(one, start)
    b = row_of(other, start)
    for i in range(n):
        x = offset(a, i * stride_a)
        y = offset(b, i * stride_b)
        if kind == SQUARES:
            sums[i] = real(sum_of_squares(x, step_a, y, step_b, size))
        elif kind == DISTANCES:
            sums[i] = real(sum_of_distances(x, step_a, y, step_b, size))
        elif kind != NOTHING:
            sums[i] = real(sum_of_products(x, step_a, y, step_b, size))
        else:
            sums[i] = 0.0
    return 0


def unit_of(total: Real, itemsize: Int) -> Real:
    """A power of two to divide entries by whose squares add up to this: 1, unless they overflow or vanish."""
    small = double(7.888609052210118e-31)
    large = double(1.2676506002282294e30)
    low = small * double(1024.0)
    high = large * double(1048576.0)
    if itemsize == 8:
        # what float32 cannot write: 2^-600 and 2^600, for sums beyond 2^-900 and 2^900
        low = small * small * small
        high = large * large * large
        small = low * low
        large = high * high
        low = small * low
        high = large * high
    return real(small) if total <= real(low) else real(large) if total >= real(high) else 1.0


@noinline
def sum_in_units(
    kind: Int, a: Reals, step_a: Int, one: Real, b: Reals, step_b: Int, other: Real, size: Int
) -> Double:  # fmt: skip
    """A sum over the entries of two vectors that are multiplied by powers of two first."""
    total = double(0.0)
    for j in range(size):
        total = total + double(term(kind, a[j * step_a] * one, b[j * step_b] * other))
    return total


@noinline
def measure_row_in_units(c: Embedding, row: Int, i: Int, sums: Reals, units: Reals) -> Int:
    """The sums of a row, row i of its tile, once more; those of squares in their own units, products in those of both.

    `units` has a unit for each vector of each sum.
    """
    own = stack_reals(3)
    for v in range(3):
        own[v] = 1.0
    for k in range(c.sum_count):
        of = c.sums[k]
        unit = real(1.0)
        if of.kind == SQUARES or (of.one == of.other and of.kind != NOTHING):
            unit = unit_of(sums[512 * k + i], c.itemsize)
        if of.one == of.other:
            own[of.one] = unit
        units[1024 * k + i] = unit
        units[1024 * k + 512 + i] = unit
    for k in range(c.sum_count):
        of = c.sums[k]
        one = c.vectors[of.one]
        other = c.vectors[of.other]
        if of.kind == PRODUCTS:
            units[1024 * k + i] = own[of.one]
            units[1024 * k + 512 + i] = own[of.other]
        if of.kind == SQUARES or of.kind == PRODUCTS or of.kind == OWN_SQUARES:
            total = sum_in_units(
                of.kind, row_of(one, row), one.per_entry, 1.0 / units[1024 * k + i], row_of(other, row),
                other.per_entry, 1.0 / units[1024 * k + 512 + i], c.entries,
            )  # fmt: skip
            sums[512 * k + i] = real(total)
    return 0


@noinline
def settle_units(c: Embedding, start: Int, n: Int, sums: Reals, units: Reals) -> Int:
    """Rows whose squares overflow or vanish are measured in units of their own; returns whether there are any."""
    some = 0
    for k in range(c.sum_count):
        for i in range(n):
            units[1024 * k + i] = 1.0
            units[1024 * k + 512 + i] = 1.0
    for i in range(n):
        extreme = 0
        for k in range(c.sum_count):
            of = c.sums[k]
            if of.kind == SQUARES or (of.one == of.other and of.kind != NOTHING and of.kind != DISTANCES):
                if unit_of(sums[512 * k + i], c.itemsize) != 1.0:
                    extreme = 1
        if extreme == 1:
            measure_row_in_units(c, start + i, i, sums, units)
            some = 1
    return some


@noinline
def pull_in_units(
    kind: Int, itself: Int, a: Reals, step_a: Int, one: Real, b: Reals, step_b: Int, other: Real, size: Int,
    slope: Real, ga: Reals, to_a: Int, gb: Reals, to_b: Int,
) -> Int:  # fmt: skip
    """Add the slopes of a sum of entries times powers of two to the gradients."""
    for j in range(size):
        x = a[j * step_a] * one
        y = b[j * step_b] * other
        if kind == SQUARES:
            away = 2.0 * slope * (x - y)
            ga[j * to_a] = ga[j * to_a] + away
            gb[j * to_b] = gb[j * to_b] - away
        elif kind == OWN_SQUARES:
            ga[j * to_a] = ga[j * to_a] + 2.0 * slope * x
        elif itself == 1:
            ga[j * to_a] = ga[j * to_a] + 2.0 * slope * x * one
        else:
            ga[j * to_a] = ga[j * to_a] + slope * y * one
            gb[j * to_b] = gb[j * to_b] + slope * x * other
    return 0


@noinline
def spread_slopes(c: Embedding, of: VectorSum, start: Int, n: Int, slopes: Reals, units: Reals) -> Int:
    """Add the slopes of a sum of n rows to the gradients of its vectors, which are in units."""
    one = c.vectors[of.one]
    other = c.vectors[of.other]
    to_one = c.gradients[of.one]
    to_other = c.gradients[of.other]
    stride_a = one.per_row
    stride_b = other.per_row
    row_a = to_one.per_row
    row_b = to_other.per_row
    step_a = one.per_entry
    step_b = other.per_entry
    to_a = to_one.per_entry
    to_b = to_other.per_entry
    first_a = of.first_of_one
    first_b = of.first_of_other
    itself = integer(of.one == of.other)
    kind = of.kind
    size = c.entries
    a = row_of(one, start)
    b = row_of(other, start)
    ga = row_of(to_one, start)
    gb = row_of(to_other, start)
    for i in range(n):
        x = offset(a, i * stride_a)
        y = offset(b, i * stride_b)
        gx = offset(ga, i * row_a)
        gy = offset(gb, i * row_b)
        plain = units[i] == 1.0 and units[512 + i] == 1.0
        pulls = slopes[i] != 0.0
        if plain and pulls and kind == SQUARES and first_a + first_b == 2:
            # memory that is only written is not read before
            pull_apart(x, step_a, y, step_b, size, slopes[i], gx, to_a, gy, to_b)
        elif kind != NOTHING:
            if first_a == 1:
                clear_row(size, to_a, gx)
            if first_b == 1:
                clear_row(size, to_b, gy)
            if pulls and not plain:
                pull_in_units(
                    kind, itself, x, step_a, 1.0 / units[i], y, step_b, 1.0 / units[512 + i], size, slopes[i], gx,
                    to_a, gy, to_b,
                )  # fmt: skip
            elif pulls and itself == 1:
                stretch(x, step_a, size, slopes[i], gx, to_a)
            elif pulls:
                pull_both(kind, x, step_a, y, step_b, size, slopes[i], gx, to_a, gy, to_b)
    return 0


def rows_of_tile(c: Embedding, start: Int, stop: Int) -> Int:
    """Few enough rows that their vectors are still in cache when the gradient reads them again."""
    most = 4096 // c.entries if c.entries < 4096 else 1
    if most > 512:
        most = 512
    return stop - start if stop - start < most else most


def embedding_block(c: Embedding, partial: Result, block: Int) -> Int:
    """Evaluate one block of rows."""
    sum_count = c.sum_count
    scale = real(c.scale)
    params = stack_reals(16)
    for k in range(c.param_count):
        params[k] = real(c.params[k])
    pointers = stack_ints(12)
    sums = stack_reals(1536)
    units = stack_reals(3072)
    buffer = stack_reals(512)
    values = stack_reals(512)
    slopes = stack_reals(1536)
    weights = stack_reals(512)
    factors = stack_reals(512)
    lanes = stack_doubles(32)
    weight_lanes = stack_doubles(32)
    clear(lanes)
    clear(weight_lanes)
    begin_block(partial)
    stop = block_stop(c.elements, c.block, block)
    start = block * c.block
    while start < stop:
        n = rows_of_tile(c, start, stop)
        at = sum_count
        for k in range(sum_count):
            add_up_rows(c, c.sums[k], start, n, offset(sums, 512 * k))
            pointers[k] = address(offset(sums, 512 * k))
        settle_units(c, start, n, sums, units)
        if c.units == 1:
            for k in range(sum_count):
                pointers[at + k] = address(offset(units, 1024 * k))
            at = at + sum_count
        if c.bounds.check != UNCHECKED:
            known = fetch(c.known, c.itemsize, 0.0, start, n, buffer)
            bad = first_outside(known, n, c.bounds.check, real(c.bounds.low), real(c.bounds.high))
            if bad >= 0:
                # what is known is the input after the vectors
                report(partial, start + bad, c.vector_count)
            pointers[at] = address(known)
            at = at + 1
        pointers[at] = address(values)
        for k in range(sum_count):
            pointers[at + 1 + k] = address(offset(slopes, 512 * k))
        call_tile(c.tile, pointers, params, n)
        w = values
        if c.weighted != UNWEIGHTED:
            w = weight_tile(c.weight, c.weighted, c.itemsize, start, n, weights, weight_lanes, partial)
            add_weighted(values, w, n, lanes)
            for i in range(n):
                values[i] = values[i] * w[i] if w[i] > 0.0 else 0.0
            weight_factors(w, n, c.scale, factors)
        else:
            add_values(values, n, lanes)
        if c.unreduced == 1:
            deliver(c.values, start, n, values, 0)
        if c.sloped == 1:
            weighted = c.weighted
            for k in range(sum_count):
                slope = offset(slopes, 512 * k)
                for i in range(n):
                    factor = factors[i] if weighted != UNWEIGHTED else scale
                    slope[i] = slope[i] * factor if weighted == UNWEIGHTED or w[i] != 0.0 else 0.0
                spread_slopes(c, c.sums[k], start, n, slope, offset(units, 1024 * k))
        start = start + n
    partial.value = fold(lanes)
    partial.weight = fold(weight_lanes)
    return 0
