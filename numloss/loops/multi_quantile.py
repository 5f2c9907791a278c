"""Quantile losses of several levels and one target: averaged over levels, with what neighbours cost that cross."""

from __future__ import annotations

from .codes import REFUSED
from .headers import Examples, Result
from .language import Double, Int, Real, Reals, double, doubles, noinline, offset, real, reals
from .quantile_huber import load_taus, meet_sharply
from .sums import report, sixteens

# The places of sizes, arrays and parameters in the declaration, where levels are what taus are of `quantile_huber`.
QUANTILES = 0
PRED = 0
TARGET = 1
CROSSING = 0
MARGIN = 1
DOUBLED = 2


@noinline
def falls_between(tau: Reals, n: Int) -> Int:
    """How many of n levels are not above the one before."""
    bad = 0
    for k in range(n - 1):
        if not tau[k + 1] > tau[k]:
            bad = bad + 1
    return bad


@noinline
def part_neighbours(x: Reals, n: Int, margin: Real, pull: Real, slopes: Reals) -> Double:
    """By how much n - 1 quantiles are less than a margin below the next one, summed; what that pulls is added."""
    total = double(0.0)
    for k in range(n - 1):
        short = margin + (x[k] - x[k + 1])
        # what is just so far apart pulls nothing; NaN stays NaN
        pushed = 1.0 if short > 0.0 else (0.0 if short <= 0.0 else short)
        total = total + double(0.0 if short <= 0.0 else short)
        slopes[k] = slopes[k] + pull * pushed
        slopes[k + 1] = slopes[k + 1] - pull * pushed
    return total


@noinline
def one_row(e: Examples, i: Int, partial: Result) -> Int:
    """The loss of an example, and its gradient."""
    n = e.sizes[QUANTILES]
    m = sixteens(n)
    pred = offset(reals(e.inputs[PRED]), i * n)
    x = reals(e.reals)
    tau = offset(x, m)
    other = offset(x, 2 * m)
    values = offset(x, 3 * m)
    slopes = offset(x, 4 * m)
    load_taus(e, i, n, m, tau, other)
    for k in range(n):
        x[k] = pred[k]
    for k in range(n, m):
        x[k] = 0.0
    for k in range(m):
        values[k] = 0.0
        slopes[k] = 0.0
    meet_sharply(x, reals(e.inputs[TARGET])[i], m, tau, other, values, slopes)
    total = double(0.0)
    for k in range(n):
        total = total + double(values[k])
    share = (double(2.0) if e.params[DOUBLED] > double(0.0) else double(1.0)) / double(n)
    cost = double(0.0)
    if e.params[CROSSING] > double(0.0) and n > 1:
        if falls_between(tau, n) > 0:
            report(partial, i, REFUSED)
            return 0
        each = e.params[CROSSING] / double(n - 1)
        # in the unit of the other slopes, which are multiplied by their share below
        cost = each * part_neighbours(x, n, real(e.params[MARGIN]), real(each / share), slopes)
    doubles(e.losses)[i] = share * total + cost
    if e.mode > 0:
        g = offset(reals(e.slopes[0]), i * n)
        for k in range(n):
            g[k] = real(share * double(slopes[k]))
    return 0


def multi_quantile_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples."""
    for i in range(n):
        one_row(e, i, partial)
    return 0
