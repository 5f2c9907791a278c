"""Rows of two distributions: their logarithms, the distances between them, and their terms, a tile at a time.

Distances are what x - y is more than at one class, counted in two numbers where one has not their digits.
"""

from __future__ import annotations

from ..scalar import (
    difference_rest,
    exp_of_difference,
    fma,
    log_pair,
    log_parts,
    log_rest,
    round_shift,
)
from .codes import DATA, DISTRIBUTION
from .headers import Ratios, Rowwise
from .language import (
    Double,
    Int,
    Real,
    Reals,
    double,
    double_difference_rest,
    double_log,
    noinline,
    offset,
    real,
    reals,
    stack_reals,
    will_need,
)
from .operands import convert, item_size
from .rowwise_parts import base_of, exponentials, first_equal, scores_of, tile_maximum
from .sums import tile_length


def is_kept(c: Rowwise) -> Int:
    """Whether terms and distances of a row are kept between passes."""
    return 1 if c.classes <= 32768 else 0


def target_entries(c: Rowwise, s: Ratios, first: Int, n: Int, y: Reals) -> Reals:
    """Pointer to n numbers of what a row is compared with, in y unless they lie in memory as they are needed."""
    data = s.data + first * s.stride * item_size(s.kind, c.itemsize)
    if s.kind == DATA and s.stride == 1:
        return reals(data)
    convert(data, s.kind, s.stride, n, y)
    return y


@noinline
def logarithms(p: Reals, n: Int, y: Reals, low: Reals) -> Int:
    """The logarithms of n probabilities as sums of two numbers, of which only what `log_rest` rounds is lost."""
    for i in range(n):
        k, f = log_parts(p[i])
        y[i] = k
        low[i] = f
    for i in range(n):
        # log(2) in three parts, of which the products of the first two are exact
        most = y[i] * 0.693359375
        middle = y[i] * -0.00021219253540039062
        f = low[i]
        both = most + f
        whole = both + middle
        less = ((most - both) + f) + ((both - whole) + middle)
        less = less + fma(y[i], -1.904654299957768e-9, log_rest(f))
        y[i] = whole if p[i] > 0.0 else -1e999
        low[i] = less if p[i] > 0.0 else 0.0
    return 0


@noinline
def fine_logarithms(c: Rowwise, s: Ratios, p: Reals, n: Int, y: Reals, low: Reals) -> Int:
    """`logarithms` to twice the digits, or with 2 to those of float64 if that is more."""
    if s.fine == 2 and c.itemsize == 4:
        for i in range(n):
            wide = double_log(double(p[i]))
            y[i] = real(wide)
            low[i] = real(wide - double(y[i])) if p[i] > 0.0 else 0.0
        return 0
    logarithms(p, n, y, low)
    for i in range(n):
        _, f = log_parts(p[i])
        high, less = log_pair(f)
        less = low[i] + (((high - f) - log_rest(f)) + less)
        # the first of the two is the nearest to their sum, whoever computes it
        whole = y[i] + less
        low[i] = less - (whole - y[i]) if p[i] > 0.0 else 0.0
        y[i] = whole if p[i] > 0.0 else -1e999
    return 0


def over(z: Real, inverse: Real, rest: Real) -> Real:
    """z over a temperature, whose inverse is a number and a rest below its last digit."""
    return z * inverse if abs(z) == 1e999 else fma(z, rest, z * inverse)


def soft_power(z: Real, base: Real, inverse: Real, less: Real) -> Real:
    """e^((z - base) / T) for z up to the base, with all that z - base and the quotient lose to rounding."""
    below = z - base
    w = below * inverse
    rest = fma(below, inverse, -w) + fma(below, less, difference_rest(z, base) * inverse)
    return exp_of_difference(w, -rest if rest - rest == 0.0 else 0.0)


def apart_from(x: Real, y: Real, low: Real, at: Real, rest: Real, least: Real) -> Real:
    """What x - (y + low) is more than at + rest + least; a class that is in neither distribution is anywhere."""
    apart = 0.0 if x == y else x - y
    return (apart - at) + (((difference_rest(x, y) - low) - rest) - least)


def pivot_distance(s: Ratios) -> Double:
    """The distance at the pivot."""
    return s.x - s.y


def pivot_rest(s: Ratios) -> Double:
    """What `pivot_distance` lost."""
    return double_difference_rest(s.x, s.y) - s.low


def middle_distance(s: Ratios) -> Double:
    """The distance of a class where p and q are equal."""
    return pivot_distance(s) + (s.centre + s.lift) / s.inverse


def middle_rest(s: Ratios) -> Double:
    """What `middle_distance` lost."""
    less = double(0.0) - (s.centre + s.lift) / s.inverse
    lost = double_difference_rest(s.centre, double(0.0) - s.lift) / s.inverse
    return (double_difference_rest(pivot_distance(s), less) + lost) + pivot_rest(s)


def start_near(s: Ratios, here: Double) -> Real:
    """`here` in the dtype of the data; or the distance at the pivot, which that class has to the last digit, if the two
    differ by less than rounding does."""
    pivot = pivot_distance(s)
    away = here - pivot
    least = double(1e-7) * (pivot if pivot > double(0.0) else double(0.0) - pivot)
    return real(pivot if away <= least and away >= double(0.0) - least else here)


