"""Counting for metrics: labels by the bits of their scores, in which no order of rows matters and nothing is rounded.

Scores are in the order of integers that are made of their bits; what follows from the counts is in counting_walks.py.
The headers are those of headers/counting.py.
"""

from __future__ import annotations

from .codes import WHOLE
from .headers import Chosen, Cuts, Result, Scored
from .language import (
    Int,
    Ints,
    Real,
    Reals,
    address,
    array_data,
    double,
    int64s,
    integer,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_ints,
    stack_reals,
    uint16s,
    uint32s,
)
from .operands import fetch, first_outside
from .sums import begin_block, block_stop, report, tile_length


@noinline
def without_sign_of_zero(x: Reals, n: Int, out: Reals) -> Int:
    """The same scores with one zero alone."""
    for i in range(n):
        out[i] = x[i] + 0.0
    return 0


@noinline
def leading_bits(at: Int, step: Int, n: Int, tops: Ints) -> Int:
    """The leading sixteen bits of n numbers of so many sixteens, as integers in the order of the numbers."""
    p = uint16s(at)
    for i in range(n):
        u = integer(p[i * step + step - 1])
        tops[i] = u + 32768 if u < 32768 else 65535 - u
    return 0


@noinline
def leading_bits_of_halves(at: Int, n: Int, tops: Ints) -> Int:
    """The same for numbers of sixteen bits as they are stored, of which both zeros are one."""
    p = uint16s(at)
    for i in range(n):
        u = integer(p[i])
        tops[i] = 32768 if u == 32768 else u + 32768 if u < 32768 else 65535 - u
    return 0


def rest_bits(at: Int, bits: Int, i: Int) -> Int:
    """All but the leading sixteen bits of number i, as an integer in the order of the numbers."""
    if bits == 32:
        u = integer(uint32s(at)[i])
        return u % 65536 if u // 65536 < 32768 else 65535 - u % 65536
    most = 281474976710655
    least = 9223372036854775807
    s = integer(int64s(at)[i])
    if s >= 0:
        return s % (most + 1)
    return most - (s + least + 1) % (most + 1)


