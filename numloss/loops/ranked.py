"""The ranked family: lists of uneven length, each of them a unit of work. What its loops share.

Header of the problem c:

    0 groups   1 the first group of each block and, at its end, all groups (array object, int64)   2 where the rows of
    each group begin and, at its end, all rows (array object, int64)   3 events are given   4 weighted   5 values wanted
    6 mode   7 the pairs that count are those of the first so many ranks, 0: all   8 ties as Efron has them, not Breslow
    9 bytes of the data's dtype   10 the curvature is a bound   11 rows of the scratch arrays   12-14 scratch (array
    objects): places of rows, int64 (2, rows), numbers of the data's dtype, float64 numbers   15 discounts of ranks
    (array object) of the data's dtype: the number and what it lacks   16 how many   17 -
    18-24 the floats   25 onwards: operands pred, target, event, weight, values, gradient, curvature
    46-48 how pred, target and event are checked

Floats: scale, least curvature, sigma, lowest and highest target, lowest and highest event.

In the scratch arrays a group has its rows and 16 more for each group before it. Rows that a loop has sorted are
called by their places in the order of the list.
"""

from __future__ import annotations

from .headers import Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    address,
    apart,
    array_data,
    double,
    doubles,
    integer,
    ints,
    offset,
    operand_at,
    real,
    reals,
    stack_reals,
)
from .operands import deliver, fetch, first_outside
from .sums import begin_block, report, tile_length


def floats_of(c: Ints) -> Doubles:
    """The floats of a problem."""
    return offset(doubles(address(c)), 18)


def scratch_ints(c: Ints, k: Int, group: Int, first: Int) -> Ints:
    """Where the rows of a group lie in row k of the scratch for places."""
    return offset(ints(array_data(c[12])), k * c[11] + first + 16 * group)


def scratch_reals(c: Ints, k: Int, group: Int, first: Int) -> Reals:
    """Where the rows of a group lie in row k of the scratch for numbers."""
    return offset(reals(array_data(c[13])), k * c[11] + first + 16 * group)


def scratch_doubles(c: Ints, k: Int, group: Int, first: Int) -> Doubles:
    """Where the rows of a group lie in row k of the scratch for float64."""
    return offset(doubles(array_data(c[14])), k * c[11] + first + 16 * group)


@apart
def check_list(c: Ints, k: Int, which: Int, first: Int, n: Int, low: Double, high: Double, partial: Result) -> Int:
    """Report the first value of a list that the operand at c[k] must not have."""
    buffer = stack_reals(512)
    done = 0
    while done < n and partial.bad_at < 0:
        m = tile_length(done, n)
        x = fetch(operand_at(c, k), c[9], 0.0, first + done, m, buffer)
        bad = first_outside(x, m, c[46 + which], real(low), real(high))
        if bad >= 0:
            report(partial, first + done + bad, which)
        done = done + m
    return 0


@apart
def read_list(c: Ints, k: Int, first: Int, n: Int, out: Reals) -> Int:
    """Read a list from the operand at c[k]; returns how many of it are NaN."""
    odd = 0
    done = 0
    while done < n:
        m = tile_length(done, n)
        place = offset(out, done)
        x = fetch(operand_at(c, k), c[9], 0.0, first + done, m, place)
        for i in range(m):
            place[i] = x[i]
            odd += integer(x[i] != x[i])
        done = done + m
    return odd


@apart
def write_list(c: Ints, k: Int, first: Int, n: Int, values: Reals) -> Int:
    """Bring a list to the operand at c[k]."""
    done = 0
    while done < n:
        m = tile_length(done, n)
        deliver(operand_at(c, k), first + done, m, offset(values, done), 0)
        done = done + m
    return 0


@apart
def fill_list(c: Ints, first: Int, n: Int, value: Real) -> Int:
    """The same slope, and curvature, for all of a list."""
    buffer = stack_reals(512)
    for i in range(512):
        buffer[i] = value
    done = 0
    while done < n and c[6] > 0:
        m = tile_length(done, n)
        deliver(operand_at(c, 40), first + done, m, buffer, 0)
        if c[6] > 1:
            deliver(operand_at(c, 43), first + done, m, buffer, 0)
        done = done + m
    return 0


