"""Each row of a sorted list against all that come after it, itself included: ListMLE, and Cox with its risk sets.

The header is Ranked. Walking from the end, the exponentials of what comes after are added up
relative to the largest of them, which is set aside; walking from the front, what each row takes part in is carried
along as shares of the sums, so that nothing is subtracted that a confident list would lose its digits by.

Rows of equal keys are one step of the walk where they are tied. Of each step, at its first row, the scratch keeps the
shares of its sum that come after it, that belong to no event of the step, and that belong to its events.
"""

from __future__ import annotations

from .headers import Carried, Ranked, Result, RiskSums, StepSums
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    array_data,
    double,
    double_difference_rest,
    double_exp_of_difference,
    double_log,
    double_log1p,
    integer,
    ints,
    noinline,
    real,
    stack_doubles,
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


def power_below(x: Double, top: Double) -> Double:
    """e^(x - top)."""
    return double_exp_of_difference(x - top, -double_difference_rest(x, top))


@noinline
def step_start(keys: Reals, stop: Int, tied: Int) -> Int:
    """The first row of the step that ends before `stop`."""
    start = stop - 1
    while tied == 1 and start > 0 and keys[start - 1] == keys[stop - 1]:
        start = start - 1
    return start


@noinline
def step_stop(keys: Reals, start: Int, n: Int, tied: Int) -> Int:
    """The first row beyond the step that begins at `start`."""
    stop = start + 1
    while tied == 1 and stop < n and keys[stop] == keys[start]:
        stop = stop + 1
    return stop


def efron_share(events: Int, k: Int, efron: Int) -> Double:
    """How much of its events the sum of the k-th event of a step still has."""
    return double(events - k) / double(events) if efron == 1 else double(1.0)


@noinline
def add_step(scores: Reals, events: Reals, start: Int, stop: Int, efron: Int, sums: RiskSums, p: Doubles) -> Double:
    """Add a step to the sums of what comes after; its value, and the shares of its rows in p."""
    top = sums.top
    for i in range(start, stop):
        top = double(scores[i]) if double(scores[i]) > top else top
    before = double(0.0)
    others = double(0.0)
    aside = 0
    if sums.total > double(0.0):
        before = sums.total * power_below(sums.top, top)
        others = before
        if sums.top == top:
            others = sums.others
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
    sums.top = top
    sums.total = total
    sums.others = others
    sums.after = before / total
    sums.quiet = quiet / total
    sums.loud = loud / total
    return value


@noinline
def walk_back(
    keys: Reals, scores: Reals, events: Reals, n: Int, tied: Int, efron: Int, p: Doubles, after: Doubles,
    quiet: Doubles, loud: Doubles, sums: RiskSums,
) -> Double:  # fmt: skip
    """The value of a sorted list, and what its slopes need."""
    sums.top = double(-1e999)
    sums.total = double(0.0)
    sums.others = double(0.0)
    value = double(0.0)
    stop = n
    while stop > 0:
        start = step_start(keys, stop, tied)
        value = value + add_step(scores, events, start, stop, efron, sums, p)
        after[start] = sums.after
        quiet[start] = sums.quiet
        loud[start] = sums.loud
        stop = start
    return value


@noinline
def events_of_step(count: Int, efron: Int, after: Double, quiet: Double, loud: Double, own: StepSums) -> Int:
    """Sums over the events of a step."""
    inverse = double(0.0)
    shared = double(0.0)
    inverse_square = double(0.0)
    shared_square = double(0.0)
    passed = double(0.0)
    passed_square = double(0.0)
    passed_rest = double(0.0)
    for k in range(count):
        share = efron_share(count, k, efron)
        u = double(1.0) / (quiet + share * loud) if k > 0 and efron == 1 else double(1.0)
        y = after * u
        inverse = inverse + u
        shared = shared + share * u
        inverse_square = inverse_square + u * u
        shared_square = shared_square + share * u * (share * u)
        passed = passed + y
        passed_square = passed_square + y * y
        passed_rest = passed_rest + y * (((quiet - after) + share * loud) * u)
    own.inverse = inverse
    own.shared = shared
    own.inverse_square = inverse_square
    own.shared_square = shared_square
    own.passed = passed
    own.passed_square = passed_square
    own.passed_rest = passed_rest
    return 0


