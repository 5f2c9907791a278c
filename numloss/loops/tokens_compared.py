"""Divergences of the scores of a token from those of a reference, both ways, once both are measured.

With p the probabilities of the reference and q those of the model, the logarithm of q / p at a class is
r = (x - y) - c, where c is the difference of the logarithms of both sums of powers, which are known to some e. Then
KL(p || q) is the mean over p of e^r - 1 - r, and KL(q || p) that of r e^r - (e^r - 1): of the terms none is negative,
so that nothing cancels, and what e adds is known, too, from the mean of e^r - 1. Where r is more than 6 its power may
overflow, or p vanish: q comes from x there.
"""

from __future__ import annotations

from ..scalar import exp_below, exp_curve, fma, maximum, minimum, power_of_two, rint_of_product, round_shift
from .codes import DATA
from .halves import widen
from .headers import TokenPair, TokenRow, Tokens
from .language import (
    Double,
    Int,
    Real,
    Reals,
    array_data,
    double,
    double_exp_curve,
    double_log1p,
    doubles,
    noinline,
    offset,
    real,
    reals,
    run_maximum,
    stack_doubles,
    stack_reals,
    will_need,
)
from .operands import item_size
from .rowwise_distances import apart_from
from .rowwise_parts import base_of, exponentials, tile_maximum
from .sums import add_tile, clear, fold, tile_length


def token_scores(data: Int, kind: Int, itemsize: Int, first: Int, n: Int, z: Reals) -> Reals:
    """Pointer to the scores of n classes from `first`, in z unless they lie in memory as they are needed."""
    if kind == DATA:
        return offset(reals(data), first)
    widen(data + first * item_size(kind, itemsize), kind, 1, n, z)
    return z


def finite_apart(x: Real, y: Real, at: Real, rest: Real) -> Real:
    """`apart_from` where x - y is finite, NaN elsewhere."""
    apart = x - y
    moved = apart - x
    lost = (x - (apart - moved)) - (y + moved)
    return (apart - at) + (lost - rest)


@noinline
def tile_ratios(x: Reals, y: Reals, n: Int, centre: Double, any_score: Int, r: Reals) -> Int:
    """The logarithms of q / p of n classes; if scores may be infinite, with some care."""
    at = real(centre)
    rest = real(centre - double(at))
    if any_score == 1:
        for i in range(n):
            r[i] = apart_from(x[i], y[i], 0.0, at, rest, 0.0)
    else:
        for i in range(n):
            r[i] = finite_apart(x[i], y[i], at, rest)
    return 0


@noinline
def near_columns(y: Reals, n: Int, itemsize: Int, base: Real, shift: Real, columns: Reals) -> Int:
    """Columns of 512 of n classes: behind r p times e^r - 1, e^r - 1 - r and r e^r - (e^r - 1), where r is up to 6; p
    is what `exponentials` gives.

    e^r - 1 comes by one polynomial with e^r - 1 - r, which it is itself where r rounds to no power of 2. Below -30 the
    former is -1, and the latter goes on as r does.
    """
    less = 1.904654299957768e-9 if itemsize == 4 else -2.3190468138462996e-17
    half = 12583038.0 if itemsize == 4 else 6755399441056766.0
    for i in range(n):
        r = columns[i]
        p = exp_below(y[i] - base, shift)
        u = maximum(-30.0, r)
        k = rint_of_product(u, 1.4426950408889634)
        f = fma(k, less, fma(k, -0.6931471805599453, u))
        within = exp_curve(f)
        # 2^k (1 + (e^f - 1)) - 1, halved so that nothing overflows
        power = power_of_two(k + half)
        rise = 2.0 * fma(power, f + within, power - 0.5)
        curve = within if k == 0.0 else rise - u
        columns[512 + i] = p * rise
        columns[1024 + i] = p * (curve + minimum(u - r, 1e30))
        columns[1536 + i] = p * fma(u, rise, -curve)
    return 0


@noinline
def highest(r: Reals, n: Int) -> Real:
    """The largest of n numbers, NaN left aside."""
    e = stack_reals(128)
    if n < 512:
        return tile_maximum(r, n)
    for i in range(128):
        e[i] = maximum(maximum(r[i], r[i + 128]), maximum(r[i + 256], r[i + 384]))
    return run_maximum(e, 128)


def powers_of(z: Reals, n: Int, top: Double, e: Reals) -> Int:
    """The powers of n scores, divided by one that is near that of the largest."""
    base = base_of(real(top))
    exponentials(z, n, base, round_shift(real(top) - base), e)
    return 0