def read_tops(c: Scored, start: Int, n: Int, buffer: Reals, tops: Ints) -> Int:
    """The leading bits of n scores from start on."""
    if c.bits == 16:
        return leading_bits_of_halves(array_data(c.scores) + 2 * start, n, tops)
    without_sign_of_zero(offset(reals(array_data(c.scores)), start), n, buffer)
    return leading_bits(address(buffer), c.bits // 16, n, tops)


@noinline
def count_tops(tops: Ints, labels: Reals, n: Int, counts: Ints) -> Int:
    """Count n labels by the leading bits of their scores."""
    for i in range(n):
        at = 2 * tops[i] + integer(labels[i])
        counts[at] = counts[at] + 1
    return 0


def checked_labels(c: Scored, start: Int, n: Int, buffer: Reals, partial: Result) -> Reals:
    """Pointer to n labels; one that is neither 0 nor 1 is reported."""
    labels = fetch(c.labels, c.itemsize, 0.0, start, n, buffer)
    bad = first_outside(labels, n, WHOLE, 0.0, 1.0)
    if bad >= 0:
        report(partial, start + bad, 1)
    return labels


def scores_block(c: Scored, partial: Result, block: Int) -> Int:
    """Count all labels by the leading bits of their scores."""
    buffer = stack_reals(512)
    given = stack_reals(512)
    tops = stack_ints(512)
    begin_block(partial)
    counts = ints(array_data(c.counts))
    start = 0
    while start < c.elements:
        n = tile_length(start, c.elements)
        labels = checked_labels(c, start, n, given, partial)
        if partial.bad_at >= 0:
            return 0
        read_tops(c, start, n, buffer, tops)
        count_tops(tops, labels, n, counts)
        start = start + n
    return 0


@noinline
def flag_between(x: Reals, n: Int, low: Real, high: Real, flags: Ints) -> Int:
    """1 for scores from low to high, by themselves, so that there are vectors of them."""
    for i in range(n):
        flags[i] = integer(x[i] >= low) * integer(x[i] <= high)
    return 0


@noinline
def those_between(x: Reals, n: Int, low: Real, high: Real, flags: Ints, places: Ints, out: Reals) -> Int:
    """The scores from low to high with one zero alone, and their places; how many there are."""
    flag_between(x, n, low, high, flags)
    k = 0
    for i in range(n):
        # no branch: which scores are between is a guess
        places[k] = i
        k = k + flags[i]
    for j in range(k):
        out[j] = x[places[j]] + 0.0
    return k


def key_of(c: Scored, at: Int, top: Int, i: Int) -> Int:
    """The key of score i of those in the window, without its label."""
    rest = rest_bits(at, c.bits, i)
    if c.bits == 32 and c.drop == 1:
        return (top - c.low) * c.span + rest
    return (top * c.scale + rest // c.unit - c.low) * c.span + rest % c.unit // c.drop


def keys_block(c: Scored, partial: Result, block: Int) -> Int:
    """The keys of scores in a window; how many there are is the value."""
    found_scores = stack_reals(512)
    given = stack_reals(512)
    tops = stack_ints(512)
    places = stack_ints(512)
    begin_block(partial)
    keys = ints(array_data(c.keys))
    found = 0
    start = 0
    while start < c.elements:
        n = tile_length(start, c.elements)
        x = offset(reals(array_data(c.scores)), start)
        some = those_between(x, n, real(c.least), real(c.most), tops, places, found_scores)
        if some > 0:
            labels = fetch(c.labels, c.itemsize, 0.0, start, n, given)
            at = address(found_scores)
            leading_bits(at, c.bits // 16, some, tops)
            for k in range(some):
                keys[found + k] = 2 * key_of(c, at, tops[k], k) + integer(labels[places[k]] > 0.0)
            found = found + some
        start = start + n
    partial.value = double(found)
    return 0


def tops_block(c: Scored, partial: Result, block: Int) -> Int:
    """The leading bits of all scores, with labels as their last bits, as keys."""
    buffer = stack_reals(512)
    given = stack_reals(512)
    begin_block(partial)
    keys = ints(array_data(c.keys))
    start = 0
    while start < c.elements:
        n = tile_length(start, c.elements)
        labels = checked_labels(c, start, n, given, partial)
        if partial.bad_at >= 0:
            return 0
        read_tops(c, start, n, buffer, offset(keys, start))
        for i in range(n):
            keys[start + i] = 2 * keys[start + i] + integer(labels[i])
        start = start + n
    return 0


def between_block(c: Cuts, partial: Result, block: Int) -> Int:
    """Which of the cells that cuts make each score is in: 2 k below cut k, 2 k + 1 where it is one; NaN above all."""
    begin_block(partial)
    cuts = reals(array_data(c.cuts))
    at = stack_ints(512)
    steps = stack_ints(2)
    steps[1] = 0
    stop = block_stop(c.elements, c.block, block)
    start = block * c.block
    while start < stop:
        n = tile_length(start, stop)
        x = offset(reals(array_data(c.scores)), start)
        cells = offset(ints(array_data(c.cells)), start)
        for i in range(n):
            at[i] = 0
        left = c.count
        while left > 1:
            steps[0] = left // 2
            step_between(x, n, cuts, left // 2, steps, at)
            left = left - left // 2
        for i in range(n):
            cut = cuts[at[i]]
            cells[i] = 2 * at[i] + (0 if x[i] < cut else 1 if x[i] == cut else 2)
        start = start + n
    return 0


@noinline
def step_between(x: Reals, n: Int, cuts: Reals, half: Int, steps: Ints, at: Ints) -> Int:
    """A step of the search for each score, read from memory: of a choice LLVM makes a branch, seven times as slow."""
    for i in range(n):
        at[i] = at[i] + steps[integer(x[i] < cuts[at[i] + half])]
    return 0


def chosen_block(c: Chosen, partial: Result, block: Int) -> Int:
    """Of rows of scores the first of the largest, or -1 where one is NaN; how many classes come before the label."""
    begin_block(partial)
    given = stack_reals(512)
    chosen = ints(array_data(c.chosen))
    before = ints(array_data(c.before))
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    most = double(c.classes - 1)
    while start < stop:
        n = tile_length(start, stop)
        labels = fetch(c.labels, c.itemsize, 0.0, start, n, given)
        for i in range(n):
            label = integer(labels[i])
            if not (double(labels[i]) >= double(0.0) and double(labels[i]) <= most and double(label) == labels[i]):
                report(partial, start + i, 1)
                label = 0
            row = offset(reals(array_data(c.scores)), (start + i) * c.classes)
            choose(row, c.classes, label, offset(chosen, start + i), offset(before, start + i))
        start = start + n
    return 0


@noinline
def choose(row: Reals, classes: Int, label: Int, chosen: Ints, before: Ints) -> Int:
    """The choice of one row; classes with the label's score come before it by their numbers."""
    score = row[label]
    count = 0
    bad = 0
    best = row[0]
    for j in range(classes):
        count = count + integer(row[j] > score)
        bad = bad + integer(row[j] != row[j])
        best = row[j] if row[j] > best else best
    for j in range(label):
        count = count + integer(row[j] == score)
    at = 0
    while at < classes - 1 and row[at] != best:
        at = at + 1
    chosen[0] = at if bad == 0 else -1
    before[0] = count if bad == 0 else classes
    return 0
