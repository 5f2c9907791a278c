"""The distribution of a list against that of its targets: ListNet. The header is Ranked.

Of both lists the largest entry is set aside: the others add up to what its probability lacks, with all digits.
"""

from __future__ import annotations

from ..scalar import exp_below, round_shift
from .headers import Operand, Ranked, Result, Side
from .language import (
    Double,
    Int,
    Real,
    Reals,
    array_data,
    double,
    double_log1p,
    ints,
    noinline,
    offset,
    real,
    stack_doubles,
    stack_reals,
)
from .operands import deliver, fetch
from .ranked import begin_group, end_group
from .rowwise_parts import base_of, exponentials, first_equal, tile_maximum
from .sums import begin_block, tile_length, tile_sum, values_sum


def power_of_top(top: Real) -> Real:
    """The exponential of the largest entry, near 1: what `exponentials` would make of it."""
    base = base_of(top)
    return exp_below(top - base, round_shift(top - base))


@noinline
def find_top(c: Ranked, o: Operand, first: Int, n: Int, side: Side) -> Int:
    """The largest value of a list of an operand, NaN left aside, its place, and its power."""
    buffer = stack_reals(512)
    top = real(-1e999)
    place = 0
    done = 0
    while done < n:
        m = tile_length(done, n)
        z = fetch(o, c.itemsize, 0.0, first + done, m, buffer)
        largest = tile_maximum(z, m)
        if done == 0 or largest > top:
            top = largest
            place = done + first_equal(z, m, largest)
        done = done + m
    side.top = double(top)
    side.place = place
    side.power = double(power_of_top(top))
    return 0


@noinline
def powers_below(z: Reals, n: Int, top: Real, aside: Int, e: Reals) -> Int:
    """Exponentials of n entries; that of the largest is left out if it is one of them."""
    base = base_of(top)
    shift = round_shift(top - base)
    # the last sixteen once more, instead of a rest that is taken one by one
    whole = n // 16 * 16 if n > 16 else n
    exponentials(z, whole, base, shift, e)
    if whole < n:
        exponentials(offset(z, n - 16), 16, base, shift, offset(e, n - 16))
    if aside >= 0 and aside < n:
        e[aside] = 0.0
    return 0


def small_sum(values: Reals, n: Int) -> Double:
    """The sum of n <= 512 terms; of a few one after the other."""
    if n >= 16:
        return tile_sum(values, n)
    total = double(0.0)
    for i in range(n):
        total = total + double(values[i])
    return total


@noinline
def times_distance(f: Reals, x: Reals, n: Int, top: Real, terms: Reals) -> Int:
    """f * (top - x), where 0 times inf is 0."""
    for i in range(n):
        away = f[i] * (top - x[i])
        terms[i] = away if f[i] > 0.0 else 0.0
    return 0


@noinline
def add_up_list(c: Ranked, first: Int, n: Int, scores: Side, targets: Side, e: Reals, f: Reals) -> Double:
    """The sums of all powers but the largest, which are left out; returns that of target powers times top - score."""
    x_buffer = stack_reals(512)
    t_buffer = stack_reals(512)
    terms = stack_reals(512)
    top = real(scores.top)
    target_top = real(targets.top)
    scores.others = double(0.0)
    targets.others = double(0.0)
    away = double(0.0)
    done = 0
    while done < n:
        m = tile_length(done, n)
        x = fetch(c.pred, c.itemsize, 0.0, first + done, m, x_buffer)
        t = fetch(c.target, c.itemsize, 0.0, first + done, m, t_buffer)
        powers_below(x, m, top, scores.place - done, e)
        powers_below(t, m, target_top, targets.place - done, f)
        times_distance(f, x, m, top, terms)
        scores.others = scores.others + small_sum(e, m)
        targets.others = targets.others + small_sum(f, m)
        away = away + values_sum(terms, m)
        done = done + m
    wanted = fetch(c.pred, c.itemsize, 0.0, first + targets.place, 1, x_buffer)
    return away + targets.power * double(top - wanted[0])


