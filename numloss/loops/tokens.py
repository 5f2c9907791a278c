"""Rows of scores of tokens: the probability and the rank of a label, the entropy, and the largest scores.

A row is read from memory once; what follows finds it in the cache. The largest score of each group of classes says
where the largest of all can be: few groups are looked at again.
"""

from __future__ import annotations

from ..scalar import exp_scaled, fma, minimum, power_of_two, round_shift
from .headers import Result, TokenRow, Tokens
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    double,
    double_log1p,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
    run_maximum,
    run_sum,
    stack_doubles,
    stack_ints,
    stack_reals,
    will_need,
)
from .operands import element, item_size
from .rowwise_long import top_score
from .rowwise_parts import base_of, exponentials, tile_maximum
from .sums import add_tile, begin_block, block_stop, clear, fold, tile_length
from .tokens_compared import compare_token, token_scores


def group_width(classes: Int) -> Int:
    """Classes of a group, whole tiles: there are at most 512 groups."""
    return 512 * ((classes + 262143) // 262144)


@noinline
def group_tops(c: Tokens, data: Int, tops: Reals) -> Int:
    """The largest score of each group; how many groups there are."""
    z = stack_reals(512)
    width = group_width(c.classes)
    size = item_size(c.kind, c.itemsize)
    groups = (c.classes + width - 1) // width
    for k in range(groups):
        tops[k] = real(-1e999)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        if n == 512:
            top = top_score(data + first * size, c.kind, n)
        else:
            top = tile_maximum(token_scores(data, c.kind, c.itemsize, first, n, z), n)
        k = first // width
        tops[k] = top if top > tops[k] else tops[k]
        first = first + n
    return groups


@noinline
def insert(values: Reals, ids: Ints, n: Int, value: Real, place: Int) -> Int:
    """Put a value, above the last of n that fall, among these, behind those that are as large."""
    at = n - 1
    while at > 0 and values[at - 1] < value:
        values[at] = values[at - 1]
        ids[at] = ids[at - 1]
        at = at - 1
    values[at] = value
    ids[at] = place
    return 0


@noinline
def empty_list(values: Reals, ids: Ints, n: Int) -> Int:
    """A list of n of the largest with nothing in it."""
    for k in range(n):
        values[k] = real(-1e999)
        ids[k] = -1
    return 0


@noinline
def reached(tops: Reals, groups: Int, n: Int) -> Real:
    """What n scores at least reach: the n-th of the tops of groups; -inf where there are fewer."""
    values = stack_reals(512)
    ids = stack_ints(512)
    empty_list(values, ids, n)
    for k in range(groups):
        if tops[k] > values[n - 1]:
            insert(values, ids, n, tops[k], k)
    return values[n - 1]


@noinline
def list_tile(z: Reals, first: Int, n: Int, least: Real, values: Reals, ids: Ints, wanted: Int) -> Int:
    """Put those of n scores that reach `least` into a list of the largest, window by window."""
    k = 0
    while k < n:
        some = n - k if n - k < 64 else 64
        if tile_maximum(offset(z, k), some) >= least:
            for i in range(k, k + some):
                if z[i] > values[wanted - 1]:
                    insert(values, ids, wanted, z[i], first + i)
        k = k + some
    return 0


@noinline
def list_largest(c: Tokens, data: Int, tops: Reals, groups: Int, values: Reals, ids: Ints) -> Int:
    """The largest scores of a row, in falling order, of equal ones the first; -1 for what is not there."""
    z = stack_reals(512)
    width = group_width(c.classes)
    least = reached(tops, groups, c.largest)
    empty_list(values, ids, c.largest)
    for k in range(groups):
        # a score that is not above the last of the list has no place in it
        if tops[k] >= least and tops[k] > values[c.largest - 1]:
            first = k * width
            stop = first + width if first + width < c.classes else c.classes
            while first < stop:
                n = tile_length(first, stop)
                list_tile(token_scores(data, c.kind, c.itemsize, first, n, z), first, n, least, values, ids, c.largest)
                first = first + n
    return 0


def one_above(z: Real, score: Real) -> Real:
    """1 for a score that is above another, 0 for others."""
    return 1.0 if z > score else 0.0


@noinline
def count_above(z: Reals, n: Int, score: Real, e: Reals) -> Double:
    """How many of n scores are above one; of a whole tile four at a time are added first."""
    if n < 512:
        for i in range(n):
            e[i] = one_above(z[i], score)
        return double(run_sum(e, n))
    for i in range(128):
        first = one_above(z[i], score) + one_above(z[i + 128], score)
        e[i] = first + (one_above(z[i + 256], score) + one_above(z[i + 384], score))
    return double(run_sum(e, 128))


def spread_term(term: Real, z: Real, top: Real) -> Real:
    """A term times the distance of its score from the largest; 0 times inf is 0."""
    distance = top - z
    return term * (distance if distance < 1e30 else 1e30)


@noinline
def spread_of(z: Reals, n: Int, top: Real, e: Reals, lanes: Doubles) -> Int:
    """Add n terms times the distances of their scores from the largest to the lanes; this overwrites the terms."""
    for i in range(n):
        e[i] = spread_term(e[i], z[i], top)
    add_tile(e, n, lanes)
    return 0


def four(first: Real, second: Real, third: Real, fourth: Real) -> Real:
    """The sum of what lies 0, 128, 256 and 384 from each other in a tile, as `add_tile` adds it."""
    return (first + third) + (second + fourth)


@noinline
def add_fours(e: Reals, lanes: Doubles) -> Int:
    """Add 128 sums of `four` to the lanes: in all what `add_tile` does."""
    for i in range(32):
        lanes[i] = lanes[i] + double((e[i] + e[i + 64]) + (e[i + 32] + e[i + 96]))
    return 0


def lowest_of(z: Reals, i: Int) -> Real:
    """The lowest of four numbers of a tile, which lie 128 from each other."""
    return minimum(minimum(z[i], z[i + 128]), minimum(z[i + 256], z[i + 384]))


@noinline
def lowest(z: Reals, n: Int) -> Real:
    """The lowest of the numbers of four tiles, NaN left aside; -inf of fewer."""
    e = stack_reals(128)
    if n < 2048:
        return real(-1e999)
    for i in range(128):
        first = minimum(lowest_of(z, i), lowest_of(z, i + 512))
        e[i] = -minimum(first, minimum(lowest_of(z, i + 1024), lowest_of(z, i + 1536)))
    return -run_maximum(e, 128)


def near_power(z: Real, shift: Real, one: Real, high: Real, low: Real) -> Real:
    """e^(z - shift), the bits of `exp_below`, where that `is_near`; `one` is the power of two that is 1, see scalar.py,
    high and low are the logarithm of 2."""
    t = fma(z - shift, 1.4426950408889634, one)
    n = t - one
    r = z - fma(n, high, shift)
    return exp_scaled(fma(n, low, r), power_of_two(t))


@noinline
def near_terms(z: Reals, itemsize: Int, shift: Real, e: Reals) -> Int:
    """The sums of `four` of the terms of a tile that is near."""
    one = 12583039.0 if itemsize == 4 else 6755399441056767.0
    high = 0.693359375 if itemsize == 4 else 6.93147180369123816490e-01
    low = 2.12194440e-4 if itemsize == 4 else -1.90821492927058770002e-10
    for i in range(128):
        e[i] = four(
            near_power(z[i], shift, one, high, low),
            near_power(z[i + 128], shift, one, high, low),
            near_power(z[i + 256], shift, one, high, low),
            near_power(z[i + 384], shift, one, high, low),
        )
    return 0


@noinline
def near_spreads(z: Reals, itemsize: Int, shift: Real, top: Real, e: Reals, f: Reals) -> Int:
    """`near_terms`, and the sums of `four` of their products with the distances from the largest."""
    one = 12583039.0 if itemsize == 4 else 6755399441056767.0
    high = 0.693359375 if itemsize == 4 else 6.93147180369123816490e-01
    low = 2.12194440e-4 if itemsize == 4 else -1.90821492927058770002e-10
    for i in range(128):
        w = near_power(z[i], shift, one, high, low)
        x = near_power(z[i + 128], shift, one, high, low)
        y = near_power(z[i + 256], shift, one, high, low)
        v = near_power(z[i + 384], shift, one, high, low)
        e[i] = four(w, x, y, v)
        f[i] = four(w * (top - z[i]), x * (top - z[i + 128]), y * (top - z[i + 256]), v * (top - z[i + 384]))
    return 0


@noinline
def measure_tile(c: Tokens, z: Reals, first: Int, n: Int, near: Int, pivot: Int, s: TokenRow, lanes: Doubles) -> Int:
    """Add the terms of n classes from `first`, but for that of the pivot, and what their spread is, if it is asked."""
    e = stack_reals(512)
    f = stack_reals(128)
    top = real(s.top)
    base = base_of(top)
    shift = round_shift(top - base)
    inside = 1 if pivot >= first and pivot < first + n else 0
    if near == 1 and inside == 0:
        if c.entropies == 0:
            near_terms(z, c.itemsize, shift, e)
        else:
            near_spreads(z, c.itemsize, shift, top, e, f)
            add_fours(f, offset(lanes, 32))
        add_fours(e, lanes)
        return 0
    exponentials(z, n, base, shift, e)
    if inside == 1:
        s.own = double(e[pivot - first])
        e[pivot - first] = 0.0
    add_tile(e, n, lanes)
    if c.entropies != 0:
        spread_of(z, n, top, e, offset(lanes, 32))
    return 0


@noinline
def measure_tiles(
    c: Tokens, z: Reals, first: Int, n: Int, pivot: Int, tops: Reals, s: TokenRow, lanes: Doubles
) -> Int:
    """Up to four tiles of classes from `first`: their terms, and how many scores are above that of the label."""
    e = stack_reals(512)
    width = group_width(c.classes)
    # no power is below the normal numbers, and nothing has to be taken off first
    reach = double(86.0) if c.itemsize == 4 else double(707.0)
    near = 1 if double(lowest(z, n)) >= s.top - reach and base_of(real(s.top)) == 0.0 else 0
    done = 0
    while done < n:
        some = tile_length(done, n)
        scores = offset(z, done)
        measure_tile(c, scores, first + done, some, near, pivot, s, lanes)
        if c.ranks != 0 and double(tops[(first + done) // width]) > s.score:
            s.above = s.above + count_above(scores, some, real(s.score), e)
        done = done + some
    return 0


@noinline
def measure_token(c: Tokens, data: Int, label: Int, pivot: Int, tops: Reals, s: TokenRow) -> Int:
    """Statistics of a row, whose largest score has a place."""
    z = stack_reals(2048)
    lanes = stack_doubles(64)
    clear(lanes)
    clear(offset(lanes, 32))
    size = item_size(c.kind, c.itemsize)
    s.score = double(element(data, c.kind, label)) if label >= 0 else s.top
    s.own = double(1.0)
    s.above = double(0.0)
    first = 0
    while first < c.classes:
        n = c.classes - first if c.classes - first < 2048 else 2048
        scores = token_scores(data, c.kind, c.itemsize, first, n, z)
        # the next row comes from memory while this one is computed
        will_need(reals(data + (c.classes + first) * size), n * size // c.itemsize)
        measure_tiles(c, scores, first, n, pivot, tops, s, lanes)
        first = first + n
    s.rest = fold(lanes) / s.own
    s.spread = fold(offset(lanes, 32)) / s.own
    return 0


@noinline
def put_token(c: Tokens, row: Int, label: Int, s: TokenRow, values: Reals, ids: Ints) -> Int:
    """Write what is asked of a row; of one with a score that is NaN, or without a finite one, that it is not a number,
    with rank 0."""
    rest = double_log1p(s.rest)
    found = (s.score - s.top) - rest
    known = 1 if s.rest >= double(0.0) else 0
    nothing = double(1e999) - double(1e999)
    doubles(array_data(c.label_logs))[row] = found if known == 1 and label >= 0 else nothing
    if c.entropies != 0:
        entropy = rest + s.spread / (double(1.0) + s.rest)
        doubles(array_data(c.entropies))[row] = entropy if known == 1 else nothing
    if c.ranks != 0:
        doubles(array_data(c.ranks))[row] = s.above + double(1.0) if known == 1 and label >= 0 else double(0.0)
    if c.tops != 0:
        doubles(array_data(c.tops))[row] = s.top
        doubles(array_data(c.rests))[row] = s.rest
    places = offset(ints(array_data(c.ids)), row * c.largest)
    logs = offset(doubles(array_data(c.logs)), row * c.largest)
    for k in range(c.largest):
        places[k] = ids[k] if known == 1 else -1
        logs[k] = (double(values[k]) - s.top) - rest if known == 1 else nothing
    return 0


def tokens_block(c: Tokens, partial: Result, block: Int) -> Int:
    """One row after the other."""
    tops = stack_reals(512)
    values = stack_reals(512)
    ids = stack_ints(512)
    s = TokenRow()
    begin_block(partial)
    labels = ints(array_data(c.labels))
    stop = block_stop(c.rows, c.block, block)
    for row in range(block * c.block, stop):
        data = array_data(c.scores) + row * c.classes * item_size(c.kind, c.itemsize)
        label = labels[row]
        groups = group_tops(c, data, tops)
        list_largest(c, data, tops, groups, values, ids)
        s.top = double(values[0])
        s.rest = double(-1.0)
        if ids[0] >= 0:
            measure_token(c, data, label, ids[0], tops, s)
        put_token(c, row, label, s, values, ids)
        if c.others != 0:
            compare_token(c, data, row, s)
    return 0
