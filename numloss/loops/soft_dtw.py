"""Soft dynamic time warping: the soft minimum over all alignments of two series, on a lattice of their steps.

Cells lie in the row of the sum of their steps, by the step of the second series, so that all of a row follow from the
two rows before at once; the first series lies backwards for it. All is float64, but for the shares that each cell has
of those before, which a gradient goes back by. Of a value three rows are kept.
"""

from __future__ import annotations

from .codes import REFUSED
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    apart,
    double,
    double_exp,
    double_log1p,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
)
from .sums import report

# The places of sizes, arrays and parameters in the declaration.
STEPS = 0
DIMENSIONS = 1
OTHERS = 2
INPUT_LENGTHS = 2
TARGET_LENGTHS = 3
GAMMA = 0
NORMALIZE = 1
# Parts of the scratch for each dimension: a series as it is and backwards, then their slopes; of each of both series.
FORWARDS = 0
BACKWARDS = 1
SLOPES = 2
SERIES = 4


def unreachable() -> Double:
    """What a cell costs that is outside of the lattice: 2^480."""
    large = double(1329227995784915872903807060280344576.0)
    return (large * large) * (large * large)


def series_width(e: Examples) -> Int:
    """Numbers of a row: whole lines for the longer series, and a line before and after."""
    longer = e.sizes[STEPS] if e.sizes[STEPS] > e.sizes[OTHERS] else e.sizes[OTHERS]
    return (longer + 7) // 8 * 8 + 16


def series_part(e: Examples, part: Int) -> Doubles:
    """The first step of a series in its first dimension."""
    return offset(doubles(e.doubles), part * e.sizes[DIMENSIONS] * series_width(e) + 8)


def row_part_of(e: Examples, row: Int) -> Doubles:
    """One of some rows: costs (0), three of what cells take (1) and three of what they count (4)."""
    return offset(series_part(e, 2 * SERIES), row * series_width(e))


def share_part(e: Examples, which: Int, d: Int) -> Reals:
    """The shares of a row that cells have of those a step (0), another step (1) and both (2) before."""
    longer = e.sizes[STEPS] if e.sizes[STEPS] > e.sizes[OTHERS] else e.sizes[OTHERS]
    return offset(reals(e.reals), (which * 2 * longer + d) * series_width(e) + 8)


def first_aligned(d: Int, steps: Int) -> Int:
    """The first cell of a row that is worked on, in whole lines."""
    return (d - steps + 1) // 8 * 8 if d >= steps else 0


def last_aligned(d: Int, others: Int) -> Int:
    """The first cell of a row that is not worked on."""
    return ((d if d < others else others - 1) + 8) // 8 * 8


@noinline
def spread_series(e: Examples, x: Reals, steps: Int, part: Int) -> Int:
    """A series, step by step, as one row for each dimension, forwards and backwards, with zeros around."""
    dimensions = e.sizes[DIMENSIONS]
    width = series_width(e)
    whole = offset(series_part(e, part), -8)
    for i in range(SERIES * dimensions * width):
        whole[i] = double(0.0)
    for k in range(dimensions):
        row = offset(series_part(e, part + FORWARDS), k * width)
        back = offset(series_part(e, part + BACKWARDS), k * width)
        for i in range(steps):
            row[i] = double(x[i * dimensions + k])
            back[steps - 1 - i] = double(x[i * dimensions + k])
    return 0


@apart
def add_cell_squares(x: Doubles, y: Doubles, n: Int, costs: Doubles) -> Int:
    """Add the squares of n differences."""
    for i in range(n):
        d = x[i] - y[i]
        costs[i] = costs[i] + d * d
    return 0


@noinline
def cell_costs(e: Examples, x: Doubles, y: Doubles, at: Int, first: Int, n: Int) -> Doubles:
    """The costs of n cells of a row, whose first series begins at a place."""
    width = series_width(e)
    costs = offset(row_part_of(e, 0), first)
    for i in range(n):
        costs[i] = double(0.0)
    for k in range(e.sizes[DIMENSIONS]):
        add_cell_squares(offset(x, k * width + at + first), offset(y, k * width + first), n, costs)
    return costs


def soft_least(low: Double, rest: Double, gamma: Double) -> Double:
    """A soft minimum, of the least number and the sum of the others' powers beside it."""
    return low - gamma * double_log1p(rest)


