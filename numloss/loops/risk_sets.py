"""Each row of a sorted list against all that come after it, itself included: ListMLE, and Cox with its risk sets.

The header of a problem is in ranked.py. Walking from the end, the exponentials of what comes after are added up
relative to the largest of them, which is set aside; walking from the front, what each row takes part in is carried
along as shares of the sums, so that nothing is subtracted that a confident list would lose its digits by.

Rows of equal keys are one step of the walk where they are tied. Of each step, at its first row, the scratch keeps the
shares of its sum that come after it, that belong to no event of the step, and that belong to its events.
"""

from __future__ import annotations

from .headers import Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Reals,
    apart,
    array_data,
    double,
    double_difference_rest,
    double_exp_of_difference,
    double_log,
    double_log1p,
    ints,
    offset,
    real,
    stack_doubles,
)
from .ranked import (
    begin_group,
    end_group,
    fill_list,
    floats_of,
    read_list,
    scratch_doubles,
    scratch_ints,
    scratch_reals,
    write_slopes,
)
from .sorting import sort_descending
from .sums import begin_block


def power_below(x: Double, top: Double) -> Double:
    """e^(x - top)."""
    return double_exp_of_difference(x - top, -double_difference_rest(x, top))


@apart
def step_start(keys: Reals, stop: Int, tied: Int) -> Int:
    """The first row of the step that ends before `stop`."""
    start = stop - 1
    while tied == 1 and start > 0 and keys[start - 1] == keys[stop - 1]:
        start = start - 1
    return start


@apart
def step_stop(keys: Reals, start: Int, n: Int, tied: Int) -> Int:
    """The first row beyond the step that begins at `start`."""
    stop = start + 1
    while tied == 1 and stop < n and keys[stop] == keys[start]:
        stop = stop + 1
    return stop


def efron_share(events: Int, k: Int, efron: Int) -> Double:
    """How much of its events the sum of the k-th event of a step still has."""
    return double(events - k) / double(events) if efron == 1 else double(1.0)


@apart
def add_step(scores: Reals, events: Reals, start: Int, stop: Int, efron: Int, sums: Doubles, p: Doubles) -> Double:
    """Add a step to the sums of what comes after; its value, and the shares of its rows in p.

    sums: the largest score, all, all but the largest; then of the step: what came after, no events, events.
    """
    top = sums[0]
    for i in range(start, stop):
        top = double(scores[i]) if double(scores[i]) > top else top
    before = double(0.0)
    others = double(0.0)
    aside = 0
    if sums[1] > double(0.0):
        before = sums[1] * power_below(sums[0], top)
        others = before
        if sums[0] == top:
            others = sums[2]
            aside = 1
    quiet = before
    loud = double(0.0)
    value = double(0.0)
    count = 0
    for i in range(start, stop):
        x = double(scores[i])
        e = power_below(x, top)
        p[i] = e
        if aside == 0 and x == top:
            aside = 1
        else:
            others = others + e
        if events[i] > 0.0:
            loud = loud + e
            count = count + 1
            value = value + (top - x)
        else:
            quiet = quiet + e
    total = quiet + loud
    if count > 0:
        value = value + double_log1p(others)
    for k in range(1, count):
        if efron == 1:
            value = value + double_log(quiet + efron_share(count, k, 1) * loud)
        else:
            value = value + double_log1p(others)
    for i in range(start, stop):
        p[i] = p[i] / total
    sums[0] = top
    sums[1] = total
    sums[2] = others
    sums[3] = before / total
    sums[4] = quiet / total
    sums[5] = loud / total
    return value


@apart
def walk_back(
    keys: Reals, scores: Reals, events: Reals, n: Int, tied: Int, efron: Int, p: Doubles, after: Doubles,
    quiet: Doubles, loud: Doubles, sums: Doubles,
) -> Double:  # fmt: skip
    """The value of a sorted list, and what its slopes need; sums are those of `add_step`."""
    sums[0] = double(-1e999)
    sums[1] = double(0.0)
    sums[2] = double(0.0)
    value = double(0.0)
    stop = n
    while stop > 0:
        start = step_start(keys, stop, tied)
        value = value + add_step(scores, events, start, stop, efron, sums, p)
        after[start] = sums[3]
        quiet[start] = sums[4]
        loud[start] = sums[5]
        stop = start
    return value


@apart
def events_of_step(
    count: Int, efron: Int, after: Double, quiet: Double, loud: Double, own: Doubles, passed: Doubles
) -> Int:
    """Sums over the events of a step, whose k-th has the sum quiet + share * loud of 1.

    own: of 1 / sum, share / sum, and their squares; passed: of y = after / sum, y * y and y * (1 - y).
    """
    for k in range(4):
        own[k] = double(0.0)
        passed[k] = double(0.0)
    for k in range(count):
        share = efron_share(count, k, efron)
        u = double(1.0) / (quiet + share * loud) if k > 0 and efron == 1 else double(1.0)
        y = after * u
        own[0] = own[0] + u
        own[1] = own[1] + share * u
        own[2] = own[2] + u * u
        own[3] = own[3] + share * u * (share * u)
        passed[0] = passed[0] + y
        passed[1] = passed[1] + y * y
        passed[2] = passed[2] + y * (((quiet - after) + share * loud) * u)
    return 0


