"""Numbers of groups beside the others of their group: less its mean, over its deviation.

Sums are taken in float64, of squares about the mean that was found before.
"""

from __future__ import annotations

from ..scalar import sqrt
from .codes import NUMBER, WEIGHT_OPERAND
from .headers import Centred, Result
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    array_data,
    double,
    ints,
    noinline,
    real,
    stack_doubles,
    stack_reals,
)
from .operands import deliver, fetch, first_outside
from .sums import add_values, add_weighted, begin_block, clear, fold, report


def beside_others(others: Int, total: Double, w: Double) -> Double:
    """What the distance from the mean of all is multiplied by to be that from the mean of the others."""
    left = total - w
    alone = total / left if left > double(0.0) else double(0.0)
    return alone if others == 1 else double(1.0)


def inverse_of(scaled: Int, squares: Double, total: Double, epsilon: Double) -> Double:
    """What distances are multiplied by: 1 over the deviation, of n - 1, and epsilon."""
    rest = total - double(1.0)
    variance = squares / rest if rest > double(0.0) else double(0.0)
    below = sqrt(variance) + epsilon
    inverse = double(1.0) / below if below > double(0.0) else double(0.0)
    return inverse if scaled == 1 else double(1.0)


@noinline
def add_squares(x: Reals, w: Reals, mean: Double, n: Int, lanes: Doubles) -> Int:
    """Add n <= 512 squares about a mean times their weights to the lanes; what has weight 0 counts nothing."""
    whole = n - n % 32
    for start in range(0, whole, 32):
        for i in range(32):
            k = start + i
            distance = double(x[k]) - mean
            square = distance * distance * double(w[k])
            lanes[i] = lanes[i] + (square if w[k] != 0.0 else double(0.0))
    for i in range(n - whole):
        k = whole + i
        distance = double(x[k]) - mean
        square = distance * distance * double(w[k])
        lanes[i] = lanes[i] + (square if w[k] != 0.0 else double(0.0))
    return 0


@noinline
def look_through(c: Centred, x: Reals, w: Reals, start: Int, n: Int, partial: Result) -> Int:
    """Report the first weight that is none, or number that is NaN."""
    bad = first_outside(w, n, NUMBER, 0.0, real(c.most))
    if bad >= 0:
        report(partial, start + bad, WEIGHT_OPERAND)
    bad = first_outside(x, n, NUMBER, real(-c.most), real(c.most))
    if bad >= 0:
        report(partial, start + bad, 0)
    return 0


@noinline
def centre_group(c: Centred, start: Int, stop: Int, partial: Result) -> Int:
    """Write the numbers of one group."""
    numbers = stack_reals(512)
    weights = stack_reals(512)
    made = stack_reals(512)
    lanes = stack_doubles(32)
    others = stack_doubles(32)
    total = double(0.0)
    mean = double(0.0)
    squares = double(0.0)
    for part in range(3):
        clear(lanes)
        clear(others)
        inverse = inverse_of(c.scaled, squares, total, c.epsilon)
        at = start
        while at < stop:
            n = stop - at
            if n > 512:
                n = 512
            x = fetch(c.given, c.itemsize, 0.0, at, n, numbers)
            w = fetch(c.weight, c.itemsize, 1.0, at, n, weights)
            if part == 0:
                look_through(c, x, w, at, n, partial)
                add_values(w, n, lanes)
                add_weighted(x, w, n, others)
            elif part == 1:
                add_squares(x, w, mean, n, lanes)
            else:
                for i in range(n):
                    beside = beside_others(c.others, total, double(w[i]))
                    distance = real((double(x[i]) - mean) * beside * inverse)
                    made[i] = distance if w[i] != 0.0 else 0.0
                deliver(c.out, at, n, made, 0)
            at = at + n
        if part == 0:
            total = fold(lanes)
            sum_of_numbers = fold(others)
            mean = sum_of_numbers / total if total > double(0.0) else double(0.0)
        elif part == 1:
            squares = fold(lanes)
        if partial.bad_at >= 0:
            return 0
    return 0


def centred_block(c: Centred, partial: Result, block: Int) -> Int:
    """Work on one block of groups."""
    begin_block(partial)
    pointers = ints(array_data(c.pointers))
    firsts = ints(array_data(c.firsts))
    for g in range(firsts[block], firsts[block + 1]):
        centre_group(c, pointers[g], pointers[g + 1], partial)
    return 0