@apart
def write_in_place(order: Ints, values: Doubles, n: Int, factor: Double, row: Reals) -> Int:
    """Numbers of a sorted list, times a factor, to the places that its rows came from."""
    for i in range(n):
        row[order[i]] = real(values[i] * factor)
    return 0


@apart
def bound_bends(c: Ints, bends: Doubles, n: Int) -> Int:
    """Curvatures as they were asked for: exact, or twice that and not below the least."""
    least = floats_of(c)[1]
    if c[10] == 1:
        for i in range(n):
            twice = double(2.0) * bends[i]
            bends[i] = least if twice < least else twice
    return 0


@apart
def write_slopes(
    c: Ints, first: Int, n: Int, order: Ints, slopes: Doubles, bends: Doubles, factor: Double, row: Reals
) -> Int:
    """Gradient, and curvature, of a sorted list; row is scratch."""
    write_in_place(order, slopes, n, factor, row)
    write_list(c, 40, first, n, row)
    if c[6] > 1:
        bound_bends(c, bends, n)
        write_in_place(order, bends, n, factor, row)
        write_list(c, 43, first, n, row)
    return 0


@apart
def group_weight(c: Ints, group: Int, partial: Result) -> Double:
    """The weight of a group; a bad one is reported and becomes 0."""
    if c[4] == 0:
        return double(1.0)
    buffer = stack_reals(16)
    w = fetch(operand_at(c, 34), c[9], 0.0, group, 1, buffer)
    if first_outside(w, 1, 1, 0.0, 1e999) >= 0:
        report(partial, group, 15)
        return double(0.0)
    return double(w[0])


@apart
def group_count(c: Ints, first: Int, n: Int) -> Double:
    """What a group counts in a mean: its events where there are any to count, else 1 unless it is empty."""
    if c[3] == 0:
        return double(1.0) if n > 0 else double(0.0)
    buffer = stack_reals(512)
    events = 0
    done = 0
    while done < n:
        m = tile_length(done, n)
        happened = fetch(operand_at(c, 31), c[9], 0.0, first + done, m, buffer)
        for i in range(m):
            events += integer(happened[i] > 0.0)
        done = done + m
    return double(events)


@apart
def begin_group(c: Ints, group: Int, first: Int, n: Int, partial: Result, count: Doubles) -> Double:
    """The weight of a group and what it counts; 0 where nothing of it does: then zeros are written."""
    f = floats_of(c)
    w = group_weight(c, group, partial)
    check_list(c, 28, 1, first, n, f[3], f[4], partial)
    if c[3] == 1:
        check_list(c, 31, 2, first, n, f[5], f[6], partial)
    if partial.bad_at >= 0:
        return double(0.0)
    count[0] = w * group_count(c, first, n)
    if n > 0 and w * f[0] > double(0.0):
        return w
    fill_list(c, first, n, 0.0)
    end_group(c, group, double(0.0), partial)
    return double(0.0)


@apart
def end_group(c: Ints, group: Int, value: Double, partial: Result) -> Int:
    """Add the weighted value of a group, and deliver it if it is wanted."""
    if c[5] == 1:
        buffer = stack_reals(16)
        buffer[0] = real(value)
        deliver(operand_at(c, 37), group, 1, buffer, 0)
    partial.value = partial.value + value
    return 0


def group_counts_block(c: Ints, partial: Result, block: Int) -> Int:
    """What the groups of one block count, times their weights: what a mean is divided by."""
    begin_block(partial)
    firsts = ints(array_data(c[1]))
    pointers = ints(array_data(c[2]))
    for group in range(firsts[block], firsts[block + 1]):
        w = group_weight(c, group, partial)
        if w > double(0.0):
            partial.weight = partial.weight + w * group_count(c, pointers[group], pointers[group + 1] - pointers[group])
    return 0
