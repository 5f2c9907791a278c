"""What sums of weights leave, in the order of scores: counting_walks.py of rows that do not count the same."""

from __future__ import annotations

from .headers import Result, WeightedWalk
from .language import Double, Int, array_data, double, doubles, int32s, integer, ints, noinline, offset
from .sums import begin_block


def sum_of(whole: Int, rest: Int) -> Double:
    """A sum of weights in their unit, of both integers; the second are 2 ** -30 of the first."""
    return double(whole) + double(rest) * double(9.31322574615478515625e-10)


def ordered_key(c: WeightedWalk, i: Int) -> Int:
    """The key that is the i-th in order: those of 32 bits stand before their places."""
    key = ints(array_data(c.keys))[i]
    return key // 1073741824 if c.bits == 32 else key


def ordered_place(c: WeightedWalk, i: Int) -> Int:
    """Where the row of that key stands."""
    return ints(array_data(c.keys))[i] % 1073741824 if c.bits == 32 else ints(array_data(c.places))[i]


@noinline
def weighted_cell(c: WeightedWalk, cell: Int, start: Int, stop: Int) -> Int:
    """What a cell leaves, by its keys in order: the wins of labels 1, what they add to the average precision, and how
    far apart the shares of both labels are. Sums are kept with what they lose to rounding."""
    rows = int32s(array_data(c.rows))
    below = offset(ints(array_data(c.below)), 6 * cell)
    n_below = below[1]
    n_rest_below = below[2]
    p_below = below[4]
    p_rest_below = below[5]
    all_of = ints(array_data(c.all_of))
    n_all = sum_of(all_of[1], all_of[2])
    p_all = sum_of(all_of[4], all_of[5])
    wins = double(0.0)
    wins_rest = double(0.0)
    precision = double(0.0)
    precision_rest = double(0.0)
    widest = double(0.0)
    i = start
    while i < stop:
        score = ordered_key(c, i) // 2
        n = 0
        n_rest = 0
        p = 0
        p_rest = 0
        while i < stop and ordered_key(c, i) // 2 == score:
            at = c.stride * (ordered_place(c, i) + 1)
            label = ordered_key(c, i) % 2
            whole = integer(rows[at - 2])
            rest = integer(rows[at - 1])
            p = p + whole * label
            p_rest = p_rest + rest * label
            n = n + whole * (1 - label)
            n_rest = n_rest + rest * (1 - label)
            i = i + 1
        ones = sum_of(p, p_rest)
        more = ones * (double(2.0) * sum_of(n_below, n_rest_below) + sum_of(n, n_rest))
        total = wins + more
        moved = total - wins
        wins_rest = wins_rest + ((wins - (total - moved)) + (more - moved))
        wins = total
        hits = sum_of(all_of[4] - p_below, all_of[5] - p_rest_below)
        shown = hits + sum_of(all_of[1] - n_below, all_of[2] - n_rest_below)
        more = ones * hits / shown if ones > double(0.0) else double(0.0)
        total = precision + more
        moved = total - precision
        precision_rest = precision_rest + ((precision - (total - moved)) + (more - moved))
        precision = total
        n_below = n_below + n
        n_rest_below = n_rest_below + n_rest
        p_below = p_below + p
        p_rest_below = p_rest_below + p_rest
        gap = sum_of(n_below, n_rest_below) / n_all - sum_of(p_below, p_rest_below) / p_all
        gap = -gap if gap < double(0.0) else gap
        widest = gap if gap > widest else widest
    doubles(array_data(c.wins))[cell] = wins + wins_rest
    parts = offset(doubles(array_data(c.parts)), 4 * cell)
    parts[2] = precision + precision_rest
    parts[3] = widest
    return 0


def weighted_keys_block(c: WeightedWalk, partial: Result, block: Int) -> Int:
    """What cells leave, one after the other."""
    begin_block(partial)
    ends = ints(array_data(c.ends))
    start = 0
    for cell in range(c.cells):
        weighted_cell(c, cell, start, ends[cell])
        start = ends[cell]
    return 0
