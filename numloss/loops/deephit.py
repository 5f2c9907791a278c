"""Survival of a batch of rows whose intervals share a distribution: its likelihood, and the order of their risks.

A row that had an event in interval k is compared with every row that was without one until then: by how much its
distribution function is above theirs, in an exponential. That is a product of one number of each: of an interval those
of the rows with an event in it are added up, and those of the rows at risk, so that no pair is ever made. Exponentials
are relative to the largest function of those at risk: where one overflows the loss does.

A row with an event in interval k is at risk before it, one that is censored there in it, too.
"""

from __future__ import annotations

from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    apart,
    double,
    double_exp,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
)
from .survival import outcome_of

# The places of sizes, arrays and parameters in the declaration.
ROWS = 0
BINS = 1
PRED = 0
TARGET = 1
EVENT = 2
ALPHA = 0
SIGMA = 1


@noinline
def shares_of_row(z: Reals, bins: Int, p: Doubles) -> Int:
    """The distribution of a row, behind whose numbers a 0 is."""
    top = double(0.0)
    for k in range(bins):
        top = double(z[k]) if double(z[k]) > top else top
    for k in range(bins):
        p[k] = double_exp(double(z[k]) - top)
    p[bins] = double_exp(double(0.0) - top)
    total = double(0.0)
    for k in range(bins + 1):
        total = total + p[k]
    for k in range(bins + 1):
        p[k] = p[k] / total
    return 0


@noinline
def add_to_tops(p: Doubles, own: Int, event: Int, tops: Doubles, reached: Doubles) -> Int:
    """The distribution function of a row up to its own interval, and the largest of each that it is at risk in."""
    total = double(0.0)
    for k in range(own + 1):
        total = total + p[k]
        reached[k] = total
        if k < own + 1 - event and total > tops[k]:
            tops[k] = total
    return 0


@apart
def risks_of_row(reached: Doubles, tops: Doubles, n: Int, sigma: Double) -> Int:
    """How the functions of a row compare with the largest, in their place."""
    for k in range(n):
        reached[k] = double_exp((reached[k] - tops[k]) / sigma)
    return 0


@noinline
def add_to_sums(
    own: Int, event: Int, sigma: Double, tops: Doubles, reached: Doubles, events: Doubles, risks: Doubles
) -> Int:
    """Add a row to the sums of the intervals that it is at risk in, and to that of its event."""
    last = reached[own]
    risks_of_row(reached, tops, own + 1, sigma)
    if event == 1:
        reached[own] = double_exp((tops[own] - last) / sigma)
        events[own] = events[own] + reached[own]
    for k in range(own + 1 - event):
        risks[k] = risks[k] + reached[k]
    return 0


@noinline
def pairs_of_row(
    bins: Int, own: Int, event: Int, p: Doubles, powers: Doubles, events: Doubles, risks: Doubles, scale: Double,
    pull: Doubles, slopes: Doubles,
) -> Int:  # fmt: skip
    """The gradient of all pairs of a row, times scale."""
    for k in range(own + 1):
        pull[k] = powers[k] * events[k] * scale
    if event == 1:
        pull[own] = double(0.0) - powers[own] * risks[own] * scale
    # what an interval has is taken from all others: those that are pulled before it, and those from it on
    reached = double(0.0)
    before = double(0.0)
    for k in range(own + 1):
        slopes[k] = double(0.0) - before
        reached = reached + p[k]
        before = before + pull[k] * reached
    left = p[bins]
    for k in range(bins - 1 - own):
        left = left + p[bins - 1 - k]
        slopes[bins - 1 - k] = double(0.0) - p[bins - 1 - k] * before
    after = double(0.0)
    for k in range(own + 1):
        after = after + pull[own - k] * left
        slopes[own - k] = p[own - k] * (slopes[own - k] + after)
        left = left + p[own - k]
    return 0


@noinline
def slopes_of_batch(e: Examples, first: Int, shares: Doubles, powers: Doubles, events: Doubles, risks: Doubles) -> Int:
    """The gradient of a batch, where that of the likelihoods is already."""
    rows = e.sizes[ROWS]
    bins = e.sizes[BINS]
    pull = offset(doubles(e.doubles), 4 * (bins + 1))
    slopes = offset(doubles(e.doubles), 5 * (bins + 1))
    likelihood = e.params[ALPHA] / double(rows)
    scale = (double(1.0) - e.params[ALPHA]) / (double(rows) * double(rows)) / e.params[SIGMA]
    for i in range(rows):
        own = ints(e.inputs[TARGET])[first + i]
        event = 1 if reals(e.inputs[EVENT])[first + i] == 1.0 else 0
        at = i * (bins + 1)
        pairs_of_row(bins, own, event, offset(shares, at), offset(powers, at), events, risks, scale, pull, slopes)
        g = offset(reals(e.slopes[0]), (first + i) * bins)
        for k in range(bins):
            own_part = double(g[k]) * likelihood if likelihood > double(0.0) else double(0.0)
            g[k] = real(own_part + (slopes[k] if scale > double(0.0) else double(0.0)))
    return 0


@noinline
def batch_of_rows(e: Examples, first: Int) -> Double:
    """The loss of a batch, and its gradient."""
    rows = e.sizes[ROWS]
    bins = e.sizes[BINS]
    width = bins + 1
    d = doubles(e.doubles)
    tops = offset(d, width)
    events = offset(d, 2 * width)
    risks = offset(d, 3 * width)
    shares = offset(d, 6 * width)
    powers = offset(shares, rows * width)
    terms = reals(e.reals)
    for k in range(width):
        tops[k] = double(-1.0)
        events[k] = double(0.0)
        risks[k] = double(0.0)
    total = double(0.0)
    for i in range(rows):
        own = ints(e.inputs[TARGET])[first + i]
        event = 1 if reals(e.inputs[EVENT])[first + i] == 1.0 else 0
        z = offset(reals(e.inputs[PRED]), (first + i) * bins)
        g = offset(reals(e.slopes[0]), (first + i) * bins) if e.mode > 0 else terms
        total = total + outcome_of(double(0.0), z, bins, own, event, d, terms, e.mode, g)
        shares_of_row(z, bins, offset(shares, i * width))
        add_to_tops(offset(shares, i * width), own, event, tops, offset(powers, i * width))
    for i in range(rows):
        own = ints(e.inputs[TARGET])[first + i]
        event = 1 if reals(e.inputs[EVENT])[first + i] == 1.0 else 0
        add_to_sums(own, event, e.params[SIGMA], tops, offset(powers, i * width), events, risks)
    pairs = double(0.0)
    for k in range(bins):
        pairs = pairs + events[k] * risks[k]
    if e.mode > 0:
        slopes_of_batch(e, first, shares, powers, events, risks)
    # what does not count hides what is there
    alpha = e.params[ALPHA]
    likelihood = alpha * (total / double(rows)) if alpha > double(0.0) else double(0.0)
    rest = double(1.0) - alpha
    return likelihood + (rest * (pairs / (double(rows) * double(rows))) if rest > double(0.0) else double(0.0))


def deephit_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n batches."""
    for i in range(n):
        doubles(e.losses)[i] = batch_of_rows(e, i * e.sizes[ROWS])
    return 0
