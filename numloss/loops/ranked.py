"""The ranked family: lists of uneven length, each of them a unit of work. What its loops share.

The header of a problem is Ranked of headers/. In the scratch arrays a group has its rows and 16 more for each group
before it. Rows that a loop has sorted are called by their places in the order of the list.
"""

from __future__ import annotations

from .codes import EVENT_OPERAND, NUMBER, TARGET_OPERAND, UNWEIGHTED, WEIGHT_OPERAND, WEIGHTED
from .headers import Bounds, Operand, Ranked, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    double,
    doubles,
    integer,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_reals,
)
from .operands import deliver, fetch, first_outside
from .sums import begin_block, report, tile_length


def scratch_ints(c: Ranked, k: Int, group: Int, first: Int) -> Ints:
    """Where the rows of a group lie in row k of the scratch for places."""
    return offset(ints(array_data(c.int_scratch)), k * c.rows + first + 16 * group)


def scratch_reals(c: Ranked, k: Int, group: Int, first: Int) -> Reals:
    """Where the rows of a group lie in row k of the scratch for numbers."""
    return offset(reals(array_data(c.real_scratch)), k * c.rows + first + 16 * group)


def scratch_doubles(c: Ranked, k: Int, group: Int, first: Int) -> Doubles:
    """Where the rows of a group lie in row k of the scratch for float64."""
    return offset(doubles(array_data(c.double_scratch)), k * c.rows + first + 16 * group)


@noinline
def check_rows(c: Ranked, o: Operand, bounds: Bounds, which: Int, first: Int, n: Int, partial: Result) -> Int:
    """Report the first of n rows whose value the operand must not have; `which` is its number."""
    buffer = stack_reals(512)
    done = 0
    while done < n and partial.bad_at < 0:
        m = tile_length(done, n)
        x = fetch(o, c.itemsize, 0.0, first + done, m, buffer)
        bad = first_outside(x, m, bounds.check, real(bounds.low), real(bounds.high))
        if bad >= 0:
            report(partial, first + done + bad, which)
        done = done + m
    return 0


@noinline
def read_list(c: Ranked, o: Operand, first: Int, n: Int, out: Reals) -> Int:
    """Read a list from an operand; returns how many of it are NaN."""
    odd = 0
    done = 0
    while done < n:
        m = tile_length(done, n)
        place = offset(out, done)
        x = fetch(o, c.itemsize, 0.0, first + done, m, place)
        for i in range(m):
            place[i] = x[i]
            odd += integer(x[i] != x[i])
        done = done + m
    return odd


@noinline
def write_list(o: Operand, first: Int, n: Int, values: Reals) -> Int:
    """Bring a list to an operand."""
    done = 0
    while done < n:
        m = tile_length(done, n)
        deliver(o, first + done, m, offset(values, done), 0)
        done = done + m
    return 0


@noinline
def fill_list(c: Ranked, first: Int, n: Int, value: Real) -> Int:
    """The same slope, and curvature, for all of a list."""
    buffer = stack_reals(512)
    for i in range(512):
        buffer[i] = value
    done = 0
    while done < n and c.mode > 0:
        m = tile_length(done, n)
        deliver(c.gradient, first + done, m, buffer, 0)
        if c.mode > 1:
            deliver(c.curvature, first + done, m, buffer, 0)
        done = done + m
    return 0


@noinline
def write_in_place(order: Ints, values: Doubles, n: Int, factor: Double, row: Reals) -> Int:
    """Numbers of a sorted list, times a factor, to the places that its rows came from."""
    for i in range(n):
        row[order[i]] = real(values[i] * factor)
    return 0


def bound_of(bend: Double, least: Double) -> Double:
    """The bound of a curvature: twice that and not below the least."""
    twice = double(2.0) * bend
    return least if twice < least else twice