@noinline
def row_distances(
    c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, middled: Int, given: Reals, v: Reals
) -> Int:
    """What the distances of n classes from `first` are more than that at the pivot or in the middle, softened."""
    z = stack_reals(512)
    y = stack_reals(512)
    low = stack_reals(512)
    scores = scores_of(c, x, -1, first, n, z)
    inverse = real(s.inverse)
    less = real(s.inverse - double(inverse))
    here = middle_distance(s) if middled == 1 else pivot_distance(s)
    at = start_near(s, here)
    lost = (here - double(at)) + (middle_rest(s) if middled == 1 else pivot_rest(s))
    # in two numbers: where both are sure of one class, the ratio there is far below what its distance loses
    rest = real(lost)
    least = real(lost - double(rest))
    if s.form == DISTRIBUTION:
        if s.fine > 0:
            fine_logarithms(c, s, given, n, y, low)
        else:
            logarithms(given, n, y, low)
        for i in range(n):
            v[i] = apart_from(scores[i], y[i], low[i], at, rest, least)
    elif inverse == 1.0:
        for i in range(n):
            v[i] = apart_from(scores[i], given[i], 0.0, at, rest, least)
    else:
        for i in range(n):
            v[i] = over(apart_from(scores[i], given[i], 0.0, at, rest, least), inverse, less)
    return 0


@noinline
def terms_of(c: Rowwise, n: Int, s: Ratios, given: Reals, e: Reals) -> Int:
    """The terms of n numbers of what a row is compared with: probabilities, or their powers over what is taken off."""
    inverse = real(s.inverse)
    base = real(s.base)
    if s.form == DISTRIBUTION:
        for i in range(n):
            e[i] = given[i]
    elif inverse == 1.0:
        exponentials(given, n, base, real(s.shift), e)
    else:
        for i in range(n):
            e[i] = soft_power(given[i], base, inverse, real(s.inverse - double(inverse)))
    return 0


def ratio_tile(c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, e: Reals, v: Reals) -> Int:
    """Of n classes from `first` the terms of what a row is compared with, and the distances of the row from it."""
    y = stack_reals(512)
    given = target_entries(c, s, first, n, y)
    row_distances(c, x, first, n, s, 0, given, v)
    terms_of(c, n, s, given, e)
    return 0


@noinline
def find_top(c: Rowwise, s: Ratios) -> Int:
    """The largest number that a row is compared with, and what is taken off these before their powers are taken."""
    y = stack_reals(512)
    top = real(-1e999)
    s.pivot = 0
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        given = target_entries(c, s, first, n, y)
        peak = tile_maximum(given, n)
        if peak > top:
            top = peak
            s.pivot = first + first_equal(given, n, top)
        first = first + n
    s.top = double(top)
    base = real(0.0)
    shift = real(0.0)
    inverse = real(s.inverse)
    if s.form != DISTRIBUTION:
        base = base_of(top) if inverse == 1.0 else top
        shift = round_shift((top - base) * inverse)
    s.base = double(base)
    s.shift = double(shift)
    return 0


@noinline
def open_ratios(c: Rowwise, x: Reals, s: Ratios) -> Int:
    """The distance at the largest number that a row is compared with."""
    y = stack_reals(3)
    y[0] = real(s.top)
    y[1] = 0.0
    if s.form == DISTRIBUTION:
        y[2] = y[0]
        fine_logarithms(c, s, offset(y, 2), 1, y, offset(y, 1))
    z = x[s.pivot * c.pred_steps.classes]
    finite = (z - y[0]) - (z - y[0]) == 0.0
    s.x = double(z) if finite else double(0.0)
    s.y = double(y[0]) if finite else double(0.0)
    s.low = double(y[1]) if finite else double(0.0)
    return 0


def offset_of(s: Ratios) -> Double:
    """The logarithm of what the terms of what a row is compared with were divided by."""
    return double(0.0) if s.form == DISTRIBUTION else s.shift + s.base * s.inverse


@noinline
def prediction_terms(c: Rowwise, x: Reals, first: Int, n: Int, s: Ratios, z: Reals) -> Int:
    """e^x of n classes over what was taken off, at the temperature."""
    y = stack_reals(512)
    inverse = real(s.inverse)
    scores = scores_of(c, x, -1, first, n, y)
    if inverse == 1.0:
        exponentials(scores, n, real(s.z_base), real(s.z_shift), z)
    else:
        for i in range(n):
            z[i] = soft_power(scores[i], real(s.z_base), inverse, real(s.inverse - double(inverse)))
    return 0


@noinline
def open_predictions(c: Rowwise, x: Reals, s: Ratios, z: Reals) -> Int:
    """What is taken off the predictions before their powers are taken."""
    top = real(-1e999)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        peak = tile_maximum(scores_of(c, x, -1, first, n, z), n)
        top = peak if peak > top else top
        first = first + n
    inverse = real(s.inverse)
    base = base_of(top) if inverse == 1.0 else top
    s.z_base = double(base)
    s.z_shift = double(round_shift((top - base) * inverse))
    return 0


def call_for(c: Rowwise, x: Reals, s: Ratios, first: Int, n: Int, what: Int) -> Int:
    """Fetch n classes from `first` of the next row (1), of what that is compared with (2), or of the gradient of this
    one (3), while others are computed: if all are fetched at once they are waited for."""
    if what == 1 and c.pred_steps.classes == 1:
        will_need(offset(x, c.classes + first), n)
    if what == 2 and s.kind == DATA and s.stride == 1:
        will_need(offset(reals(s.data), c.classes + first), n)
    if what == 3 and s.place != 0:
        will_need(offset(reals(s.place), first), n)
    return 0