@apart
def warp_cells(
    costs: Doubles, up: Doubles, left: Doubles, both: Doubles, gamma: Double, inverse: Double, n: Int, out: Doubles
) -> Int:
    """What n cells take, from those before by a step, by another step, and by both."""
    for i in range(n):
        less = up[i] if up[i] < left[i] else left[i]
        more = left[i] if up[i] < left[i] else up[i]
        low = both[i] if both[i] < less else less
        middle = less if both[i] < less else both[i]
        rest = double_exp((low - more) * inverse) + double_exp((low - middle) * inverse)
        out[i] = costs[i] + soft_least(low, rest, gamma)
    return 0


@apart
def warp_cells_with_shares(
    costs: Doubles, up: Doubles, left: Doubles, both: Doubles, gamma: Double, inverse: Double, n: Int, out: Doubles,
    ups: Reals, lefts: Reals, boths: Reals,
) -> Int:
    """The same, and which share each of the three has of it."""
    for i in range(n):
        less = up[i] if up[i] < left[i] else left[i]
        more = left[i] if up[i] < left[i] else up[i]
        low = both[i] if both[i] < less else less
        middle = less if both[i] < less else both[i]
        of_more = double_exp((low - more) * inverse)
        of_middle = double_exp((low - middle) * inverse)
        rest = of_more + of_middle
        out[i] = costs[i] + soft_least(low, rest, gamma)
        whole = double(1.0) / (double(1.0) + rest)
        of_less = of_middle * whole if both[i] < less else whole
        of_more = of_more * whole
        boths[i] = real(whole if both[i] < less else of_middle * whole)
        ups[i] = real(of_less if up[i] < left[i] else of_more)
        lefts[i] = real(of_more if up[i] < left[i] else of_less)
    return 0


@noinline
def clear_ends(row: Reals, first: Int, n: Int) -> Int:
    """No shares in the lines beside n cells."""
    before = offset(row, first - 8)
    after = offset(row, first + n)
    for i in range(8):
        before[i] = 0.0
        after[i] = 0.0
    return 0


@noinline
def warp_row(e: Examples, x: Doubles, y: Doubles, steps: Int, others: Int, d: Int, slopes: Int) -> Int:
    """What the cells of a row take, and for slopes the shares of those before."""
    first = first_aligned(d, steps)
    n = last_aligned(d, others) - first
    gamma = e.params[GAMMA]
    inverse = double(1.0) / gamma
    costs = cell_costs(e, x, y, steps - 1 - d, first, n)
    up = offset(row_part_of(e, 1 + (d + 2) % 3), first)
    both = offset(row_part_of(e, 1 + (d + 1) % 3), first - 1)
    out = offset(row_part_of(e, 1 + d % 3), first)
    if d == 0:
        out[0] = costs[0]
        return 0
    if slopes == 0:
        warp_cells(costs, up, offset(up, -1), both, gamma, inverse, n, out)
        return 0
    for k in range(3):
        clear_ends(share_part(e, k, d), first, n)
    ups = offset(share_part(e, 0, d), first)
    lefts = offset(share_part(e, 1, d), first)
    boths = offset(share_part(e, 2, d), first)
    warp_cells_with_shares(costs, up, offset(up, -1), both, gamma, inverse, n, out, ups, lefts, boths)
    return 0


@apart
def count_cells(
    ahead: Doubles, ahead_left: Doubles, ahead_both: Doubles, ups: Reals, lefts: Reals, boths: Reals, n: Int,
    out: Doubles,
) -> Int:
    """How much n cells count, from those that follow and their shares."""
    for i in range(n):
        steps = ahead[i] * double(ups[i]) + ahead_left[i] * double(lefts[i])
        out[i] = steps + ahead_both[i] * double(boths[i])
    return 0


@apart
def add_warped_slopes(counts: Doubles, x: Doubles, y: Doubles, n: Int, gx: Doubles, gy: Doubles) -> Int:
    """Add the slopes of the costs of n cells, by both series."""
    for i in range(n):
        slope = counts[i] * (x[i] - y[i])
        slope = slope + slope
        gx[i] = gx[i] + slope
        gy[i] = gy[i] - slope
    return 0