@apart
def slopes_of_step(
    events: Reals, start: Int, stop: Int, count: Int, quiet: Double, own: Doubles, carried: Doubles, p: Doubles,
    h: Doubles,
) -> Int:  # fmt: skip
    """Slopes of the rows of a step, in the place of their shares, and curvatures."""
    for i in range(start, stop):
        share = p[i]
        rest = double(1.0) - share
        bend = share * (carried[2] + rest * carried[1])
        if events[i] > 0.0 and count == 1:
            # what the one event lacks of all: its own share is not taken off 1
            p[i] = share * carried[0] - quiet
            h[i] = bend + share * quiet
        elif events[i] > 0.0:
            p[i] = share * (carried[0] + own[1]) - double(1.0)
            h[i] = bend + share * (own[1] - share * own[3])
        else:
            p[i] = share * (carried[0] + own[0])
            h[i] = bend + share * (own[0] - share * own[2])
    return 0


@apart
def walk_on(
    keys: Reals, events: Reals, n: Int, tied: Int, efron: Int, p: Doubles, after: Doubles, quiet: Doubles,
    loud: Doubles, carried: Doubles, own: Doubles, passed: Doubles,
) -> Int:  # fmt: skip
    """Slopes in the place of p, curvatures in that of `after`.

    Carried along are the sums, over all events so far, of the share y of their sums that a row has for each unit of
    its share in its own; of y * y; and of y * (1 - y).
    """
    for k in range(3):
        carried[k] = double(0.0)
    start = 0
    while start < n:
        stop = step_stop(keys, start, n, tied)
        count = 0
        for i in range(start, stop):
            count = count + 1 if events[i] > 0.0 else count
        r = after[start]
        leaving = (quiet[start] - r) + loud[start]
        events_of_step(count, efron, r, quiet[start], loud[start], own, passed)
        slopes_of_step(events, start, stop, count, quiet[start], own, carried, p, after)
        carried[0] = r * carried[0] + passed[0]
        carried[2] = r * carried[2] + (r * leaving * carried[1] + passed[2])
        carried[1] = r * r * carried[1] + passed[1]
        start = stop
    return 0


@apart
def sort_rows(c: Ints, group: Int, first: Int, n: Int) -> Int:
    """Keys, scores and events of a list in its order; returns how many scores are NaN."""
    order = scratch_ints(c, 0, group, first)
    keys = scratch_reals(c, 0, group, first)
    row = scratch_reals(c, 1, group, first)
    scores = scratch_reals(c, 2, group, first)
    events = scratch_reals(c, 3, group, first)
    read_list(c, 28, first, n, keys)
    if c[3] == 1:
        # those at risk are those whose time is not before
        for i in range(n):
            keys[i] = -keys[i]
    sort_descending(keys, order, n, row, scratch_ints(c, 1, group, first))
    odd = read_list(c, 25, first, n, row)
    for i in range(n):
        scores[i] = row[order[i]]
    if c[3] == 1:
        read_list(c, 31, first, n, row)
        for i in range(n):
            events[i] = row[order[i]]
    else:
        for i in range(n):
            events[i] = 1.0
    return odd


@apart
def risks_group(c: Ints, group: Int, first: Int, n: Int, w: Double) -> Double:
    """One list: its value; gradient and curvature, if they are wanted, times the weight and the scale."""
    keys = scratch_reals(c, 0, group, first)
    events = scratch_reals(c, 3, group, first)
    p = scratch_doubles(c, 0, group, first)
    after = scratch_doubles(c, 1, group, first)
    quiet = scratch_doubles(c, 2, group, first)
    loud = scratch_doubles(c, 3, group, first)
    if sort_rows(c, group, first, n) > 0:
        fill_list(c, first, n, real(1e999) - real(1e999))
        return double(1e999) - double(1e999)
    scores = scratch_reals(c, 2, group, first)
    sums = stack_doubles(12)
    value = walk_back(keys, scores, events, n, c[3], c[8], p, after, quiet, loud, sums)
    if c[6] > 0:
        walk_on(keys, events, n, c[3], c[8], p, after, quiet, loud, sums, offset(sums, 4), offset(sums, 8))
        order = scratch_ints(c, 0, group, first)
        row = scratch_reals(c, 1, group, first)
        write_slopes(c, first, n, order, p, after, w * floats_of(c)[0], row)
    return value


def risks_block(c: Ints, partial: Result, block: Int) -> Int:
    """The lists of one block."""
    begin_block(partial)
    count = stack_doubles(1)
    firsts = ints(array_data(c[1]))
    pointers = ints(array_data(c[2]))
    for group in range(firsts[block], firsts[block + 1]):
        first = pointers[group]
        n = pointers[group + 1] - first
        w = begin_group(c, group, first, n, partial, count)
        if w > double(0.0):
            partial.weight = partial.weight + count[0]
            end_group(c, group, w * risks_group(c, group, first, n, w), partial)
    return 0
