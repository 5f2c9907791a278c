"""The distribution of a list against that of its targets: ListNet. The header of a problem is in ranked.py.

Of both lists the largest entry is set aside: the others add up to what its probability lacks, with all digits.
"""

from __future__ import annotations

from ..scalar import exp_below, round_shift
from .headers import Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    apart,
    array_data,
    double,
    double_log1p,
    ints,
    offset,
    operand_at,
    real,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch
from .ranked import begin_group, end_group, floats_of
from .rowwise_parts import base_of, exponentials, first_equal, tile_maximum
from .sums import begin_block, tile_length, tile_sum


@apart
def top_of_list(c: Ints, k: Int, first: Int, n: Int, place: Ints) -> Real:
    """The largest value of a list of the operand at c[k], NaN left aside, and its place."""
    buffer = stack_reals(512)
    top = real(-1e999)
    done = 0
    while done < n:
        m = tile_length(done, n)
        z = fetch(operand_at(c, k), c[9], 0.0, first + done, m, buffer)
        largest = tile_maximum(z, m)
        if done == 0 or largest > top:
            top = largest
            place[0] = done + first_equal(z, m, largest)
        done = done + m
    return top


def power_of_top(top: Real) -> Real:
    """The exponential of the largest entry, near 1: what `exponentials` would make of it."""
    base = base_of(top)
    return exp_below(top - base, round_shift(top - base))


@apart
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
    """The sum of n <= 512 values; of a few one after the other."""
    if n >= 16:
        return tile_sum(values, n)
    total = double(0.0)
    for i in range(n):
        total = total + double(values[i])
    return total


@apart
def times_distance(f: Reals, x: Reals, n: Int, top: Real, terms: Reals) -> Int:
    """f * (top - x), where 0 times inf is 0."""
    for i in range(n):
        away = f[i] * (top - x[i])
        terms[i] = away if f[i] > 0.0 else 0.0
    return 0


@apart
def add_up_list(
    c: Ints, first: Int, n: Int, places: Ints, tops: Reals, e: Reals, f: Reals, sums: Doubles
) -> Int:
    """Sums over a list: of the powers of scores and of targets, and of the latter times top - score.

    The powers of the largest entries, which are left out, follow as sums 3 and 4.
    """
    x_buffer = stack_reals(512)
    t_buffer = stack_reals(512)
    terms = stack_reals(512)
    for k in range(3):
        sums[k] = double(0.0)
    done = 0
    while done < n:
        m = tile_length(done, n)
        x = fetch(operand_at(c, 25), c[9], 0.0, first + done, m, x_buffer)
        t = fetch(operand_at(c, 28), c[9], 0.0, first + done, m, t_buffer)
        powers_below(x, m, tops[0], places[0] - done, e)
        powers_below(t, m, tops[1], places[1] - done, f)
        times_distance(f, x, m, tops[0], terms)
        sums[0] = sums[0] + small_sum(e, m)
        sums[1] = sums[1] + small_sum(f, m)
        sums[2] = sums[2] + small_sum(terms, m)
        done = done + m
    sums[3] = double(power_of_top(tops[0]))
    sums[4] = double(power_of_top(tops[1]))
    wanted = fetch(operand_at(c, 25), c[9], 0.0, first + places[1], 1, x_buffer)
    sums[2] = sums[2] + sums[4] * double(tops[0] - wanted[0])
    return 0


@apart
def difference_of_lists(e: Reals, f: Reals, n: Int, to_score: Real, to_target: Real, g: Reals) -> Int:
    """The difference of two distributions, from their powers."""
    for i in range(n):
        g[i] = e[i] * to_score - f[i] * to_target
    return 0


@apart
def list_bends(e: Reals, n: Int, share: Real, bound: Int, least: Real, factor: Real, h: Reals) -> Int:
    """p * (1 - p), or its bound, times a factor."""
    for i in range(n):
        p = e[i] * share
        bend = p * (1.0 - p)
        if bound == 1:
            bend = least if 2.0 * bend < least else 2.0 * bend
        h[i] = bend * factor
    return 0


@apart
def write_listnet(
    c: Ints, first: Int, n: Int, places: Ints, tops: Reals, e: Reals, f: Reals, sums: Doubles, factor: Double
) -> Int:
    """Gradient, and curvature, of a list; e and f are what `add_up_list` has left of its last tile."""
    buffer = stack_reals(512)
    g = stack_reals(512)
    scores = sums[0] + sums[3]
    targets = sums[1] + sums[4]
    done = 0
    while done < n:
        m = tile_length(done, n)
        if n > 512:
            x = fetch(operand_at(c, 25), c[9], 0.0, first + done, m, buffer)
            powers_below(x, m, tops[0], places[0] - done, e)
            t = fetch(operand_at(c, 28), c[9], 0.0, first + done, m, buffer)
            powers_below(t, m, tops[1], places[1] - done, f)
        difference_of_lists(e, f, m, real(factor / scores), real(factor / targets), g)
        top = places[0] - done
        wanted = places[1] - done
        if top == wanted:
            if top >= 0 and top < m:
                g[top] = real((sums[1] / targets - sums[0] / scores) * factor)
        else:
            if top >= 0 and top < m:
                g[top] = g[top] + real(sums[3] / scores * factor)
            if wanted >= 0 and wanted < m:
                g[wanted] = g[wanted] - real(sums[4] / targets * factor)
        deliver(operand_at(c, 40), first + done, m, g, 0)
        if c[6] > 1:
            least = real(floats_of(c)[1])
            list_bends(e, m, real(double(1.0) / scores), c[10], least, real(factor), g)
            if top >= 0 and top < m:
                bend = real(sums[0] / scores * (sums[3] / scores))
                if c[10] == 1:
                    bend = least if 2.0 * bend < least else 2.0 * bend
                g[top] = bend * real(factor)
            deliver(operand_at(c, 43), first + done, m, g, 0)
        done = done + m
    return 0


@apart
def listnet_group(c: Ints, first: Int, n: Int, w: Double) -> Double:
    """One list: its value; gradient and curvature, if they are wanted, times the weight and the scale."""
    places = stack_ints(2)
    tops = stack_reals(2)
    sums = stack_doubles(5)
    e = stack_reals(512)
    f = stack_reals(512)
    for k in range(2):
        tops[k] = top_of_list(c, 25 + 3 * k, first, n, offset(places, k))
    add_up_list(c, first, n, places, tops, e, f, sums)
    if c[6] > 0:
        write_listnet(c, first, n, places, tops, e, f, sums, w * floats_of(c)[0])
    return sums[2] / (sums[1] + sums[4]) + double_log1p(sums[0] / sums[3])


def listnet_block(c: Ints, partial: Result, block: Int) -> Int:
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
            end_group(c, group, w * listnet_group(c, first, n, w), partial)
    return 0