@noinline
def far_columns(
    x: Reals, y: Reals, n: Int, factor: Real, x_top: Double, y_top: Double, columns: Reals
) -> Int:
    """The same where r is more than 6, from p and q; where there is some p, but no q, the divergence is infinite."""
    p = stack_reals(512)
    q = stack_reals(512)
    rises = offset(columns, 512)
    curves = offset(columns, 1024)
    turns = offset(columns, 1536)
    powers_of(y, n, y_top, p)
    powers_of(x, n, x_top, q)
    for i in range(n):
        r = columns[i]
        own = q[i] * factor
        rise = own - p[i]
        curve = rise - (p[i] * r if p[i] > 0.0 else 0.0)
        turn = (own * (r - 1.0) if own > 0.0 else 0.0) + p[i]
        none = 1e999 if r == -1e999 and p[i] > 0.0 else curves[i]
        rises[i] = rise if r > 6.0 else rises[i]
        curves[i] = curve if r > 6.0 else none
        turns[i] = turn if r > 6.0 else turns[i]
    return 0


@noinline
def sum_of_powers(top: Double, rest: Double) -> Double:
    """The sum of `powers_of` a whole row, from what its rest is as a part of the largest one."""
    z = stack_reals(2)
    z[0] = real(top)
    powers_of(z, 1, top, offset(z, 1))
    return double(z[1]) * (double(1.0) + rest)


@noinline
def pair_sums(c: Tokens, data: Int, other: Int, any_score: Int, s: TokenRow, pair: TokenPair) -> Int:
    """The means over the reference of the three columns; NaN if a score is infinite and not any may be."""
    z = stack_reals(512)
    y = stack_reals(512)
    columns = stack_reals(2048)
    lanes = stack_doubles(96)
    for k in range(3):
        clear(offset(lanes, 32 * k))
    total = sum_of_powers(pair.top, pair.rest)
    factor = real(total / sum_of_powers(s.top, s.rest))
    size = item_size(c.other_kind, c.itemsize)
    base = base_of(real(pair.top))
    shift = round_shift(real(pair.top) - base)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        own = token_scores(data, c.kind, c.itemsize, first, n, z)
        given = token_scores(other, c.other_kind, c.itemsize, first, n, y)
        will_need(reals(other + (c.classes + first) * size), n * size // c.itemsize)
        tile_ratios(own, given, n, pair.centre, any_score, columns)
        near_columns(given, n, c.itemsize, base, shift, columns)
        if any_score == 1 or highest(columns, n) > 6.0:
            far_columns(own, given, n, factor, s.top, pair.top, columns)
        for k in range(3):
            add_tile(offset(columns, 512 + 512 * k), n, offset(lanes, 32 * k))
        first = first + n
    pair.rise = fold(lanes) / total
    pair.curve = fold(offset(lanes, 32)) / total
    pair.turn = fold(offset(lanes, 64)) / total
    return 0


def not_negative(value: Double) -> Double:
    """A divergence that rounding may have made less than nothing."""
    return double(0.0) if value < double(0.0) else value


@noinline
def compare_token(c: Tokens, data: Int, row: Int, s: TokenRow) -> Int:
    """Write both divergences of a row; that they are not a number where one of both has no probabilities."""
    pair = TokenPair()
    pair.top = doubles(array_data(c.other_tops))[row]
    pair.rest = doubles(array_data(c.other_rests))[row]
    nothing = double(1e999) - double(1e999)
    forward = nothing
    reverse = nothing
    if s.rest >= double(0.0) and pair.rest >= double(0.0):
        other = array_data(c.others) + row * c.classes * item_size(c.other_kind, c.itemsize)
        pair.centre = (s.top - pair.top) + (double_log1p(s.rest) - double_log1p(pair.rest))
        pair_sums(c, data, other, 0, s, pair)
        any_score = 1 if pair.rise != pair.rise else 0
        if any_score == 1:
            pair_sums(c, data, other, 1, s, pair)
        if pair.rise * pair.rise > double(0.01) * pair.curve:
            # so near each other that the sums are not known well enough
            pair.centre = pair.centre + double_log1p(pair.rise)
            pair_sums(c, data, other, any_score, s, pair)
        error = double_log1p(pair.rise)
        forward = not_negative(pair.curve - (pair.rise - error))
        reverse = not_negative(pair.turn / (double(1.0) + pair.rise) - double_exp_curve(double(0.0) - error))
    doubles(array_data(c.kls))[row] = forward
    doubles(array_data(c.reverse_kls))[row] = reverse
    return 0
