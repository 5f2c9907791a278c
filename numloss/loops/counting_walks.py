"""What counts of labels leave, in the order of their scores: wins, precisions, distances.

Keys of cells of scores are put together, sorted or counted first. The headers are those of headers/counting.py.
"""

from __future__ import annotations

from .headers import Result, Walk
from .language import (
    Doubles,
    Int,
    Ints,
    array_data,
    double,
    doubles,
    int64s,
    integer,
    ints,
    noinline,
    offset,
    stack_ints,
    uint16s,
    uint32s,
)
from .sums import begin_block

# The part of a placement that is kept apart, so that no product leaves 64 bits: 2 ** 20.
LIMB = 1048576
# Integers of scratch: the keys of a cell of scores of 32 bits.
SCRATCH = 131072


def key_at(c: Walk, i: Int) -> Int:
    """A key, of 32 or 64 bits."""
    if c.bits == 32:
        return integer(uint32s(array_data(c.numbers))[i])
    return integer(int64s(array_data(c.numbers))[i])


def key_counts_block(c: Walk, partial: Result, block: Int) -> Int:
    """Count keys that are not sorted, in as many numbers as there are different ones."""
    begin_block(partial)
    counts = ints(array_data(c.wins))
    for i in range(c.elements):
        key = key_at(c, i)
        counts[key] = counts[key] + 1
    return 0


