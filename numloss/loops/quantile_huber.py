"""Huber losses of quantiles and samples of a target, each with each: summed over quantiles, averaged over samples.

Sixteen quantiles at a time meet one sample after the other; what they add up goes to float64 after a few of them.
"""

from __future__ import annotations

from .headers import Examples, Result
from .language import (
    Doubles,
    Int,
    Real,
    Reals,
    apart,
    double,
    doubles,
    noinline,
    offset,
    real,
    reals,
)
from .sums import sixteens

# The places of sizes, arrays and parameters in the declaration.
QUANTILES = 0
SAMPLES = 1
PRED = 0
TARGET = 1
TAUS = 2
KAPPA = 0
# Samples that are added up in the dtype of the data.
RUN = 8


@noinline
def load_taus(e: Examples, i: Int, n: Int, m: Int, tau: Reals, other: Reals) -> Int:
    """The shares of samples above and below each quantile: as given, or those of the middles of n equal parts."""
    given = reals(e.inputs[TAUS])
    first = 0 if e.shared[TAUS] == 1 else i * n
    for k in range(n):
        share = double(given[first + k]) if e.inputs[TAUS] != 0 else (double(k) + double(0.5)) / double(n)
        tau[k] = real(share)
        other[k] = real(double(1.0) - share)
    for k in range(n, m):
        tau[k] = 0.0
        other[k] = 0.0
    return 0


@apart
def meet(x: Reals, t: Real, kappa: Real, m: Int, tau: Reals, other: Reals, values: Reals, slopes: Reals) -> Int:
    """Add what a sample costs m quantiles, and by how much more if they rise."""
    for k in range(m):
        u = t - x[k]
        size = abs(u)
        # NaN stays NaN
        near = kappa if size > kappa else size
        share = near / kappa
        w = other[k] if u < 0.0 else tau[k]
        values[k] = values[k] + w * (share * (size - 0.5 * near))
        pull = w * share
        slopes[k] = slopes[k] + (pull if u < 0.0 else -pull)
    return 0


@apart
def meet_sharply(x: Reals, t: Real, m: Int, tau: Reals, other: Reals, values: Reals, slopes: Reals) -> Int:
    """The same without a parabola about 0."""
    for k in range(m):
        u = t - x[k]
        w = other[k] if u < 0.0 else tau[k]
        # equal ones pull nothing; NaN stays NaN
        pull = w if u < 0.0 else (-w if u > 0.0 else u)
        values[k] = values[k] + w * abs(u)
        slopes[k] = slopes[k] + pull
    return 0


@apart
def gather_sums(m: Int, found: Reals, total: Doubles) -> Int:
    """Add m numbers to their totals, and begin again."""
    for k in range(m):
        total[k] = total[k] + double(found[k])
        found[k] = 0.0
    return 0


@apart
def begin_sums(m: Int, found: Reals, total: Doubles) -> Int:
    """Nothing is added up yet."""
    for k in range(m):
        found[k] = 0.0
        total[k] = double(0.0)
    return 0


@noinline
def one_distribution(e: Examples, i: Int) -> Int:
    """The loss of an example, and its gradient."""
    n = e.sizes[QUANTILES]
    samples = e.sizes[SAMPLES]
    m = sixteens(n)
    pred = offset(reals(e.inputs[PRED]), i * n)
    target = offset(reals(e.inputs[TARGET]), i * samples)
    kappa = real(e.params[KAPPA])
    x = reals(e.reals)
    tau = offset(x, m)
    other = offset(x, 2 * m)
    values = offset(x, 3 * m)
    slopes = offset(x, 4 * m)
    costs = doubles(e.doubles)
    pulls = offset(costs, m)
    load_taus(e, i, n, m, tau, other)
    begin_sums(m, values, costs)
    begin_sums(m, slopes, pulls)
    for k in range(n):
        x[k] = pred[k]
    for k in range(n, m):
        x[k] = 0.0
    for j in range(samples):
        if kappa > 0.0:
            meet(x, target[j], kappa, m, tau, other, values, slopes)
        else:
            meet_sharply(x, target[j], m, tau, other, values, slopes)
        if j % RUN == RUN - 1 or j == samples - 1:
            gather_sums(m, values, costs)
            gather_sums(m, slopes, pulls)
    total = double(0.0)
    for k in range(n):
        total = total + costs[k]
    doubles(e.losses)[i] = total / double(samples)
    if e.mode > 0:
        g = offset(reals(e.slopes[0]), i * n)
        for k in range(n):
            g[k] = real(pulls[k] / double(samples))
    return 0


def quantile_huber_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples."""
    for i in range(n):
        one_distribution(e, i)
    return 0
