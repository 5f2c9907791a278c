"""The variogram score of an ensemble of vectors: powers of the differences of entries, of the target and of members."""

from __future__ import annotations

from ..scalar import sqrt
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    double,
    double_exp,
    double_log,
    doubles,
    noinline,
    offset,
    real,
    reals,
)

# The places of sizes, arrays and parameters in the declaration.
MEMBERS = 0
ENTRIES = 1
PRED = 0
TARGET = 1
PAIR_WEIGHT = 2
POWER = 0


def power_of(size: Double, p: Double) -> Double:
    """A difference >= 0 to a power > 0."""
    if p == double(0.5):
        return sqrt(size)
    if p == double(1.0):
        return size
    if p == double(2.0):
        return size * size
    return double(0.0) if size == double(0.0) else double_exp(p * double_log(size))


def slope_of(difference: Double, power: Double, p: Double) -> Double:
    """The slope of that power by the difference, which has a sign; where there is none it is 0."""
    return double(0.0) if difference == double(0.0) else p * power / difference


def size_of_difference(difference: Double) -> Double:
    """The size of a difference."""
    return -difference if difference < double(0.0) else difference


@noinline
def mean_power(e: Examples, pred: Reals, a: Int, b: Int, slopes: Doubles) -> Double:
    """The mean over members of the power of the difference of two entries, and the slope of each member's."""
    size = e.sizes[ENTRIES]
    p = e.params[POWER]
    total = double(0.0)
    for j in range(e.sizes[MEMBERS]):
        difference = double(pred[j * size + a]) - double(pred[j * size + b])
        power = power_of(size_of_difference(difference), p)
        total = total + power
        slopes[j] = slope_of(difference, power, p)
    return total / double(e.sizes[MEMBERS])


@noinline
def weight_of_pair(e: Examples, i: Int, a: Int, b: Int) -> Double:
    """What a pair of entries counts, in both orders."""
    if e.inputs[PAIR_WEIGHT] == 0:
        return double(2.0)
    size = e.sizes[ENTRIES]
    first = 0 if e.shared[PAIR_WEIGHT] == 1 else i * size * size
    weights = offset(reals(e.inputs[PAIR_WEIGHT]), first)
    return double(weights[a * size + b]) + double(weights[b * size + a])


@noinline
def one_variogram(e: Examples, i: Int) -> Int:
    """The score of an example, and its gradient."""
    size = e.sizes[ENTRIES]
    count = e.sizes[MEMBERS] * size
    pred = offset(reals(e.inputs[PRED]), i * count)
    y = offset(reals(e.inputs[TARGET]), i * size)
    slopes = doubles(e.doubles)
    g = offset(slopes, e.sizes[MEMBERS])
    total = double(0.0)
    for k in range(count):
        g[k] = double(0.0)
    for a in range(1, size):
        for b in range(a):
            weight = weight_of_pair(e, i, a, b)
            if weight != double(0.0):
                seen = power_of(size_of_difference(double(y[a]) - double(y[b])), e.params[POWER])
                rest = mean_power(e, pred, a, b, slopes) - seen
                total = total + weight * (rest * rest)
                factor = double(2.0) * weight * rest / double(e.sizes[MEMBERS])
                for j in range(e.sizes[MEMBERS]):
                    g[j * size + a] = g[j * size + a] + factor * slopes[j]
                    g[j * size + b] = g[j * size + b] - factor * slopes[j]
    doubles(e.losses)[i] = total
    if e.mode > 0:
        out = offset(reals(e.slopes[0]), i * count)
        for k in range(count):
            out[k] = real(g[k])
    return 0


def variogram_score_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Scores, and gradients, of n ensembles of vectors."""
    for i in range(n):
        one_variogram(e, i)
    return 0