def add_score(c: Walk, n: Int, p: Int, below: Int, below_p: Int, wins: Ints, parts: Doubles) -> Int:
    """Add what n labels 0 and p labels 1 of one score leave, above so many of both.

    Twice how many labels 0 each label 1 is above, ties once, in two limbs; the squares of that, and of how many labels
    1 each label 0 is below; what they add to the average precision; how far apart both shares below are.
    """
    over = 2 * below + n
    above = c.positives - below_p - p
    under = 2 * above + p
    wins[0] = wins[0] + p * (over // LIMB)
    wins[1] = wins[1] + p * (over % LIMB)
    high = double(over)
    low = double(under)
    parts[0] = parts[0] + double(p) * (high * high)
    parts[1] = parts[1] + double(n) * (low * low)
    hits = double(above + p)
    shown = hits + double(c.negatives - below)
    if p > 0:
        parts[2] = parts[2] + double(p) * (hits / shown)
    gap = double(below + n) / double(c.negatives) - double(below_p + p) / double(c.positives)
    gap = -gap if gap < double(0.0) else gap
    if gap > parts[3]:
        parts[3] = gap
    return 0


def counts_block(c: Walk, partial: Result, block: Int) -> Int:
    """What cells of scores leave, each as if all of its scores were one."""
    begin_block(partial)
    counts = ints(array_data(c.numbers))
    wins = ints(array_data(c.wins))
    parts = doubles(array_data(c.parts))
    below = ints(array_data(c.below))[0]
    below_p = ints(array_data(c.below))[1]
    for k in range(c.cells):
        n = counts[2 * k]
        p = counts[2 * k + 1]
        if n + p > 0:
            add_score(c, n, p, below, below_p, offset(wins, 2 * k), offset(parts, 4 * k))
        below = below + n
        below_p = below_p + p
    return 0


def place_keys_block(c: Walk, partial: Result, block: Int) -> Int:
    """Put the sixteen bits of keys of 32 beside those of their cells and labels, where the last one ended."""
    begin_block(partial)
    into = uint16s(array_data(c.into))
    ends = ints(array_data(c.ends))
    for i in range(c.elements):
        key = key_at(c, i)
        place = 2 * (key // 131072) + key % 2
        at = ends[place]
        if at < c.room:
            into[at] = key // 2 % 65536
        ends[place] = at + 1
    return 0


@noinline
def read_cell(numbers: Int, start: Int, middle: Int, end: Int, keys: Ints) -> Int:
    """The keys of a cell, from its sixteen bits of labels 0, then of labels 1."""
    p = uint16s(numbers)
    for i in range(start, middle):
        keys[i - start] = 2 * integer(p[i])
    for i in range(middle, end):
        keys[i - start] = 2 * integer(p[i]) + 1
    return 0


@noinline
def count_cell(numbers: Int, start: Int, middle: Int, end: Int, counts: Ints) -> Int:
    """How often a cell has each of its keys."""
    p = uint16s(numbers)
    for k in range(SCRATCH):
        counts[k] = 0
    for i in range(start, middle):
        at = 2 * integer(p[i])
        counts[at] = counts[at] + 1
    for i in range(middle, end):
        at = 2 * integer(p[i]) + 1
        counts[at] = counts[at] + 1
    return 0


@noinline
def sort_nine(keys: Ints, n: Int, unit: Int, out: Ints) -> Int:
    """Sort by the nine bits above a unit; what is equal stays in order."""
    counts = stack_ints(512)
    for k in range(512):
        counts[k] = 0
    for i in range(n):
        digit = keys[i] // unit % 512
        counts[digit] = counts[digit] + 1
    total = 0
    for k in range(512):
        count = counts[k]
        counts[k] = total
        total = total + count
    for i in range(n):
        digit = keys[i] // unit % 512
        at = counts[digit]
        counts[digit] = at + 1
        out[at] = keys[i]
    return 0


@noinline
def walk_run(c: Walk, keys: Ints, n: Int, cell: Int) -> Int:
    """What a cell leaves, by its keys in order."""
    wins = offset(ints(array_data(c.wins)), 2 * cell)
    parts = offset(doubles(array_data(c.parts)), 4 * cell)
    below = ints(array_data(c.below))[2 * cell]
    below_p = ints(array_data(c.below))[2 * cell + 1]
    i = 0
    while i < n:
        score = keys[i] // 2
        p = 0
        j = i
        while j < n and keys[j] // 2 == score:
            p = p + keys[j] % 2
            j = j + 1
        add_score(c, j - i - p, p, below, below_p, wins, parts)
        below = below + j - i - p
        below_p = below_p + p
        i = j
    return 0


@noinline
def walk_table(c: Walk, counts: Ints, cell: Int) -> Int:
    """What a cell leaves, by how often it has each of its keys."""
    wins = offset(ints(array_data(c.wins)), 2 * cell)
    parts = offset(doubles(array_data(c.parts)), 4 * cell)
    below = ints(array_data(c.below))[2 * cell]
    below_p = ints(array_data(c.below))[2 * cell + 1]
    for k in range(65536):
        n = counts[2 * k]
        p = counts[2 * k + 1]
        if n + p > 0:
            add_score(c, n, p, below, below_p, wins, parts)
        below = below + n
        below_p = below_p + p
    return 0


def placed_keys_block(c: Walk, partial: Result, block: Int) -> Int:
    """What cells leave, by the sixteen bits of keys that are together: sorted, or counted."""
    begin_block(partial)
    numbers = array_data(c.numbers)
    ends = ints(array_data(c.ends))
    scratch = ints(array_data(c.scratch))
    more = offset(scratch, SCRATCH // 2)
    start = 0
    for cell in range(c.cells):
        middle = ends[2 * cell]
        n = ends[2 * cell + 1] - start
        if n <= SCRATCH // 2:
            read_cell(numbers, start, middle, start + n, scratch)
            sort_nine(scratch, n, 1, more)
            sort_nine(more, n, 512, scratch)
            walk_run(c, scratch, n, cell)
        else:
            count_cell(numbers, start, middle, start + n, scratch)
            walk_table(c, scratch, cell)
        start = start + n
    return 0


def sorted_keys_block(c: Walk, partial: Result, block: Int) -> Int:
    """What cells leave, by their keys of 64 bits, all in order."""
    begin_block(partial)
    keys = ints(array_data(c.numbers))
    ends = ints(array_data(c.ends))
    start = 0
    for cell in range(c.cells):
        walk_run(c, offset(keys, start), ends[cell] - start, cell)
        start = ends[cell]
    return 0
