"""Pairs of a list, weighted by what an exchange of the two would change of its gain: LambdaRank.

The header is Ranked. A row of pairs is those of one rank with all lower ones, in tiles of whole sixteens: what is too
much in the first has no weight, and so have the rows that fill up the last.
"""

from __future__ import annotations

from ..scalar import decay_of_product, difference_rest, log1p_unit
from .headers import Discounts, Rank, Ranked, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
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
    end_group,
    fill_list,
    read_list,
    scratch_doubles,
    scratch_ints,
    scratch_reals,
    write_slopes,
)
from .sorting import sort_descending
from .sums import begin_block, block_stop, tile_length, values_sum


def discount(place: Int) -> Double:
    """1 / log2(1 + rank), where ranks count from 1 and places from 0."""
    return double_log(double(2.0)) / double_log(double(place + 2))


def discounts_block(c: Discounts, partial: Result, block: Int) -> Int:
    """1 / log2(1 + rank) for the ranks of one block."""
    begin_block(partial)
    whole = reals(array_data(c.out))
    rest = offset(whole, c.ranks)
    for i in range(block * c.block, block_stop(c.ranks, c.block, block)):
        exact = discount(i)
        whole[i] = real(exact)
        rest[i] = real(exact - double(whole[i]))
    return 0


@noinline
def read_gains(labels: Reals, order: Ints, n: Int, counts: Ints, gains: Reals) -> Int:
    """2^label of a sorted list, which differ as 2^label - 1 do; and how often each label occurs."""
    powers = stack_reals(32)
    powers[0] = 1.0
    for k in range(1, 32):
        powers[k] = powers[k - 1] + powers[k - 1]
    for k in range(32):
        counts[k] = 0
    for i in range(n):
        label = integer(labels[order[i]])
        counts[label] = counts[label] + 1
        gains[i] = powers[label]
    return 0


@noinline
def best_gain(counts: Ints, ranks: Int, whole: Reals, rest: Reals) -> Double:
    """The discounted gain of the first ranks of the best order."""
    total = double(0.0)
    power = double(2147483648.0)
    rank = 0
    for k in range(31):
        stop = rank + counts[31 - k]
        if stop > ranks:
            stop = ranks
        discounts = double(0.0)
        for i in range(rank, stop):
            discounts = discounts + (double(whole[i]) + double(rest[i]))
        total = total + (power - double(1.0)) * discounts
        power = power * double(0.5)
        rank = stop
    return total


def pair_power(score: Real, other: Real, sigma: Real) -> Real:
    """e^(-sigma * the distance of two scores)."""
    return decay_of_product(sigma, abs(score - other), difference_rest(score, other))


def pair_weight(gain: Real, top: Real, top_rest: Real, other_gain: Real, whole: Real, rest: Real, share: Real) -> Real:
    """What an exchange of a rank with a lower one changes, as a part of the best gain; discounts have rests."""
    return abs(gain - other_gain) * ((top - whole) + (top_rest - rest)) * share


def pair_value(better: Real, distance: Real, sigma: Real, e: Real, weight: Real) -> Real:
    """The loss of a pair, whose higher rank has the better gain or not."""
    return weight * ((0.0 if better > 0.0 else sigma * distance) + log1p_unit(e))


def pair_slope(better: Real, sigma: Real, e: Real, weight: Real) -> Real:
    """Its slope by the score of the higher rank."""
    part = sigma * weight * (1.0 / (1.0 + e))
    return -part * e if better > 0.0 else part


def pair_bend(sigma: Real, e: Real, weight: Real) -> Real:
    """Its curvature."""
    inner = 1.0 / (1.0 + e)
    return sigma * (sigma * weight * inner) * e * inner


@noinline
def pair_tile(
    scores: Reals, gains: Reals, whole: Reals, rest: Reals, n: Int, mine: Rank, values: Reals, slopes: Reals,
    bends: Reals,
) -> Int:  # fmt: skip
    """The pairs of one rank, `mine`, with n others: values, slopes by the score of that rank, curvatures."""
    score = real(mine.score)
    gain = real(mine.gain)
    top = real(mine.discount)
    top_rest = real(mine.discount_rest)
    sigma = real(mine.sigma)
    share = real(mine.share)
    for j in range(n):
        e = pair_power(score, scores[j], sigma)
        better = gain - gains[j]
        weight = pair_weight(gain, top, top_rest, gains[j], whole[j], rest[j], share)
        value = pair_value(better, abs(score - scores[j]), sigma, e, weight)
        slope = pair_slope(better, sigma, e, weight)
        bend = pair_bend(sigma, e, weight)
        # a rank is paired with lower ones, and pairs of equal gain say nothing, however far apart they are
        values[j] = value if weight > 0.0 else 0.0
        slopes[j] = slope if weight > 0.0 else 0.0
        bends[j] = bend if weight > 0.0 else 0.0
    return 0


