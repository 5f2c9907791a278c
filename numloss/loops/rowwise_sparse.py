"""The threshold of a sparse distribution over the classes of a row: what lies above it are its probabilities.

It is told by how much it is more than the largest score, the pivot's, less 1, and so lies in [0, 1): differences from
the largest score are exact where they matter, however large the scores are. Where probabilities are squares, halves of
scores are what lies above it. Where they are any power, it is a share of scores, the first parameter of the law; the
second is one less than the power. What lies above it is told by a place then: up to a half it is that itself, from
there on it less 1, which is not above 0, so that high powers keep their digits; -1 where nothing is above.
"""

from __future__ import annotations

from ..scalar import exp_of_product, fma, log
from .codes import SPARSE, SPARSE_POWERS, SPARSE_SQUARES
from .headers import ClassRow, Excess, Row, Rowwise
from .language import (
    Double,
    Int,
    Real,
    Reals,
    apart,
    double,
    double_exp,
    double_expm1,
    double_log1p,
    integer,
    noinline,
    real,
    stack_doubles,
    stack_reals,
)
from .rowwise_parts import find_pivot, own_scores
from .sums import add_tile, clear, fold, tile_length


def is_sparse(c: Rowwise) -> Int:
    """Whether a law is of classes above a threshold."""
    return 1 if c.law_kind == SPARSE or c.law_kind == SPARSE_SQUARES or c.law_kind == SPARSE_POWERS else 0


def steepness(c: Rowwise) -> Real:
    """What scores are multiplied by before a threshold is taken off."""
    if c.law_kind == SPARSE_POWERS:
        return real(c.params[0])
    return 0.5 if c.law_kind == SPARSE_SQUARES else 1.0


def power_of_roots(c: Rowwise) -> Double:
    """Which power of what lies above the threshold is a root, where probabilities are any power."""
    return double(real(c.params[1]))


def threshold_base(c: Rowwise) -> Double:
    """What a threshold is taken off: 1, or 0 where scores are told by places."""
    return double(0.0) if c.law_kind == SPARSE_POWERS else double(1.0)


def place_above(distance: Real, steep: Real, near: Real, rest: Real) -> Real:
    """The place above a threshold of a score, by its distance from the largest, the share of it, and what is taken off,
    as a number and its rest: all but exact on both sides of a half."""
    product = distance * steep
    more = fma(distance, steep, -product) + rest
    low = product if product < near else near
    high = near if product < near else product
    whole = 1.0 + low
    above = (whole + high) + ((low - (whole - 1.0)) + more)
    short = (product + near) + more
    place = short if short > -0.5 else (-1.0 if above <= 0.0 else above)
    return -1.0 if product < -2.0 else place


def amount_above(place: Real) -> Real:
    """What lies above a threshold at a place; 1 where nothing does."""
    return place if place > 0.0 else (1.0 if place <= -0.5 else 1.0 + place)


def root_above(place: Real, power: Real) -> Real:
    """A power of what lies above a threshold at a place, 0 where nothing does; NaN stays NaN."""
    amount = amount_above(place)
    lost = place - (amount - 1.0) if place <= 0.0 and place > -0.5 else 0.0
    root = exp_of_product(power, log(amount) + lost / amount, 0.0)
    return 0.0 if place <= -0.5 else root


def bulge(power: Double, x: Double) -> Double:
    """(1 - x)^power - 1 + power * x for a power of 2 or more, to its last digits: a series where that is small."""
    along = power * x
    if along > double(0.5):
        return double_expm1(power * double_log1p(double(0.0) - x)) + along
    term = double(0.5) * along * (along - x)
    total = term
    for k in range(2, 30):
        term = term * ((double(k) - power) * x) / double(k + 1)
        total = total + term
    return total


def lost(c: Rowwise, threshold: Double) -> Double:
    """1 less the probability of the pivot."""
    if c.law_kind == SPARSE_POWERS:
        power = power_of_roots(c) + double(1.0)
        return double(0.0) - double_expm1(power * double_log1p(double(0.0) - threshold))
    squared = c.law_kind == SPARSE_SQUARES
    return threshold * (double(2.0) - threshold) if squared else threshold


def root_of_pivot(c: Rowwise, threshold: Double) -> Double:
    """The root of the probability of the pivot, or 1 where classes are counted."""
    if c.law_kind == SPARSE_POWERS:
        return double_exp(power_of_roots(c) * double_log1p(double(0.0) - threshold))
    return double(1.0) - threshold if c.law_kind == SPARSE_SQUARES else double(1.0)


