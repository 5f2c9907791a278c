"""Errors of whole series: the sum of errors over that of sizes, and the root of the mean square in a scale."""

from __future__ import annotations

from ..scalar import maximum, sqrt
from .headers import Examples, Result
from .language import Double, Int, Real, Reals, apart, double, doubles, noinline, offset, real, reals
from .sums import tile_length, values_sum

# The places of sizes, arrays and parameters in the declarations.
STEPS = 0
PRED = 0
TARGET = 1
SCALE = 2
EPS = 0


@apart
def steps_of(pred: Reals, target: Reals, n: Int, error: Reals, size: Reals) -> Int:
    """Errors of n steps, and their sizes."""
    for i in range(n):
        error[i] = pred[i] - target[i]
        size[i] = abs(error[i])
    return 0


@apart
def sizes_of(values: Reals, n: Int, size: Reals) -> Int:
    """How large n numbers are."""
    for i in range(n):
        size[i] = abs(values[i])
    return 0


@apart
def shares_of_largest(error: Reals, n: Int, largest: Real, share: Reals, square: Reals) -> Int:
    """Errors over the largest of them, and squares of that."""
    for i in range(n):
        share[i] = error[i] / largest
        square[i] = share[i] * share[i]
    return 0


@apart
def signed_slopes(error: Reals, n: Int, slope: Real, g: Reals) -> Int:
    """A slope with the signs of errors, 0 where there is none."""
    for i in range(n):
        side = (1.0 if error[i] > 0.0 else 0.0) - (1.0 if error[i] < 0.0 else 0.0)
        g[i] = side * slope + (error[i] - error[i])
    return 0


@apart
def scaled_shares(share: Reals, n: Int, factor: Real, g: Reals) -> Int:
    """Shares times a factor."""
    for i in range(n):
        g[i] = share[i] * factor
    return 0


@noinline
def sum_of_series(values: Reals, n: Int) -> Double:
    """The sum of n numbers, in float64."""
    total = double(0.0)
    done = 0
    while done < n:
        m = tile_length(done, n)
        total = total + values_sum(offset(values, done), m)
        done = done + m
    return total


@noinline
def largest_error(size: Reals, n: Int) -> Real:
    """The largest of n sizes, 1 if all are 0."""
    largest = real(0.0)
    for i in range(n):
        largest = maximum(size[i], largest)
    return largest if largest > 0.0 else real(1.0)


def wape_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Errors over sizes, and gradients, of n series."""
    steps = e.sizes[STEPS]
    error = reals(e.reals)
    size = offset(error, (steps + 15) // 16 * 16)
    for i in range(n):
        target = offset(reals(e.inputs[TARGET]), i * steps)
        sizes_of(target, steps, size)
        total = sum_of_series(size, steps)
        total = e.params[EPS] if total < e.params[EPS] else total
        steps_of(offset(reals(e.inputs[PRED]), i * steps), target, steps, error, size)
        doubles(e.losses)[i] = sum_of_series(size, steps) / total
        if e.mode > 0:
            signed_slopes(error, steps, real(double(1.0) / total), offset(reals(e.slopes[0]), i * steps))
    return 0


def rmsse_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Roots of mean squares in a scale, and gradients, of n series."""
    steps = e.sizes[STEPS]
    error = reals(e.reals)
    size = offset(error, (steps + 15) // 16 * 16)
    share = offset(size, (steps + 15) // 16 * 16)
    for i in range(n):
        first = i * steps
        steps_of(offset(reals(e.inputs[PRED]), first), offset(reals(e.inputs[TARGET]), first), steps, error, size)
        largest = largest_error(size, steps)
        shares_of_largest(error, steps, largest, share, size)
        root = sqrt(real(sum_of_series(size, steps) / double(steps)))
        scale = reals(e.inputs[SCALE])[i]
        doubles(e.losses)[i] = double(largest) / double(scale) * double(root)
        if e.mode > 0:
            below = root if root != 0.0 else real(1.0)
            factor = real(double(1.0) / (double(steps) * double(below) * double(scale)))
            scaled_shares(share, steps, factor, offset(reals(e.slopes[0]), first))
    return 0
