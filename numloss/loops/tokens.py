"""Rows of scores of tokens: the probability and the rank of a label, the entropy, and the largest scores.

A row is read from memory once; what follows finds it in the cache. The largest score of each group of classes says
where the largest of all can be: few groups are looked at again.
"""

from __future__ import annotations

from ..scalar import round_shift
from .codes import DATA
from .halves import widen
from .headers import Result, TokenRow, Tokens
from .language import (
    Double,
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


def group_width(classes: Int) -> Int:
    """Classes of a group, whole tiles: there are at most 512 groups."""
    return 512 * ((classes + 262143) // 262144)


def token_scores(c: Tokens, data: Int, first: Int, n: Int, z: Reals) -> Reals:
    """Pointer to the scores of n classes from `first`, in z unless they lie in memory as they are needed."""
    if c.kind == DATA:
        return offset(reals(data), first)
    widen(data + first * item_size(c.kind, c.itemsize), c.kind, 1, n, z)
    return z


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
            top = tile_maximum(token_scores(c, data, first, n, z), n)
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
                list_tile(token_scores(c, data, first, n, z), first, n, least, values, ids, c.largest)
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
def spread_of(z: Reals, n: Int, top: Real, e: Reals) -> Double:
    """The sum of n terms times the distances of their scores from the largest, as `count_above` adds up."""
    if n < 512:
        for i in range(n):
            e[i] = spread_term(e[i], z[i], top)
        return double(run_sum(e, n))
    for i in range(128):
        first = spread_term(e[i], z[i], top) + spread_term(e[i + 128], z[i + 128], top)
        second = spread_term(e[i + 256], z[i + 256], top) + spread_term(e[i + 384], z[i + 384], top)
        e[i] = first + second
    return double(run_sum(e, 128))


@noinline
def measure_token(c: Tokens, data: Int, label: Int, top: Real, pivot: Int, tops: Reals, s: TokenRow) -> Int:
    """Statistics of a row, whose largest score has a place."""
    z = stack_reals(512)
    e = stack_reals(512)
    lanes = stack_doubles(32)
    clear(lanes)
    width = group_width(c.classes)
    size = item_size(c.kind, c.itemsize)
    base = base_of(top)
    shift = round_shift(top - base)
    score = element(data, c.kind, label) if label >= 0 else top
    own = real(1.0)
    s.above = double(0.0)
    spread = double(0.0)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        scores = token_scores(c, data, first, n, z)
        # the next row comes from memory while this one is computed
        will_need(reals(data + (c.classes + first) * size), n * size // c.itemsize)
        exponentials(scores, n, base, shift, e)
        if pivot >= first and pivot < first + n:
            own = e[pivot - first]
            e[pivot - first] = 0.0
        add_tile(e, n, lanes)
        spread = spread + spread_of(scores, n, top, e)
        if tops[first // width] > score:
            s.above = s.above + count_above(scores, n, score, e)
        first = first + n
    s.top = double(top)
    s.score = double(score)
    s.rest = fold(lanes) / double(own)
    s.spread = spread / double(own)
    return 0


@noinline
def put_token(c: Tokens, row: Int, label: Int, s: TokenRow, values: Reals, ids: Ints) -> Int:
    """Write what is known of a row; of one with a score that is NaN, or without a finite one, that it is not a number,
    with rank 0."""
    rest = double_log1p(s.rest)
    found = (s.score - s.top) - rest
    known = 1 if s.rest >= double(0.0) else 0
    nothing = double(1e999) - double(1e999)
    doubles(array_data(c.entropies))[row] = rest + s.spread / (double(1.0) + s.rest) if known == 1 else nothing
    doubles(array_data(c.label_logs))[row] = found if known == 1 and label >= 0 else nothing
    doubles(array_data(c.ranks))[row] = s.above + double(1.0) if known == 1 and label >= 0 else double(0.0)
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
    size = item_size(c.kind, c.itemsize)
    labels = ints(array_data(c.labels))
    stop = block_stop(c.rows, c.block, block)
    for row in range(block * c.block, stop):
        data = array_data(c.scores) + row * c.classes * size
        label = labels[row]
        groups = group_tops(c, data, tops)
        list_largest(c, data, tops, groups, values, ids)
        s.rest = double(-1.0)
        if ids[0] >= 0:
            measure_token(c, data, label, values[0], ids[0], tops, s)
        put_token(c, row, label, s, values, ids)
    return 0
