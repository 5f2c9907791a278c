"""The selected family: a law of one chosen entry of each row, and of a target made from the next row (td_error).

Header of the problem c:

    0 rows   1 rows of a block   2 address of the tile   3 actions   4 next actions   5 weighted   6 values wanted
    7 mode   8 bound   9 bytes of the data's dtype   10 -   11 parameters of the law
    12-13 strides of q: row, action   14-15 of next_q   16-17 of the gradient   18-19 of the curvature
    20-27 the floats   28 onwards: operands q, action, reward, next_q, done, next_action, weight, values,
    gradient, curvature

Floats: scale, least curvature, discount, then the parameters of the law.
"""

from __future__ import annotations

from .elementwise import weight_tile
from .headers import Result
from .language import (
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    address,
    apart,
    array_data,
    call_tile,
    doubles,
    offset,
    operand_at,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch, fetch_labels, first_outside
from .rowwise_parts import clear_rows
from .sums import add_tile, clear, end_of_block, fold, report


@apart
def fetch_indices(c: Ints, k: Int, which: Int, size: Int, start: Int, n: Int, out: Ints, partial: Result) -> Int:
    """Read n indices below `size`; a bad one is reported as operand `which` and replaced by 0."""
    fetch_labels(operand_at(c, k), start, n, out)
    for i in range(n):
        if out[i] < 0 or out[i] >= size:
            report(partial, start + i, which)
            out[i] = 0
    return 0


@apart
def fetch_checked(
    c: Ints, k: Int, which: Int, low: Real, high: Real, start: Int, n: Int, out: Reals, partial: Result
) -> Int:
    """Read n numbers within [low, high]; the first other one is reported as operand `which`."""
    x = fetch(operand_at(c, k), c[9], 0.0, start, n, out)
    bad = first_outside(x, n, 1, low, high)
    if bad >= 0:
        report(partial, start + bad, which)
    for i in range(n):
        out[i] = x[i]
    return 0


@apart
def strided_tops(x: Reals, step: Int, stride: Int, size: Int, n: Int, tops: Reals) -> Int:
    """The largest entry of each of n rows, which lie `step` apart; a NaN in the row is the result."""
    for i in range(n):
        tops[i] = x[i * step]
    for j in range(1, size):
        column = offset(x, j * stride)
        for i in range(n):
            entry = column[i * step]
            top = tops[i]
            larger = entry if entry > top else top
            tops[i] = larger if entry == entry else entry
    return 0


@apart
def best_next(c: Ints, start: Int, n: Int, partial: Result, best: Reals) -> Int:
    """The next row's largest value, or that of the chosen next action. A NaN in the row is the result."""
    chosen = stack_ints(512)
    if c[43] != 0:
        fetch_indices(c, 43, 5, c[4], start, n, chosen, partial)
        for i in range(n):
            row = offset(reals(array_data(c[37])), (start + i) * c[14])
            best[i] = row[chosen[i] * c[15]]
        return 0
    first = 0
    while first < n:
        rows = n - first
        if rows > 128:
            rows = 128
        x = offset(reals(array_data(c[37])), (start + first) * c[14])
        strided_tops(x, c[14], c[15], c[4], rows, offset(best, first))
        first = first + rows
    return 0


@apart
def bellman(c: Ints, f: Doubles, start: Int, n: Int, partial: Result, aim: Reals) -> Int:
    """reward + discount * (1 - done) * best; nothing follows a finished episode, not even inf."""
    done = stack_reals(512)
    best = stack_reals(512)
    discount = real(f[2])
    fetch_checked(c, 34, 2, -1e999, 1e999, start, n, aim, partial)
    fetch_checked(c, 40, 4, 0.0, 1.0, start, n, done, partial)
    best_next(c, start, n, partial, best)
    for i in range(n):
        following = discount * (1.0 - done[i]) * best[i]
        aim[i] = aim[i] + (0.0 if done[i] >= 1.0 else following)
    return 0


@apart
def place_selected(
    c: Ints, k: Int, strides: Int, start: Int, n: Int, chosen: Ints, values: Reals, bound: Int, others: Reals
) -> Int:
    """Write n numbers to their chosen entries of the operand at c[k]; beside them 0, or `others` in a bound."""
    out = offset(reals(array_data(c[k])), start * c[strides])
    if bound == 0:
        clear_rows(n, c[strides], c[3], c[strides + 1], out)
    else:
        for i in range(n):
            for j in range(c[3]):
                out[i * c[strides] + j * c[strides + 1]] = others[i]
    for i in range(n):
        out[i * c[strides] + chosen[i] * c[strides + 1]] = values[i]
    return 0


@apart
def scale_outputs(n: Int, weighted: Int, scale: Real, w: Reals, out: Reals) -> Int:
    """Times the scale, and the weights if there are any."""
    if weighted == 1:
        for i in range(n):
            out[i] = out[i] * (w[i] * scale) if w[i] > 0.0 else 0.0
    else:
        for i in range(n):
            out[i] = out[i] * scale
    return 0


def selected_block(c: Ints, partial: Result, block: Int) -> Int:
    """Evaluate one block of rows."""
    f = offset(doubles(address(c)), 20)
    params = stack_reals(16)
    for k in range(c[11]):
        params[k] = real(f[3 + k])
    chosen = stack_ints(512)
    pointers = stack_ints(8)
    x = stack_reals(512)
    aim = stack_reals(512)
    values = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    weights = stack_reals(512)
    others = stack_reals(512)
    lanes = stack_doubles(32)
    weight_lanes = stack_doubles(32)
    clear(lanes)
    clear(weight_lanes)
    partial.bad_at = -1
    pointers[0] = address(x)
    pointers[1] = address(aim)
    pointers[2] = address(values)
    pointers[3] = address(slopes)
    pointers[4] = address(bends)
    stop = end_of_block(c, block)
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        fetch_indices(c, 31, 1, c[3], start, n, chosen, partial)
        bellman(c, f, start, n, partial, aim)
        for i in range(n):
            row = offset(reals(array_data(c[28])), (start + i) * c[12])
            x[i] = row[chosen[i] * c[13]]
        call_tile(c[2], pointers, params, n)
        w = values
        if c[5] == 1:
            w = weight_tile(operand_at(c, 46), c[9], start, n, weights, weight_lanes, partial)
            for i in range(n):
                values[i] = values[i] * w[i] if w[i] > 0.0 else 0.0
        if c[6] == 1:
            deliver(operand_at(c, 49), start, n, values, 0)
        if c[7] > 0:
            scale_outputs(n, c[5], real(f[0]), w, slopes)
            place_selected(c, 52, 16, start, n, chosen, slopes, 0, others)
        if c[7] > 1:
            if c[8] == 1:
                for i in range(n):
                    others[i] = real(f[1])
                    bends[i] = real(f[1]) if bends[i] < real(f[1]) else bends[i]
                scale_outputs(n, c[5], real(f[0]), w, others)
            scale_outputs(n, c[5], real(f[0]), w, bends)
            place_selected(c, 55, 18, start, n, chosen, bends, c[8], others)
        add_tile(values, n, lanes)
        start = start + n
    partial.value = fold(lanes)
    partial.weight = fold(weight_lanes)
    return 0
