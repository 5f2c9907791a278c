"""CoSENT: pairs whose labels are ordered, by two walks in that order; what was passed is a running logarithm."""

from __future__ import annotations

from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Reals,
    double,
    double_exp,
    double_log,
    double_log1p,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
)
from .sorting import sort_descending

# The places of sizes, arrays and parameters in the declaration.
PAIRS_OF_TEXTS = 0
SCORES = 0
WANTED = 1
STEEPNESS = 0


@noinline
def add_power(sums: Doubles, x: Double) -> Int:
    """Add e^x to a sum of powers: its largest exponent, and the sum in that of it."""
    if x > sums[0]:
        sums[1] = sums[1] * double_exp(sums[0] - x) + double(1.0)
        sums[0] = x
    elif x != double(-1e999):
        sums[1] = sums[1] + double_exp(x - sums[0])
    return 0


@noinline
def log_of_one_and(sums: Doubles) -> Double:
    """log(1 + a sum of powers), with all digits of a small one."""
    if sums[1] == double(0.0):
        return double(0.0)
    exponent = sums[0] + double_log(sums[1])
    if exponent > double(0.0):
        return exponent + double_log1p(double_exp(-exponent))
    return double_log1p(double_exp(exponent))


@noinline
def powers_passed(x: Reals, y: Reals, order: Ints, n: Int, steepness: Double, sums: Doubles, passed: Doubles) -> Int:
    """In an order of labels, what is larger than each pair may pass: log(sum exp(steepness * score)) of those before.

    Pairs of the same label are no others. `passed` lies as the pairs do.
    """
    sums[0] = double(-1e999)
    sums[1] = double(0.0)
    first = 0
    while first < n:
        stop = first
        label = y[order[first]]
        before = sums[0] + double_log(sums[1]) if first > 0 else double(-1e999)
        while stop < n and y[order[stop]] == label:
            passed[order[stop]] = before
            stop = stop + 1
        for k in range(first, stop):
            add_power(sums, steepness * double(x[order[k]]))
        first = stop
    return 0


@noinline
def ordered_pairs(e: Examples, i: Int) -> Double:
    """The loss of some pairs; its gradient."""
    n = e.sizes[PAIRS_OF_TEXTS]
    scale = e.params[STEEPNESS]
    x = offset(reals(e.inputs[SCORES]), i * n)
    y = offset(reals(e.inputs[WANTED]), i * n)
    order = ints(e.ints)
    spare = offset(order, n)
    keys = reals(e.reals)
    sums = doubles(e.doubles)
    lower = offset(sums, 2)
    higher = offset(lower, n)
    for k in range(n):
        keys[k] = -y[k]
    sort_descending(keys, order, n, offset(keys, n), spare)
    powers_passed(x, y, order, n, scale, sums, lower)
    sums[0] = double(-1e999)
    sums[1] = double(0.0)
    for k in range(n):
        add_power(sums, lower[k] - scale * double(x[k]))
    total = log_of_one_and(sums)
    if e.mode > 0:
        for k in range(n):
            spare[k] = order[n - 1 - k]
        powers_passed(x, y, spare, n, -scale, sums, higher)
        g = offset(reals(e.slopes[0]), i * n)
        for k in range(n):
            s = scale * double(x[k])
            g[k] = real(scale * (double_exp((higher[k] + s) - total) - double_exp((lower[k] - s) - total)))
    return total


def cosent_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n batches of pairs."""
    for i in range(n):
        doubles(e.losses)[i] = ordered_pairs(e, i)
    return 0