@noinline
def bound_bends(c: Ranked, bends: Doubles, n: Int) -> Int:
    """Curvatures as they were asked for: exact or bounds."""
    least = c.least
    if c.bound == 1:
        for i in range(n):
            bends[i] = bound_of(bends[i], least)
    return 0


@noinline
def write_slopes(
    c: Ranked, first: Int, n: Int, order: Ints, slopes: Doubles, bends: Doubles, factor: Double, row: Reals
) -> Int:
    """Gradient, and curvature, of a sorted list; row is scratch."""
    write_in_place(order, slopes, n, factor, row)
    write_list(c.gradient, first, n, row)
    if c.mode > 1:
        bound_bends(c, bends, n)
        write_in_place(order, bends, n, factor, row)
        write_list(c.curvature, first, n, row)
    return 0


@noinline
def group_weight(c: Ranked, group: Int, partial: Result) -> Double:
    """The weight of a group; a bad one is reported and becomes 0."""
    if c.weighted == UNWEIGHTED:
        return double(1.0)
    buffer = stack_reals(16)
    w = fetch(c.weight, c.itemsize, 0.0, group, 1, buffer)
    if c.weighted == WEIGHTED and first_outside(w, 1, NUMBER, 0.0, 1e999) >= 0:
        report(partial, group, WEIGHT_OPERAND)
        return double(0.0)
    return double(w[0])


@noinline
def group_count(c: Ranked, first: Int, n: Int) -> Double:
    """What a group counts in a mean: its events where there are any to count, else 1 unless it is empty."""
    if c.counted == 0:
        return double(1.0) if n > 0 else double(0.0)
    buffer = stack_reals(512)
    events = 0
    done = 0
    while done < n:
        m = tile_length(done, n)
        happened = fetch(c.event, c.itemsize, 0.0, first + done, m, buffer)
        for i in range(m):
            events += integer(happened[i] > 0.0)
        done = done + m
    return double(events)


@noinline
def begin_lists(c: Ranked, partial: Result, block: Int) -> Int:
    """Begin a block, with a look at all that its lists have: nothing of it is written if something is wrong."""
    begin_block(partial)
    firsts = ints(array_data(c.firsts))
    pointers = ints(array_data(c.pointers))
    first = pointers[firsts[block]]
    n = pointers[firsts[block + 1]] - first
    check_rows(c, c.target, c.target_bounds, TARGET_OPERAND, first, n, partial)
    if c.event.array != 0:
        check_rows(c, c.event, c.event_bounds, EVENT_OPERAND, first, n, partial)
    return 0


@noinline
def begin_group(c: Ranked, group: Int, first: Int, n: Int, partial: Result, count: Doubles) -> Double:
    """The weight of a group and what it counts; 0 where nothing of it does: then zeros are written."""
    w = group_weight(c, group, partial)
    if partial.bad_at >= 0:
        return double(0.0)
    count[0] = w * group_count(c, first, n)
    if n > 0 and w * c.scale != double(0.0):
        return w
    fill_list(c, first, n, 0.0)
    end_group(c, group, double(0.0), partial)
    return double(0.0)


@noinline
def end_group(c: Ranked, group: Int, value: Double, partial: Result) -> Int:
    """Add the weighted value of a group, and deliver it if it is wanted."""
    if c.values.array != 0:
        buffer = stack_reals(16)
        buffer[0] = real(value)
        deliver(c.values, group, 1, buffer, 0)
    partial.value = partial.value + value
    return 0


def group_counts_block(c: Ranked, partial: Result, block: Int) -> Int:
    """What the groups of one block count, times their weights: what a mean is divided by."""
    begin_block(partial)
    firsts = ints(array_data(c.firsts))
    pointers = ints(array_data(c.pointers))
    for group in range(firsts[block], firsts[block + 1]):
        w = group_weight(c, group, partial)
        if w != double(0.0):
            partial.weight = partial.weight + w * group_count(c, pointers[group], pointers[group + 1] - pointers[group])
    return 0
