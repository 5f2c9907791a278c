"""The action_value family: a law of one chosen entry of each row, and of a target made from the next row (td_error).

The header of a problem is ActionValue.
"""

from __future__ import annotations

from .codes import ACTION_OPERAND, DONE_OPERAND, NEXT_ACTION_OPERAND, NUMBER, REWARD_OPERAND, UNWEIGHTED
from .elementwise import weight_factors, weight_tile
from .headers import ActionStrides, ActionValue, Operand, Result
from .language import (
    Int,
    Ints,
    Real,
    Reals,
    address,
    array_data,
    call_tile,
    integer,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch, fetch_labels, first_outside
from .rowwise_parts import clear_rows
from .sums import add_values, add_weighted, block_stop, clear, fold, report


@noinline
def fetch_indices(o: Operand, which: Int, size: Int, start: Int, n: Int, out: Ints, partial: Result) -> Int:
    """Read n indices below `size`; a bad one is reported as operand `which` and replaced by 0."""
    fetch_labels(o, start, n, out)
    for i in range(n):
        if out[i] < 0 or out[i] >= size:
            report(partial, start + i, which)
            out[i] = 0
    return 0


@noinline
def fetch_checked(
    o: Operand, itemsize: Int, which: Int, low: Real, high: Real, start: Int, n: Int, out: Reals, partial: Result
) -> Int:
    """Read n numbers within [low, high]; the first other one is reported as operand `which`."""
    x = fetch(o, itemsize, 0.0, start, n, out)
    bad = first_outside(x, n, NUMBER, low, high)
    if bad >= 0:
        report(partial, start + bad, which)
    for i in range(n):
        out[i] = x[i]
    return 0


def larger_or_nan(top: Real, entry: Real) -> Real:
    """The larger of two, or NaN if the second is."""
    larger = entry if entry > top else top
    return larger if entry == entry else entry


def aim_of(reward: Real, done: Real, discount: Real, best: Real) -> Real:
    """reward + discount * (1 - done) * best; nothing follows a finished episode or a discount of 0, not even inf."""
    share = discount * (1.0 - done)
    following = share * best
    return reward + (0.0 if share <= 0.0 else following)


def times_weight(x: Real, w: Real, factor: Real) -> Real:
    """A slope or curvature times the factor of its weight; exactly 0 where nothing counts."""
    return x * factor if w != 0.0 else 0.0


@noinline
def strided_tops(x: Reals, step: Int, stride: Int, size: Int, n: Int, tops: Reals) -> Int:
    """The largest entry of each of n rows, which lie `step` apart; a NaN in the row is the result."""
    for i in range(n):
        tops[i] = x[i * step]
    for j in range(1, size):
        column = offset(x, j * stride)
        for i in range(n):
            tops[i] = larger_or_nan(tops[i], column[i * step])
    return 0


@noinline
def take_chosen(o: Operand, strides: ActionStrides, start: Int, n: Int, chosen: Ints, out: Reals) -> Int:
    """The chosen entries of n rows."""
    step = strides.row
    stride = strides.action
    x = offset(reals(array_data(o.array)), start * step)
    for i in range(n):
        out[i] = x[i * step + chosen[i] * stride]
    return 0


@noinline
def best_next(c: ActionValue, start: Int, n: Int, partial: Result, best: Reals) -> Int:
    """The next row's largest value, or that of the chosen next action. A NaN in the row is the result."""
    chosen = stack_ints(512)
    strides = c.next_q_strides
    if c.next_action.array != 0:
        fetch_indices(c.next_action, NEXT_ACTION_OPERAND, c.next_actions, start, n, chosen, partial)
        take_chosen(c.next_q, strides, start, n, chosen, best)
        return 0
    first = 0
    while first < n:
        # so few that their lines stay in the first cache from one column to the next, and come in one after the other
        rows = n - first
        if rows > 32:
            rows = 32
        x = offset(reals(array_data(c.next_q.array)), (start + first) * strides.row)
        strided_tops(x, strides.row, strides.action, c.next_actions, rows, offset(best, first))
        first = first + rows
    return 0


@noinline
def bellman(c: ActionValue, start: Int, n: Int, partial: Result, aim: Reals) -> Int:
    """What the values of the chosen actions ought to be."""
    done = stack_reals(512)
    best = stack_reals(512)
    discount = real(c.discount)
    fetch_checked(c.reward, c.itemsize, REWARD_OPERAND, -1e999, 1e999, start, n, aim, partial)
    fetch_checked(c.done, c.itemsize, DONE_OPERAND, 0.0, 1.0, start, n, done, partial)
    best_next(c, start, n, partial, best)
    for i in range(n):
        aim[i] = aim_of(aim[i], done[i], discount, best[i])
    return 0


@noinline
def place_chosen(
    o: Operand, strides: ActionStrides, actions: Int, start: Int, n: Int, chosen: Ints, values: Reals, bound: Int,
    others: Reals,
) -> Int:  # fmt: skip
    """Write n numbers to their chosen entries of an operand; beside them 0, or `others` in a bound."""
    step = strides.row
    stride = strides.action
    out = offset(reals(array_data(o.array)), start * step)
    if bound == 0:
        clear_rows(n, step, actions, stride, out)
    else:
        for i in range(n):
            for j in range(actions):
                out[i * step + j * stride] = others[i]
    for i in range(n):
        out[i * step + chosen[i] * stride] = values[i]
    return 0


@noinline
def scale_outputs(n: Int, weighted: Int, scale: Real, w: Reals, factors: Reals, out: Reals) -> Int:
    """Times the scale, or the factors of the weights if there are any."""
    if weighted == 1:
        for i in range(n):
            out[i] = times_weight(out[i], w[i], factors[i])
    else:
        for i in range(n):
            out[i] = out[i] * scale
    return 0


def action_value_block(c: ActionValue, partial: Result, block: Int) -> Int:
    """Evaluate one block of rows."""
    scale = real(c.scale)
    least = real(c.least)
    params = stack_reals(5)
    for k in range(c.param_count):
        params[k] = real(c.params[k])
    chosen = stack_ints(512)
    pointers = stack_ints(8)
    x = stack_reals(512)
    aim = stack_reals(512)
    values = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    weights = stack_reals(512)
    others = stack_reals(512)
    factors = stack_reals(512)
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
    stop = block_stop(c.elements, c.block, block)
    start = block * c.block
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        fetch_indices(c.action, ACTION_OPERAND, c.actions, start, n, chosen, partial)
        bellman(c, start, n, partial, aim)
        take_chosen(c.q, c.q_strides, start, n, chosen, x)
        call_tile(c.tile, pointers, params, n)
        w = values
        weighted = integer(c.weighted != UNWEIGHTED)
        if weighted == 1:
            w = weight_tile(c.weight, c.weighted, c.itemsize, start, n, weights, weight_lanes, partial)
            add_weighted(values, w, n, lanes)
            for i in range(n):
                values[i] = values[i] * w[i] if w[i] > 0.0 else 0.0
            weight_factors(w, n, c.scale, factors)
        else:
            add_values(values, n, lanes)
        if c.values.array != 0:
            deliver(c.values, start, n, values, 0)
        if c.mode > 0:
            scale_outputs(n, weighted, scale, w, factors, slopes)
            place_chosen(c.gradient, c.gradient_strides, c.actions, start, n, chosen, slopes, 0, others)
        if c.mode > 1:
            if c.bound == 1:
                for i in range(n):
                    others[i] = least
                    bends[i] = least if bends[i] < least else bends[i]
                scale_outputs(n, weighted, scale, w, factors, others)
            scale_outputs(n, weighted, scale, w, factors, bends)
            place_chosen(c.curvature, c.curvature_strides, c.actions, start, n, chosen, bends, c.bound, others)
        start = start + n
    partial.value = fold(lanes)
    partial.weight = fold(weight_lanes)
    return 0
