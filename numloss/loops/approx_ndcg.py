"""A gain of smooth ranks: how many of a list are above a row is a sum of sigmoids. The header is Ranked.

Rows lie as they are given, none is sorted. A row of pairs is one row with all others, in tiles of whole sixteens; what
fills up the last counts nothing.
"""

from __future__ import annotations

from ..scalar import decay_of_product, difference_rest, fma, quotient_rest
from .headers import Ranked, Result, SmoothRanks
from .lambdarank import best_gain
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    apart,
    array_data,
    double,
    double_log,
    integer,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .ranked import (
    begin_group,
    begin_lists,
    bound_bends,
    end_group,
    fill_list,
    read_list,
    scratch_doubles,
    scratch_reals,
    write_list,
)
from .sums import sixteens, tile_length, values_sum


def apart_power(score: Real, other: Real, inverse: Real, lacking: Real) -> Real:
    """e^(-the distance of two scores / the temperature), whose inverse is inverse * (1 + lacking)."""
    distance = abs(score - other)
    return decay_of_product(inverse, distance, fma(distance, lacking, difference_rest_of(score, other)))


def difference_rest_of(score: Real, other: Real) -> Real:
    """What the distance of two scores loses to rounding."""
    rest = difference_rest(score, other)
    return rest if score > other else -rest


def above_share(score: Real, other: Real, e: Real) -> Real:
    """How much of the other one is above a row."""
    inner = 1.0 / (1.0 + e)
    return inner if other > score else e * inner


def rank_slope(e: Real) -> Real:
    """The slope of that by the distance, without the temperature."""
    inner = 1.0 / (1.0 + e)
    return e * inner * inner


def rank_bend(score: Real, other: Real, e: Real, p: Real) -> Real:
    """The slope of that by the score of the row."""
    straight = p * ((1.0 - e) / (1.0 + e))
    return -straight if score > other else straight


@apart
def shares_above(score: Real, scores: Reals, n: Int, inverse: Real, lacking: Real, shares: Reals) -> Int:
    """How much of each of n others is above a row."""
    for j in range(n):
        e = apart_power(score, scores[j], inverse, lacking)
        shares[j] = above_share(score, scores[j], e)
    return 0


@apart
def pulls_of_others(
    score: Real, own: Real, scores: Reals, by_rank: Reals, n: Int, inverse: Real, lacking: Real, slopes: Reals
) -> Int:
    """The slopes by the score of a row of the ranks of n others and its own; `own` is the slope of the
    row by its rank."""
    for j in range(n):
        e = apart_power(score, scores[j], inverse, lacking)
        slopes[j] = (by_rank[j] - own) * rank_slope(e)
    return 0


@apart
def bends_of_others(
    score: Real, own: Real, scores: Reals, by_rank: Reals, bends_by_rank: Reals, n: Int, inverse: Real, lacking: Real,
    bends: Reals, sums: Reals,
) -> Int:  # fmt: skip
    """The curvatures of the same, without that of the row's own rank; and the slopes of that rank."""
    for j in range(n):
        e = apart_power(score, scores[j], inverse, lacking)
        p = rank_slope(e)
        bends[j] = fma(by_rank[j] - own, rank_bend(score, scores[j], e, p), bends_by_rank[j] * p * p)
        sums[j] = p
    return 0


@apart
def bounds_of_others(
    score: Real, own: Real, scores: Reals, by_rank: Reals, n: Int, inverse: Real, lacking: Real, bends: Reals
) -> Int:
    """What the curvatures of n others are not above."""
    for j in range(n):
        e = apart_power(score, scores[j], inverse, lacking)
        bends[j] = abs(by_rank[j] - own) * rank_slope(e)
    return 0


@noinline
def but_one(values: Reals, first: Int, n: Int, row: Int) -> Double:
    """The sum of n values of a tile without that of a row, and without what fills it up."""
    for j in range(n, sixteens(n)):
        values[j] = 0.0
    if row >= first and row < first + n:
        values[row - first] = 0.0
    return values_sum(values, sixteens(n))


@noinline
def rank_of_row(row: Int, n: Int, scores: Reals, ranks: SmoothRanks) -> Double:
    """1 and how much of all others is above a row."""
    shares = stack_reals(512)
    total = double(0.0)
    for first in range(0, n, 512):
        m = tile_length(first, n)
        others = offset(scores, first)
        shares_above(scores[row], others, sixteens(m), real(ranks.inverse), real(ranks.lacking), shares)
        total = total + but_one(shares, first, m, row)
    return double(1.0) + total


@noinline
def slope_of_row(row: Int, n: Int, scores: Reals, by_rank: Reals, ranks: SmoothRanks) -> Double:
    """The slope by a score."""
    slopes = stack_reals(512)
    total = double(0.0)
    for first in range(0, n, 512):
        m = tile_length(first, n)
        pulls_of_others(
            scores[row], by_rank[row], offset(scores, first), offset(by_rank, first), sixteens(m), real(ranks.inverse),
            real(ranks.lacking), slopes,
        )  # fmt: skip
        total = total + but_one(slopes, first, m, row)
    return total * ranks.steep


