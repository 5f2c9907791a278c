"""Rows of scores without a target: their entropy, the squares of their logsumexp, and how evenly they share experts.

The largest score of a row is set aside: with d the distances from it and e = exp(-d), the logsumexp is top + log(1 +
the other e), and the entropy log(1 + the other e) + mean of d. No term is negative, so that of rows that are almost
sure all digits are kept. A class that is ruled out by -inf counts nothing.
"""

from __future__ import annotations

from ..scalar import decay_of_sum, difference_rest, quotient_rest
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    apart,
    double,
    double_log1p,
    doubles,
    integer,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
)
from .sums import add_weighted, clear, fold, tile_length, values_sum

# The places of sizes and parameters in the declarations.
CLASSES = 0
TEMPERATURE = 0
TOKENS = 0
EXPERTS = 1
TOP_K = 0


@noinline
def place_of_top(x: Reals, n: Int) -> Int:
    """Where the first of the largest of n scores is; any place if there is a NaN."""
    place = 0
    for i in range(n):
        place = i if x[i] > x[place] else place
    return place


@apart
def distances_below(x: Reals, n: Int, top: Real, temperature: Real, d: Reals) -> Int:
    """How far n scores are below the largest; not so far that a product with the power, which is 0, were none."""
    for i in range(n):
        far = (top - x[i]) / temperature
        d[i] = 1e4 if far > 1e4 else far
    return 0


@apart
def powers_of_distances(x: Reals, d: Reals, n: Int, top: Real, temperature: Real, e: Reals) -> Int:
    """Their exponentials, with what the distances lost to rounding."""
    for i in range(n):
        gap = top - x[i]
        e[i] = decay_of_sum(d[i], quotient_rest(gap, difference_rest(top, x[i]), temperature, 0.0))
    return 0


@noinline
def other_powers(x: Reals, n: Int, temperature: Real, d: Reals, e: Reals) -> Double:
    """Distances of a row and their exponentials; returns the sum of these without that of the largest score, 1."""
    place = place_of_top(x, n)
    distances_below(x, n, x[place], temperature, d)
    powers_of_distances(x, d, n, x[place], temperature, e)
    own = e[place]
    e[place] = 0.0
    total = double(0.0)
    done = 0
    while done < n:
        m = tile_length(done, n)
        total = total + values_sum(offset(e, done), m)
        done = done + m
    e[place] = own
    # NaN stays NaN
    return total + (double(own) - double(1.0))


@noinline
def mean_distance(d: Reals, e: Reals, n: Int, total: Double) -> Double:
    """The mean of distances with these weights, of which the total is known."""
    lanes = stack_doubles(32)
    clear(lanes)
    done = 0
    while done < n:
        m = tile_length(done, n)
        add_weighted(offset(d, done), offset(e, done), m, lanes)
        done = done + m
    return fold(lanes) / total


@apart
def entropy_slopes(d: Reals, e: Reals, n: Int, factor: Real, mean: Real, rest: Real, g: Reals) -> Int:
    """The gradient of an entropy: probabilities times what distances have above their mean, which is two numbers."""
    for i in range(n):
        g[i] = factor * (e[i] * ((d[i] - mean) - rest))
    return 0


@apart
def scaled_powers(e: Reals, n: Int, factor: Real, g: Reals) -> Int:
    """Powers times a factor."""
    for i in range(n):
        g[i] = e[i] * factor
    return 0


def entropy_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Entropies, and gradients, of n rows."""
    classes = e.sizes[CLASSES]
    d = reals(e.reals)
    powers = offset(d, (classes + 15) // 16 * 16)
    temperature = real(e.params[TEMPERATURE])
    for i in range(n):
        x = offset(reals(e.inputs[0]), i * classes)
        others = other_powers(x, classes, temperature, d, powers)
        total = double(1.0) + others
        mean = mean_distance(d, powers, classes, total)
        doubles(e.losses)[i] = double_log1p(others) + mean
        if e.mode > 0:
            factor = real(double(1.0) / (total * double(temperature)))
            high = real(mean)
            g = offset(reals(e.slopes[0]), i * classes)
            entropy_slopes(d, powers, classes, factor, high, real(mean - double(high)), g)
    return 0


def logsumexp_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Squares of the logsumexp, and gradients, of n rows."""
    classes = e.sizes[CLASSES]
    d = reals(e.reals)
    powers = offset(d, (classes + 15) // 16 * 16)
    for i in range(n):
        x = offset(reals(e.inputs[0]), i * classes)
        others = other_powers(x, classes, real(1.0), d, powers)
        found = double(x[place_of_top(x, classes)]) + double_log1p(others)
        doubles(e.losses)[i] = found * found
        if e.mode > 0:
            factor = real(double(2.0) * found / (double(1.0) + others))
            scaled_powers(powers, classes, factor, offset(reals(e.slopes[0]), i * classes))
    return 0


@noinline
def count_chosen(x: Reals, experts: Int, most: Int, taken: Ints, counts: Doubles) -> Int:
    """Count the `most` largest scores of a token, of equal ones the first."""
    for j in range(experts):
        taken[j] = 0
    for _k in range(most):
        best = -1
        for j in range(experts):
            if taken[j] == 0 and (best < 0 or x[j] > x[best]):
                best = j
        taken[best] = 1
        counts[best] = counts[best] + double(1.0)
    return 0


@noinline
def balance_slopes(p: Reals, counts: Doubles, experts: Int, factor: Double, g: Reals) -> Int:
    """The gradient of a token: probabilities times what the counts of experts have above their mean."""
    mean = double(0.0)
    for j in range(experts):
        mean = mean + double(p[j]) * counts[j]
    for j in range(experts):
        g[j] = real(factor * double(p[j]) * (counts[j] - mean))
    return 0


def balance_examples(e: Examples, partial: Result, n: Int) -> Int:
    """How evenly tokens are spread over experts, and gradients, of n groups of tokens."""
    tokens = e.sizes[TOKENS]
    experts = e.sizes[EXPERTS]
    most = integer(e.params[TOP_K])
    width = (experts + 15) // 16 * 16
    d = reals(e.reals)
    powers = offset(d, width)
    p = offset(powers, width)
    counts = doubles(e.doubles)
    means = offset(counts, experts)
    for i in range(n):
        for j in range(experts):
            counts[j] = double(0.0)
            means[j] = double(0.0)
        for t in range(tokens):
            x = offset(reals(e.inputs[0]), (i * tokens + t) * experts)
            here = offset(p, t * experts if e.mode > 0 else 0)
            others = other_powers(x, experts, real(1.0), d, powers)
            scaled_powers(powers, experts, real(double(1.0) / (double(1.0) + others)), here)
            count_chosen(x, experts, most, ints(e.ints), counts)
            for j in range(experts):
                means[j] = means[j] + double(here[j])
        factor = double(experts) / (double(most) * double(tokens) * double(tokens))
        total = double(0.0)
        for j in range(experts):
            total = total + counts[j] * means[j]
        doubles(e.losses)[i] = factor * total
        if e.mode > 0:
            for t in range(tokens):
                at = (i * tokens + t) * experts
                balance_slopes(offset(p, t * experts), counts, experts, factor, offset(reals(e.slopes[0]), at))
    return 0