@noinline
def difference_of_lists(e: Reals, f: Reals, n: Int, to_score: Real, to_target: Real, g: Reals) -> Int:
    """The difference of two distributions, from their powers."""
    for i in range(n):
        g[i] = e[i] * to_score - f[i] * to_target
    return 0


@noinline
def list_bends(e: Reals, n: Int, share: Real, bound: Int, least: Real, factor: Real, h: Reals) -> Int:
    """p * (1 - p), or its bound, times a factor."""
    for i in range(n):
        p = e[i] * share
        bend = p * (1.0 - p)
        if bound == 1:
            bend = least if 2.0 * bend < least else 2.0 * bend
        h[i] = bend * factor
    return 0


@noinline
def write_listnet(
    c: Ranked, first: Int, n: Int, scores: Side, targets: Side, e: Reals, f: Reals, factor: Double
) -> Int:
    """Gradient, and curvature, of a list; e and f are what `add_up_list` has left of its last tile."""
    buffer = stack_reals(512)
    g = stack_reals(512)
    score_sum = scores.others + scores.power
    target_sum = targets.others + targets.power
    done = 0
    while done < n:
        m = tile_length(done, n)
        if n > 512:
            x = fetch(c.pred, c.itemsize, 0.0, first + done, m, buffer)
            powers_below(x, m, real(scores.top), scores.place - done, e)
            t = fetch(c.target, c.itemsize, 0.0, first + done, m, buffer)
            powers_below(t, m, real(targets.top), targets.place - done, f)
        difference_of_lists(e, f, m, real(factor / score_sum), real(factor / target_sum), g)
        top = scores.place - done
        wanted = targets.place - done
        if top == wanted:
            if top >= 0 and top < m:
                g[top] = real((targets.others / target_sum - scores.others / score_sum) * factor)
        else:
            if top >= 0 and top < m:
                g[top] = g[top] + real(scores.power / score_sum * factor)
            if wanted >= 0 and wanted < m:
                g[wanted] = g[wanted] - real(targets.power / target_sum * factor)
        deliver(c.gradient, first + done, m, g, 0)
        if c.mode > 1:
            least = real(c.least)
            list_bends(e, m, real(double(1.0) / score_sum), c.bound, least, real(factor), g)
            if top >= 0 and top < m:
                bend = real(scores.others / score_sum * (scores.power / score_sum))
                if c.bound == 1:
                    bend = least if 2.0 * bend < least else 2.0 * bend
                g[top] = bend * real(factor)
            deliver(c.curvature, first + done, m, g, 0)
        done = done + m
    return 0


@noinline
def listnet_group(c: Ranked, first: Int, n: Int, w: Double) -> Double:
    """One list: its value; gradient and curvature, if they are wanted, times the weight and the scale."""
    scores = Side()
    targets = Side()
    e = stack_reals(512)
    f = stack_reals(512)
    find_top(c, c.pred, first, n, scores)
    find_top(c, c.target, first, n, targets)
    away = add_up_list(c, first, n, scores, targets, e, f)
    if c.mode > 0:
        write_listnet(c, first, n, scores, targets, e, f, w * c.scale)
    return away / (targets.others + targets.power) + double_log1p(scores.others / scores.power)


def listnet_block(c: Ranked, partial: Result, block: Int) -> Int:
    """The lists of one block."""
    begin_block(partial)
    count = stack_doubles(1)
    firsts = ints(array_data(c.firsts))
    pointers = ints(array_data(c.pointers))
    for group in range(firsts[block], firsts[block + 1]):
        first = pointers[group]
        n = pointers[group + 1] - first
        w = begin_group(c, group, first, n, partial, count)
        if w > double(0.0):
            partial.weight = partial.weight + count[0]
            end_group(c, group, w * listnet_group(c, first, n, w), partial)
    return 0
