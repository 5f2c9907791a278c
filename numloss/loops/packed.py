"""Sums over the tokens of sequences, and what follows from them at each token again."""

from __future__ import annotations

from .codes import NUMBER, UNCHECKED, WEIGHT_OPERAND
from .headers import Packed, Result
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    array_data,
    double,
    doubles,
    ints,
    noinline,
    real,
    stack_doubles,
    stack_reals,
)
from .operands import deliver, fetch, first_outside
from .sums import add_values, begin_block, clear, fold, report

# The number of `old` among the inputs of a loss.
OLD = 1


@noinline
def token_weights(c: Packed, start: Int, n: Int, buffer: Reals, partial: Result) -> Reals:
    """Pointer to the weights of n tokens; one that is none is reported."""
    w = fetch(c.weight, c.itemsize, 1.0, start, n, buffer)
    if c.weight.array != 0:
        bad = first_outside(w, n, NUMBER, 0.0, real(c.most))
        if bad >= 0:
            report(partial, start + bad, WEIGHT_OPERAND)
    scale = real(c.scale)
    if scale != 1.0:
        for i in range(n):
            buffer[i] = w[i] * scale
        return buffer
    return w


@noinline
def weighted_differences(own: Reals, old: Reals, w: Reals, n: Int, out: Reals) -> Int:
    """What n tokens add to the sum of their differences; what weighs nothing adds nothing, whatever it is."""
    for i in range(n):
        product = (old[i] - own[i]) * w[i]
        out[i] = product if w[i] != 0.0 else 0.0
    return 0


@noinline
def add_sequence(c: Packed, start: Int, stop: Int, found: Doubles, partial: Result) -> Int:
    """The sums of the weights and of the weighted differences of a sequence."""
    weights = stack_reals(512)
    first = stack_reals(512)
    second = stack_reals(512)
    made = stack_reals(512)
    lanes = stack_doubles(32)
    others = stack_doubles(32)
    clear(lanes)
    clear(others)
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        w = token_weights(c, start, n, weights, partial)
        add_values(w, n, lanes)
        if c.own.array != 0:
            own = fetch(c.own, c.itemsize, 0.0, start, n, first)
            old = fetch(c.old, c.itemsize, 0.0, start, n, second)
            if c.bounds.check != UNCHECKED:
                bad = first_outside(old, n, c.bounds.check, real(c.bounds.low), real(c.bounds.high))
                if bad >= 0:
                    report(partial, start + bad, OLD)
            weighted_differences(own, old, w, n, made)
            add_values(made, n, others)
        start = start + n
    found[0] = fold(lanes)
    found[1] = fold(others)
    return 0


@noinline
def spread_over(c: Packed, start: Int, stop: Int, total: Double, mean: Double, partial: Result) -> Int:
    """Write the shares and the mean of a sequence to its tokens."""
    weights = stack_reals(512)
    made = stack_reals(512)
    below = real(total)
    value = real(mean)
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        if c.shares.array != 0:
            w = token_weights(c, start, n, weights, partial)
            for i in range(n):
                made[i] = w[i] / below
            deliver(c.shares, start, n, made, 0)
        if c.means.array != 0:
            for i in range(n):
                made[i] = value
            deliver(c.means, start, n, made, 0)
        start = start + n
    return 0


def packed_block(c: Packed, partial: Result, block: Int) -> Int:
    """Work on one block of sequences."""
    found = stack_doubles(2)
    begin_block(partial)
    pointers = ints(array_data(c.pointers))
    firsts = ints(array_data(c.firsts))
    for s in range(firsts[block], firsts[block + 1]):
        add_sequence(c, pointers[s], pointers[s + 1], found, partial)
        total = found[0]
        doubles(array_data(c.sums))[s] = total
        mean = double(0.0)
        if total > double(0.0):
            mean = found[1] / total
        else:
            total = double(1.0)
        spread_over(c, pointers[s], pointers[s + 1], total, mean, partial)
    return 0