@noinline
def slopes_of_step(
    events: Reals, start: Int, stop: Int, count: Int, quiet: Double, own: StepSums, carried: Carried,
    p: Doubles, h: Doubles,
) -> Int:  # fmt: skip
    """Slopes of the rows of a step, in the place of their shares, and curvatures."""
    for i in range(start, stop):
        share = p[i]
        rest = double(1.0) - share
        bend = share * (carried.rest + rest * carried.square)
        if events[i] > 0.0 and count == 1:
            # what the one event lacks of all: its own share is not taken off 1
            p[i] = share * carried.y - quiet
            h[i] = bend + share * quiet
        elif events[i] > 0.0:
            p[i] = share * (carried.y + own.shared) - double(1.0)
            h[i] = bend + share * (own.shared - share * own.shared_square)
        else:
            p[i] = share * (carried.y + own.inverse)
            h[i] = bend + share * (own.inverse - share * own.inverse_square)
    return 0


@noinline
def walk_on(
    keys: Reals, events: Reals, n: Int, tied: Int, efron: Int, p: Doubles, after: Doubles, quiet: Doubles,
    loud: Doubles, carried: Carried, own: StepSums,
) -> Int:  # fmt: skip
    """Slopes in the place of p, curvatures in that of `after`."""
    carried.y = double(0.0)
    carried.square = double(0.0)
    carried.rest = double(0.0)
    start = 0
    while start < n:
        stop = step_stop(keys, start, n, tied)
        count = 0
        for i in range(start, stop):
            count = count + 1 if events[i] > 0.0 else count
        r = after[start]
        leaving = (quiet[start] - r) + loud[start]
        events_of_step(count, efron, r, quiet[start], loud[start], own)
        slopes_of_step(events, start, stop, count, quiet[start], own, carried, p, after)
        carried.y = r * carried.y + own.passed
        carried.rest = r * carried.rest + (r * leaving * carried.square + own.passed_rest)
        carried.square = r * r * carried.square + own.passed_square
        start = stop
    return 0


@noinline
def sort_rows(c: Ranked, group: Int, first: Int, n: Int) -> Int:
    """Keys, scores and events of a list in its order; returns how many scores are NaN."""
    order = scratch_ints(c, 0, group, first)
    keys = scratch_reals(c, 0, group, first)
    row = scratch_reals(c, 1, group, first)
    scores = scratch_reals(c, 2, group, first)
    events = scratch_reals(c, 3, group, first)
    read_list(c, c.target, first, n, keys)
    if c.event.array != 0:
        # those at risk are those whose time is not before
        for i in range(n):
            keys[i] = -keys[i]
    sort_descending(keys, order, n, row, scratch_ints(c, 1, group, first))
    odd = read_list(c, c.pred, first, n, row)
    for i in range(n):
        scores[i] = row[order[i]]
    if c.event.array != 0:
        read_list(c, c.event, first, n, row)
        for i in range(n):
            events[i] = row[order[i]]
    else:
        for i in range(n):
            events[i] = 1.0
    return odd


@noinline
def risks_group(c: Ranked, group: Int, first: Int, n: Int, w: Double) -> Double:
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
    sums = RiskSums()
    carried = Carried()
    own = StepSums()
    tied = integer(c.event.array != 0)
    value = walk_back(keys, scores, events, n, tied, c.efron, p, after, quiet, loud, sums)
    if c.mode > 0:
        walk_on(keys, events, n, tied, c.efron, p, after, quiet, loud, carried, own)
        order = scratch_ints(c, 0, group, first)
        row = scratch_reals(c, 1, group, first)
        write_slopes(c, first, n, order, p, after, w * c.scale, row)
    return value


def risks_block(c: Ranked, partial: Result, block: Int) -> Int:
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
            end_group(c, group, w * risks_group(c, group, first, n, w), partial)
    return 0
