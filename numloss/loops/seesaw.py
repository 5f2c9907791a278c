"""Cross-entropy of logits that are seen from the label: those of rarer classes are lowered, those of classes that are
taken for the label are raised.
"""

from __future__ import annotations

from ..scalar import log
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
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
)
from .log_sums import largest_of, odds_share, scale_terms, soft, terms_below

# The places of sizes, arrays and parameters in the declaration.
CLASSES = 0
PRED = 0
TARGET = 1
COUNTS = 2
MITIGATION = 0
COMPENSATION = 1
LEAST = 2


@apart
def log_counts(counts: Reals, n: Int, logs: Reals) -> Int:
    """Logarithms of counts, of which none is below 1."""
    for j in range(n):
        logs[j] = log(counts[j] if counts[j] > 1.0 else 1.0)
    return 0


@apart
def widened(z: Reals, n: Int, d: Doubles) -> Int:
    """n logits in float64."""
    for j in range(n):
        d[j] = double(z[j])
    return 0


@apart
def lower_rare(logs: Reals, n: Int, own: Double, power: Double, d: Doubles) -> Int:
    """Take what is lacking to the count of the label off the logits of rarer classes."""
    for j in range(n):
        less = double(logs[j]) - own
        d[j] = d[j] + (power * less if less < double(0.0) else double(0.0))
    return 0


@apart
def raise_higher(z: Reals, n: Int, own: Double, power: Double, d: Doubles) -> Int:
    """Add to the logits of classes above the label's by how much they are."""
    for j in range(n):
        more = double(z[j]) - own
        d[j] = d[j] + (power * more if more > double(0.0) else double(0.0))
    return 0


@noinline
def seen_from(e: Examples, z: Reals, own: Int, x: Reals, logs: Reals, d: Doubles) -> Int:
    """The logits as the label sees them."""
    n = e.sizes[CLASSES]
    widened(z, n, d)
    if e.params[COMPENSATION] > double(0.0):
        top = largest_of(d, n)
        least = (top + double_log(terms_below(d, n, top, x))) + double_log(e.params[LEAST])
        mine = double(z[own])
        raise_higher(z, n, mine if mine > least else least, e.params[COMPENSATION], d)
    if e.inputs[COUNTS] != 0:
        lower_rare(logs, n, double(logs[own]), e.params[MITIGATION], d)
    return 0


@noinline
def one_seesaw(e: Examples, i: Int, logs: Reals) -> Int:
    """The loss of an example, and its gradient, in which factors are held constant."""
    n = e.sizes[CLASSES]
    z = offset(reals(e.inputs[PRED]), i * n)
    own = ints(e.inputs[TARGET])[i]
    d = doubles(e.doubles)
    x = reals(e.reals)
    if n == 1:
        # nothing else could be
        doubles(e.losses)[i] = double(z[0] - z[0])
        if e.mode > 0:
            alone = reals(e.slopes[0])
            alone[i] = 0.0
        return 0
    seen_from(e, z, own, x, logs, d)
    # a NaN of the label is one of the loss
    d[own] = double(-1e999)
    top = largest_of(d, n)
    others = terms_below(d, n, top, x)
    far = (top - double(z[own])) + double_log(others)
    doubles(e.losses)[i] = soft(far)
    if e.mode > 0:
        u = odds_share(far)
        g = offset(reals(e.slopes[0]), i * n)
        scale_terms(x, n, u / others, g)
        g[own] = real(double(0.0) - u)
    return 0


def seesaw_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples."""
    classes = e.sizes[CLASSES]
    logs = offset(reals(e.reals), classes)
    if e.inputs[COUNTS] != 0:
        log_counts(reals(e.inputs[COUNTS]), classes, logs)
    for i in range(n):
        one_seesaw(e, i, logs)
    return 0