@noinline
def back_row(e: Examples, x: Doubles, y: Doubles, steps: Int, others: Int, d: Int, gx: Doubles, gy: Doubles) -> Int:
    """How much the cells of a row count, and what they add to the slopes of both series."""
    width = series_width(e)
    first = first_aligned(d, steps)
    n = last_aligned(d, others) - first
    out = offset(row_part_of(e, 4 + d % 3), first)
    if d < steps + others - 2:
        ahead = offset(row_part_of(e, 4 + (d + 1) % 3), first)
        both = offset(row_part_of(e, 4 + (d + 2) % 3), first + 1)
        ups = offset(share_part(e, 0, d + 1), first)
        lefts = offset(share_part(e, 1, d + 1), first + 1)
        boths = offset(share_part(e, 2, d + 2), first + 1)
        count_cells(ahead, offset(ahead, 1), both, ups, lefts, boths, n, out)
    for k in range(e.sizes[DIMENSIONS]):
        own = k * width + steps - 1 - d + first
        other = k * width + first
        add_warped_slopes(out, offset(x, own), offset(y, other), n, offset(gx, own), offset(gy, other))
    return 0


@noinline
def warp_series(e: Examples, one: Int, steps: Int, other: Int, others: Int, factor: Double, slopes: Int) -> Double:
    """What two series are apart; for slopes those of `factor` times that are added to theirs."""
    width = series_width(e)
    x = series_part(e, one + BACKWARDS)
    y = series_part(e, other + FORWARDS)
    rows = offset(row_part_of(e, 1), -8)
    for i in range(3 * width):
        rows[i] = unreachable()
    end = steps + others - 2
    for d in range(end + 1):
        warp_row(e, x, y, steps, others, d, slopes)
    found = row_part_of(e, 1 + end % 3)[others - 1]
    if slopes > 0:
        rows = offset(row_part_of(e, 4), -8)
        for i in range(3 * width):
            rows[i] = double(0.0)
        for k in range(3):
            clear_shares(share_part(e, k, end + 1), width)
        row_part_of(e, 4 + end % 3)[others - 1] = factor
        gx = series_part(e, one + SLOPES + BACKWARDS)
        gy = series_part(e, other + SLOPES + FORWARDS)
        for i in range(end + 1):
            back_row(e, x, y, steps, others, end - i, gx, gy)
    return found


@noinline
def clear_shares(row: Reals, width: Int) -> Int:
    """No shares in a row."""
    whole = offset(row, -8)
    for i in range(width):
        whole[i] = 0.0
    return 0


@noinline
def gather_slopes(e: Examples, part: Int, steps: Int, all_steps: Int, loss: Double, g: Reals) -> Int:
    """The slopes of a series, step by step; NaN where the loss is no number."""
    dimensions = e.sizes[DIMENSIONS]
    width = series_width(e)
    bad = loss - loss
    for i in range(all_steps):
        for k in range(dimensions):
            g[i * dimensions + k] = 0.0
            if i < steps:
                own = series_part(e, part + SLOPES + FORWARDS)[k * width + i]
                own = own + series_part(e, part + SLOPES + BACKWARDS)[k * width + steps - 1 - i]
                g[i * dimensions + k] = real(own + bad)
    return 0


@noinline
def warp_pair(e: Examples, i: Int, steps: Int, others: Int) -> Int:
    """The loss and the gradients of one pair of series."""
    own = i * e.sizes[STEPS] * e.sizes[DIMENSIONS]
    other = i * e.sizes[OTHERS] * e.sizes[DIMENSIONS]
    spread_series(e, offset(reals(e.inputs[0]), own), steps, 0)
    spread_series(e, offset(reals(e.inputs[1]), other), others, SERIES)
    loss = warp_series(e, 0, steps, SERIES, others, double(1.0), e.mode)
    if e.params[NORMALIZE] != double(0.0):
        first = warp_series(e, 0, steps, 0, steps, double(-0.5), e.mode)
        second = warp_series(e, SERIES, others, SERIES, others, double(-0.5), e.mode)
        loss = loss - double(0.5) * (first + second)
    doubles(e.losses)[i] = loss
    if e.mode > 0:
        gather_slopes(e, 0, steps, e.sizes[STEPS], loss, offset(reals(e.slopes[0]), own))
        gather_slopes(e, SERIES, others, e.sizes[OTHERS], loss, offset(reals(e.slopes[1]), other))
    return 0


def series_length(e: Examples, which: Int, i: Int, whole: Int) -> Int:
    """How many steps of a series count."""
    if e.inputs[which] == 0:
        return whole
    return ints(e.inputs[which])[0 if e.shared[which] == 1 else i]


def soft_dtw_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses and gradients of n pairs of series."""
    for i in range(n):
        steps = series_length(e, INPUT_LENGTHS, i, e.sizes[STEPS])
        others = series_length(e, TARGET_LENGTHS, i, e.sizes[OTHERS])
        if steps == 0 or others == 0:
            report(partial, i, REFUSED)
            return 0
        warp_pair(e, i, steps, others)
    return 0