def cost_of_pivot(c: Rowwise, threshold: Double) -> Double:
    """What the probability of the pivot adds to the loss."""
    if c.law_kind == SPARSE_POWERS:
        return bulge(power_of_roots(c) + double(2.0), threshold) * double(real(c.params[2]))
    square = threshold * threshold
    squared = c.law_kind == SPARSE_SQUARES
    return square * (double(3.0) - threshold) / double(1.5) if squared else double(0.5) * square


@noinline
def load_excesses(c: Rowwise, x: Reals, top: Real, s: Excess, first: Int, n: Int, z: Reals) -> Int:
    """By how much n scores from `first` are more than a threshold."""
    own_scores(c, x, first, n, z)
    near = real(s.near)
    rest = real(s.rest)
    steep = steepness(c)
    if c.law_kind == SPARSE_POWERS:
        for i in range(n):
            z[i] = place_above(z[i] - top, steep, near, rest)
        return 0
    for i in range(n):
        z[i] = ((z[i] - top) * steep + near) + rest
    return 0


def set_threshold(c: Rowwise, threshold: Double, s: Excess) -> Int:
    """What a score may be below the top, 1 less a threshold, or that less 1, as a number of the data's dtype and its
    rest."""
    base = threshold_base(c)
    s.near = double(real(base - threshold))
    s.rest = (base - s.near) - threshold
    return 0


@apart
def powers_above(n: Int, power: Real, z: Reals, roots: Reals) -> Int:
    """Powers of n places above a threshold, and their roots."""
    for i in range(n):
        root = root_above(z[i], power)
        roots[i] = root
        z[i] = root * amount_above(z[i])
    return 0


@noinline
def excess_over(c: Rowwise, x: Reals, pivot: Int, top: Real, s: Excess, z: Reals) -> Int:
    """The sums of what lies above a threshold beside the pivot's score, and how much counts there."""
    lanes = stack_doubles(32)
    roots = stack_doubles(32)
    clear(lanes)
    clear(roots)
    squared = 1 if c.law_kind == SPARSE_SQUARES else 0
    powers = 1 if c.law_kind == SPARSE_POWERS else 0
    made = stack_reals(512)
    none = real(threshold_base(c) - double(1.0))
    count = 0
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        load_excesses(c, x, top, s, first, n, z)
        if pivot >= first and pivot < first + n:
            z[pivot - first] = none
        if powers == 1:
            powers_above(n, real(power_of_roots(c)), z, made)
            add_tile(made, n, roots)
        else:
            above = 0
            for i in range(n):
                above += integer(z[i] > 0.0)
            count = count + above
            for i in range(n):
                z[i] = z[i] if not z[i] <= 0.0 else 0.0
        if squared == 1:
            add_tile(z, n, roots)
            for i in range(n):
                z[i] = z[i] * z[i]
        add_tile(z, n, lanes)
        first = first + n
    s.beyond = fold(lanes)
    s.roots = double(count) if squared + powers == 0 else fold(roots)
    return 0


@noinline
def measure_sparse(c: Rowwise, x: Reals, label: Int, label_score: Double, s: ClassRow, z: Reals) -> Int:
    """The pivot, and the threshold at which the others are above it by as much as it is itself: the probability of the
    pivot is 1 less that. By Newton steps, none of them too long but for rounding."""
    row = Row()
    found = Excess()
    find_pivot(c, x, label, row, z)
    top = real(row.top)
    threshold = double(0.0)
    moved = 1
    while moved == 1:
        set_threshold(c, threshold, found)
        excess_over(c, x, row.pivot, top, found, z)
        s.support = root_of_pivot(c, threshold) + found.roots
        missing = found.beyond - lost(c, threshold)
        step = missing / s.support
        # the sum of squares falls twice as fast, that of a power as much faster as it says
        following = threshold + double(steepness(c)) * step
        moved = integer(real(following) > real(threshold))
        # the last step may be one back, as sums were rounded before; NaN ends it, and stays
        threshold = double(0.0) if following < double(0.0) else following
    set_threshold(c, threshold, found)
    s.threshold = threshold
    s.taken = row.top
    s.rest = double(0.0) - found.near
    s.less = double(0.0) - found.rest
    s.beside = found.roots
    s.cost = cost_of_pivot(c, threshold)
    if row.pivot != label:
        s.cost = s.cost + (row.top - label_score)
    return row.pivot