@noinline
def pull_down(slopes: Reals, bends: Reals, n: Int, mode: Int, g: Doubles, h: Doubles) -> Int:
    """What the pairs of one rank do to the others."""
    for j in range(n):
        g[j] = g[j] - double(slopes[j])
    if mode > 1:
        for j in range(n):
            h[j] = h[j] + double(bends[j])
    return 0


@noinline
def pairs_of_rank(
    rank: Int, n: Int, mode: Int, scores: Reals, gains: Reals, whole: Reals, rest: Reals, mine: Rank, g: Doubles,
    h: Doubles,
) -> Double:  # fmt: skip
    """The values of the pairs of a rank with all lower ones; their slopes and curvatures are added to g and h."""
    values = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    mine.score = double(scores[rank])
    mine.gain = double(gains[rank])
    mine.discount = double(whole[rank])
    mine.discount_rest = double(rest[rank])
    total = double(0.0)
    slope = double(0.0)
    bend = double(0.0)
    first = rank - rank % 16
    while first < n:
        m = tile_length(first, n)
        m = m + (16 - m % 16) % 16
        pair_tile(
            offset(scores, first), offset(gains, first), offset(whole, first), offset(rest, first), m, mine, values,
            slopes, bends,
        )  # fmt: skip
        total = total + values_sum(values, m)
        if mode > 0:
            slope = slope + values_sum(slopes, m)
            pull_down(slopes, bends, m, mode, offset(g, first), offset(h, first))
        if mode > 1:
            bend = bend + values_sum(bends, m)
        first = first + m
    if mode > 0:
        g[rank] = g[rank] + slope
    if mode > 1:
        h[rank] = h[rank] + bend
    return total


@noinline
def fill_up(n: Int, scores: Reals, gains: Reals, whole: Reals, rest: Reals) -> Int:
    """Rows that fill up the last sixteen of a list: below all others, without a fall of the discount to them."""
    for i in range(n, n + (16 - n % 16) % 16):
        scores[i] = scores[n - 1]
        gains[i] = gains[n - 1]
        whole[i] = 1e999
        rest[i] = 0.0
    return 0


@noinline
def lambdarank_group(c: Ranked, group: Int, first: Int, n: Int, w: Double) -> Double:
    """One list: its value; gradient and curvature, if they are wanted, times the weight and the scale."""
    counts = stack_ints(32)
    mine = Rank()
    order = scratch_ints(c, 0, group, first)
    scores = scratch_reals(c, 0, group, first)
    row = scratch_reals(c, 1, group, first)
    gains = scratch_reals(c, 2, group, first)
    whole = scratch_reals(c, 3, group, first)
    rest = scratch_reals(c, 4, group, first)
    g = scratch_doubles(c, 0, group, first)
    h = scratch_doubles(c, 1, group, first)
    if read_list(c, c.pred, first, n, scores) > 0:
        fill_list(c, first, n, real(1e999) - real(1e999))
        return double(1e999) - double(1e999)
    sort_descending(scores, order, n, row, scratch_ints(c, 1, group, first))
    read_list(c, c.target, first, n, row)
    read_gains(row, order, n, counts, gains)
    discounts = reals(array_data(c.discounts))
    for i in range(n):
        whole[i] = discounts[i]
        rest[i] = discounts[c.longest + i]
    fill_up(n, scores, gains, whole, rest)
    ranks = n if c.ranks == 0 or c.ranks > n else c.ranks
    best = best_gain(counts, ranks, whole, rest)
    mine.sigma = c.number
    mine.share = double(1.0) / best if best > double(0.0) else double(0.0)
    if c.mode > 0:
        for i in range(n + (16 - n % 16) % 16):
            g[i] = double(0.0)
            h[i] = double(0.0)
    total = double(0.0)
    for rank in range(ranks):
        total = total + pairs_of_rank(rank, n, c.mode, scores, gains, whole, rest, mine, g, h)
    if c.mode > 0:
        write_slopes(c, first, n, order, g, h, w * c.scale, row)
    return total


def lambdarank_block(c: Ranked, partial: Result, block: Int) -> Int:
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
            end_group(c, group, w * lambdarank_group(c, group, first, n, w), partial)
    return 0
