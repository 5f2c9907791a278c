"""The ranked probability score: of each level between ordered classes, how much of a forecast is on its wrong side.

Below the label that is what lies at or below the level, from the label on what lies above it; both are added up from
their end of the line, so that small ones keep their digits. How a loss moves with a probability is told by how much
more it costs than at the label: the levels between both, which all push the same way.
"""

from __future__ import annotations

from .codes import REFUSED
from .entropy import other_powers
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    double,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
)
from .sums import report

# The places of sizes, arrays and parameters in the declaration.
CATEGORIES = 0
PRED = 0
TARGET = 1
ORDER = 0
PROBABILITIES = 1


@noinline
def load_chances(e: Examples, x: Reals, n: Int, p: Doubles) -> Int:
    """Probabilities of n classes: as given, or of a softmax. Returns how many are none."""
    bad = 0
    if e.params[PROBABILITIES] > double(0.0):
        for k in range(n):
            p[k] = double(x[k])
            if x[k] < 0.0 or x[k] > 1.0:
                bad = bad + 1
        return bad
    terms = reals(e.reals)
    total = double(1.0) + other_powers(x, n, 1.0, offset(terms, n), terms)
    for k in range(n):
        p[k] = double(terms[k]) / total
    return 0


@noinline
def add_wrong_sides(p: Doubles, n: Int, label: Int, wrong: Doubles) -> Int:
    """What lies on the wrong side of each of n - 1 levels."""
    run = double(0.0)
    for k in range(label):
        run = run + p[k]
        wrong[k] = run
    run = double(0.0)
    for k in range(n - 1 - label):
        level = n - 2 - k
        run = run + p[level + 1]
        wrong[level] = run
    return 0


def push_of(wrong: Double, order: Double) -> Double:
    """By how much more a level costs if more lies on its wrong side."""
    return double(1.0) if order == double(1.0) else double(2.0) * wrong


@noinline
def load_pushes(wrong: Doubles, n: Int, label: Int, order: Double, more: Doubles) -> Int:
    """By how much more each of n classes costs than the label."""
    more[label] = double(0.0)
    for k in range(label):
        level = label - 1 - k
        more[level] = more[level + 1] + push_of(wrong[level], order)
    for level in range(label, n - 1):
        more[level + 1] = more[level] + push_of(wrong[level], order)
    return 0


@noinline
def one_forecast(e: Examples, i: Int, partial: Result) -> Int:
    """The score of an example, and its gradient."""
    n = e.sizes[CATEGORIES]
    x = offset(reals(e.inputs[PRED]), i * n)
    label = ints(e.inputs[TARGET])[i]
    order = e.params[ORDER]
    p = doubles(e.doubles)
    wrong = offset(p, n)
    more = offset(p, 2 * n)
    if load_chances(e, x, n, p) > 0:
        report(partial, i, REFUSED)
        return 0
    add_wrong_sides(p, n, label, wrong)
    value = double(0.0)
    mean = double(0.0)
    for k in range(n - 1):
        value = value + (wrong[k] if order == double(1.0) else wrong[k] * wrong[k])
        # the mean of what classes cost more than the label, level by level
        mean = mean + push_of(wrong[k], order) * wrong[k]
    # NaN of the label's own score is in none of the levels
    doubles(e.losses)[i] = value + (p[label] - p[label])
    if e.mode > 0:
        load_pushes(wrong, n, label, order, more)
        g = offset(reals(e.slopes[0]), i * n)
        for k in range(n):
            slope = more[k] if e.params[PROBABILITIES] > double(0.0) else p[k] * (more[k] - mean)
            g[k] = real(slope)
    return 0


def ranked_probability_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Scores, and gradients, of n forecasts."""
    for i in range(n):
        one_forecast(e, i, partial)
    return 0