@noinline
def bend_of_row(
    row: Int, n: Int, scores: Reals, by_rank: Reals, bends_by_rank: Reals, bound: Int, ranks: SmoothRanks
) -> Double:
    """The curvature by a score, or half its bound."""
    bends = stack_reals(512)
    sums = stack_reals(512)
    inverse = real(ranks.inverse)
    lacking = real(ranks.lacking)
    total = double(0.0)
    passed = double(0.0)
    for first in range(0, n, 512):
        m = tile_length(first, n)
        others = offset(scores, first)
        pulls = offset(by_rank, first)
        if bound == 1:
            bounds_of_others(scores[row], by_rank[row], others, pulls, sixteens(m), inverse, lacking, bends)
        else:
            bends_of_others(
                scores[row], by_rank[row], others, pulls, offset(bends_by_rank, first), sixteens(m), inverse, lacking,
                bends, sums,
            )  # fmt: skip
            passed = passed + but_one(sums, first, m, row)
        total = total + but_one(bends, first, m, row)
    if bound == 0:
        total = total + double(bends_by_rank[row]) * passed * passed
    return total * ranks.steep * ranks.steep


def begin_ranks(number: Double, ranks: SmoothRanks) -> Int:
    """The inverse of the temperature as one number of the data's dtype, and what it lacks."""
    temperature = real(number)
    inverse = 1.0 / temperature
    lacking = quotient_rest(1.0, 0.0, temperature, 0.0) / inverse
    ranks.steep = double(1.0) / number
    ranks.inverse = double(inverse)
    ranks.lacking = double(lacking)
    return 0


def gain_of_rank(rank: Double, share: Double, ranks: SmoothRanks) -> Double:
    """The loss of a row at a rank; leaves its slope and curvature by the rank. share: of the gain of the best order."""
    inner = double_log(double(1.0) + rank)
    gain = share * double_log(double(2.0)) / inner
    ranks.slope = gain / (inner * (double(1.0) + rank))
    ranks.bend = double(0.0) - ranks.slope * (double(1.0) + double(2.0) / inner) / (double(1.0) + rank)
    return double(0.0) - gain


@noinline
def powers_of_labels(labels: Reals, n: Int, counts: Ints) -> Int:
    """2^label in the place of n labels, and how often each occurs."""
    powers = stack_reals(32)
    powers[0] = 1.0
    for k in range(1, 32):
        powers[k] = powers[k - 1] + powers[k - 1]
    for k in range(32):
        counts[k] = 0
    for i in range(n):
        label = integer(labels[i])
        counts[label] = counts[label] + 1
        labels[i] = powers[label]
    return 0


@noinline
def best_of_counts(c: Ranked, counts: Ints, n: Int) -> Double:
    """The discounted gain of the best order of n rows."""
    whole = reals(array_data(c.discounts))
    return best_gain(counts, n, whole, offset(whole, c.longest))


@noinline
def write_rows(c: Ranked, first: Int, n: Int, slopes: Doubles, bends: Doubles, factor: Double, row: Reals) -> Int:
    """Gradient, and curvature, of a list; row is scratch."""
    for i in range(n):
        row[i] = real(slopes[i] * factor)
    write_list(c.gradient, first, n, row)
    if c.mode > 1:
        bound_bends(c, bends, n)
        for i in range(n):
            row[i] = real(bends[i] * factor)
        write_list(c.curvature, first, n, row)
    return 0


@noinline
def approx_ndcg_group(c: Ranked, group: Int, first: Int, n: Int, w: Double) -> Double:
    """One list: its value; gradient and curvature, if they are wanted, times the weight and the scale."""
    counts = stack_ints(32)
    ranks = SmoothRanks()
    scores = scratch_reals(c, 0, group, first)
    row = scratch_reals(c, 1, group, first)
    by_rank = scratch_reals(c, 2, group, first)
    bends_by_rank = scratch_reals(c, 3, group, first)
    slopes = scratch_doubles(c, 0, group, first)
    bends = scratch_doubles(c, 1, group, first)
    if read_list(c, c.pred, first, n, scores) > 0:
        fill_list(c, first, n, real(1e999) - real(1e999))
        return double(1e999) - double(1e999)
    read_list(c, c.target, first, n, row)
    powers_of_labels(row, n, counts)
    best = best_of_counts(c, counts, n)
    for i in range(n, sixteens(n)):
        scores[i] = scores[n - 1]
        by_rank[i] = 0.0
        bends_by_rank[i] = 0.0
    begin_ranks(c.number, ranks)
    total = double(0.0)
    for i in range(n):
        gain = double(row[i]) - double(1.0)
        by_rank[i] = 0.0
        bends_by_rank[i] = 0.0
        if gain > double(0.0):
            total = total + gain_of_rank(rank_of_row(i, n, scores, ranks), gain / best, ranks)
            by_rank[i] = real(ranks.slope)
            bends_by_rank[i] = real(ranks.bend)
    if c.mode > 0:
        for i in range(n):
            slopes[i] = double(0.0)
            bends[i] = double(0.0)
            if best > double(0.0):
                slopes[i] = slope_of_row(i, n, scores, by_rank, ranks)
            if best > double(0.0) and c.mode > 1:
                bends[i] = bend_of_row(i, n, scores, by_rank, bends_by_rank, c.bound, ranks)
        write_rows(c, first, n, slopes, bends, w * c.scale, row)
    return total


def approx_ndcg_block(c: Ranked, partial: Result, block: Int) -> Int:
    """The lists of one block."""
    begin_lists(c, partial, block)
    count = stack_doubles(1)
    firsts = ints(array_data(c.firsts))
    pointers = ints(array_data(c.pointers))
    for group in range(firsts[block], firsts[block + 1]):
        first = pointers[group]
        n = pointers[group + 1] - first
        w = begin_group(c, group, first, n, partial, count)
        if w != double(0.0):
            partial.weight = partial.weight + count[0]
            end_group(c, group, w * approx_ndcg_group(c, group, first, n, w), partial)
    return 0
