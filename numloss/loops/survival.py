"""Survival in discrete time: a number for each interval, the interval of an event or of the end of observation, and
which of them it was.

Hazards: each interval has one of its own, and an example passes those before its own. Outcomes: intervals share a
distribution, in which "later than all" has the logarithm 0; where nothing happened until the end, it is one of those
that come after.
"""

from __future__ import annotations

from ..scalar import log, sigmoid, softplus
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    apart,
    double,
    double_log,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
    run_sum_wide,
)
from .log_sums import largest_of, odds_share, scale_terms, soft, terms_below

# The places of sizes, arrays and parameters in the declarations.
BINS = 0
PRED = 0
TARGET = 1
EVENT = 2
FRACTION = 3
KIND = 0
# Hazards are probabilities; or rates, each constant over its interval.
RATES = 1


@apart
def hazard_terms(z: Reals, n: Int, s: Reals) -> Int:
    """What it costs to pass n intervals."""
    for i in range(n):
        s[i] = softplus(z[i])
    return 0


@apart
def hazard_slopes(z: Reals, n: Int, g: Reals) -> Int:
    """The slopes of that."""
    for i in range(n):
        g[i] = sigmoid(z[i])
    return 0


@apart
def hazard_curvatures(z: Reals, n: Int, h: Reals) -> Int:
    """The curvatures of that."""
    for i in range(n):
        h[i] = sigmoid(z[i]) * sigmoid(-z[i])
    return 0


def log_rate(z: Real) -> Real:
    """log(log(1 + e^z)); of a rate that vanishes it is z."""
    return z if z < -40.0 else log(softplus(z))


def rate_share(z: Real) -> Real:
    """The slope of that."""
    return 1.0 if z < -40.0 else sigmoid(z) / softplus(z)


@noinline
def own_hazard(e: Examples, i: Int, z: Real) -> Double:
    """What the interval of an example costs."""
    event = reals(e.inputs[EVENT])[i]
    if e.params[KIND] != double(RATES):
        return double(softplus(-z if event == 1.0 else z))
    passed = double(reals(e.inputs[FRACTION])[i]) * double(softplus(z))
    return passed - double(log_rate(z)) if event == 1.0 else passed


@noinline
def own_slope(e: Examples, i: Int, z: Real) -> Real:
    """The slope of that."""
    event = reals(e.inputs[EVENT])[i]
    if e.params[KIND] != double(RATES):
        return -sigmoid(-z) if event == 1.0 else sigmoid(z)
    passed = reals(e.inputs[FRACTION])[i] * sigmoid(z)
    return passed - rate_share(z) if event == 1.0 else passed


def hazards_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples whose intervals have hazards."""
    bins = e.sizes[BINS]
    terms = reals(e.reals)
    for i in range(n):
        z = offset(reals(e.inputs[PRED]), i * bins)
        own = ints(e.inputs[TARGET])[i]
        hazard_terms(z, own, terms)
        doubles(e.losses)[i] = run_sum_wide(terms, own) + own_hazard(e, i, z[own])
        if e.mode > 0:
            g = offset(reals(e.slopes[0]), i * bins)
            hazard_slopes(z, own, g)
            g[own] = own_slope(e, i, z[own])
            for j in range(own + 1, bins):
                g[j] = 0.0
        if e.mode > 1:
            h = offset(reals(e.slopes[1]), i * bins)
            hazard_curvatures(z, own + 1, h)
            for j in range(own + 1, bins):
                h[j] = 0.0
    return 0


@noinline
def outcomes_of(kind: Double, z: Reals, bins: Int, d: Doubles) -> Int:
    """Logarithms of the outcomes, up to what they have in common: the numbers of the intervals, or their sums from the
    end on."""
    total = double(0.0)
    d[bins] = total
    for k in range(bins):
        j = bins - 1 - k
        total = double(z[j]) + (total if kind == double(1.0) else double(0.0))
        d[j] = total
    return 0


@noinline
def add_from_both_ends(g: Reals, n: Int, split: Int, last: Double) -> Int:
    """Each of n slopes becomes the sum of those up to it: all together they are minus the last, so that from one on it
    is minus the sum of those after it, which have one sign."""
    total = double(0.0)
    for j in range(split):
        total = total + double(g[j])
        g[j] = real(total)
    total = last
    for k in range(n - split):
        j = n - 1 - k
        own = double(g[j])
        g[j] = real(double(0.0) - total)
        total = total + own
    return 0


@noinline
def outcome_slopes(
    kind: Double, bins: Int, x: Reals, own: Int, event: Int, others: Double, mine: Double, g: Reals
) -> Int:
    """The gradient by the intervals, of terms and what those of the others and of the example are multiplied by."""
    scale_terms(x, bins, others, g)
    if event == 1:
        g[own] = real(mine)
    else:
        scale_terms(offset(x, own + 1), bins - own - 1, mine, offset(g, own + 1))
    if kind == double(1.0):
        last = double(x[bins]) * (others if event == 1 else mine)
        add_from_both_ends(g, bins, own + 1 - event, last)
    return 0


@noinline
def outcome_of(
    kind: Double, z: Reals, bins: Int, own: Int, event: Int, d: Doubles, x: Reals, mode: Int, g: Reals
) -> Double:
    """The loss of an example, and its gradient; d and x are scratch."""
    outcomes_of(kind, z, bins, d)
    after = own + 1
    rest = bins - own
    top = largest_of(d, after)
    last = largest_of(offset(d, after), rest)
    if event == 1:
        # all others are compared with one
        mine = d[own]
        d[own] = double(-1e999)
        before = largest_of(d, after)
        top = before if before > last else last
        others = terms_below(d, bins + 1, top, x)
        d[own] = mine
        far = (top - mine) + double_log(others)
        if mode > 0:
            u = odds_share(far)
            outcome_slopes(kind, bins, x, own, 1, u / others, double(0.0) - u, g)
        return soft(far)
    others = terms_below(d, after, top, x)
    later = terms_below(offset(d, after), rest, last, offset(x, after))
    far = (top - last) + (double_log(others) - double_log(later))
    if mode > 0:
        u = odds_share(far)
        outcome_slopes(kind, bins, x, own, 0, u / others, double(0.0) - u / later, g)
    return soft(far)


def outcomes_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples whose intervals share a distribution."""
    bins = e.sizes[BINS]
    terms = reals(e.reals)
    for i in range(n):
        z = offset(reals(e.inputs[PRED]), i * bins)
        own = ints(e.inputs[TARGET])[i]
        event = 1 if reals(e.inputs[EVENT])[i] == 1.0 else 0
        g = offset(reals(e.slopes[0]), i * bins) if e.mode > 0 else terms
        loss = outcome_of(e.params[KIND], z, bins, own, event, doubles(e.doubles), terms, e.mode, g)
        doubles(e.losses)[i] = loss
    return 0
