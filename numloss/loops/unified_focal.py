"""An asymmetric focal cross-entropy of pixels, and asymmetric focal Tversky losses of a region and of its background.

What pixels have in common with either side, and what they miss, are sums whose terms are not negative.
"""

from __future__ import annotations

from ..scalar import decay, decay_of_product, log1p, minimum
from .crps_ensemble import score
from .headers import Examples, Result
from .image_variation import sum_of_row
from .language import (
    Double,
    Int,
    Real,
    Reals,
    apart,
    double,
    double_exp,
    double_log,
    doubles,
    noinline,
    offset,
    real,
    reals,
)
from .sums import sixteens

# The places of sizes, arrays and parameters in the declaration.
ROWS = 0
COLUMNS = 1
PRED = 0
TARGET = 1
DELTA = 0
GAMMA = 1
SHARE = 2
SMOOTH = 3


@apart
def focal_pixels(
    x: Reals,
    t: Reals,
    n: Int,
    delta: Real,
    other: Real,
    gamma: Real,
    p: Reals,
    q: Reals,
    u: Reals,
    cost: Reals,
    by: Reals,
) -> Int:
    """Probabilities, what is missing to 1 of them and of the target, cross-entropies and their slopes by logits."""
    for i in range(n):
        positive = x[i] > 0.0
        e = decay(x[i])
        near = log1p(e)
        whole = 1.0 + e
        p[i] = (1.0 if positive else e) / whole
        q[i] = (e if positive else 1.0) / whole
        u[i] = 1.0 - t[i]
        size = minimum(1e30, abs(x[i]))
        far = size + near
        lost = 0.0 if positive else near - (far - size)
        faded = decay_of_product(gamma, near if positive else far, lost)
        infinite = abs(x[i]) + near
        # what counts nothing is nothing, even if it is infinite
        wanted = delta * t[i]
        other_wanted = other * u[i]
        missed = wanted * (near if positive else infinite) if wanted > 0.0 else 0.0
        claimed = other_wanted * (faded * (infinite if positive else near)) if other_wanted > 0.0 else 0.0
        cost[i] = missed + claimed + (0.0 if x[i] == x[i] else x[i])
        rise = faded * (gamma * q[i] * (far if positive else near) + p[i])
        by[i] = other_wanted * rise - wanted * q[i]
    return 0


@apart
def add_region_slopes(
    t: Reals, u: Reals, p: Reals, q: Reals, by: Reals, n: Int, on: Real, off: Real, factor: Real, g: Reals
) -> Int:
    """The gradient: of regions by pixels that belong to them and those that do not, and of cross-entropies."""
    for i in range(n):
        g[i] = (t[i] * on + u[i] * off) * (p[i] * q[i]) + factor * by[i]
    return 0


@noinline
def one_unified(e: Examples, i: Int) -> Double:
    """The loss of a map; its gradient."""
    n = e.sizes[ROWS] * e.sizes[COLUMNS]
    delta = e.params[DELTA]
    other = double(1.0) - delta
    gamma = e.params[GAMMA]
    share = e.params[SHARE]
    smooth = e.params[SMOOTH]
    nothing = double(0.0)
    x = offset(reals(e.inputs[PRED]), i * n)
    t = offset(reals(e.inputs[TARGET]), i * n)
    p = reals(e.reals)
    q = offset(p, sixteens(n))
    u = offset(q, sixteens(n))
    cost = offset(u, sixteens(n))
    by = offset(cost, sixteens(n))
    focal_pixels(x, t, n, real(delta), real(other), real(gamma), p, q, u, cost, by)
    claimed = score(p, u, n)
    missed = score(q, t, n)
    inside = score(p, t, n) + smooth
    outside = score(q, u, n) + smooth
    # of the region and of the background: what is wrong, and how much there is
    wrong = delta * missed + other * claimed
    odd = delta * claimed + other * missed
    size = inside + wrong
    rest = outside + odd
    size = double(1.0) if size == nothing else size
    rest = double(1.0) if rest == nothing else rest
    loss = wrong / size
    background = odd / rest
    power = double(1.0) - gamma
    # a perfect region has the slope 0, which is among those of a minimum
    raised = loss if loss == nothing or gamma == nothing else double_exp(power * double_log(loss))
    rise = nothing if loss == nothing else power * raised / loss
    if e.mode > 0:
        half = double(0.5) * share
        by_wrong = rise * (inside / size / size)
        by_odd = outside / rest / rest
        on = half * (nothing - rise * loss / size - delta * by_wrong - other * by_odd)
        off = half * (other * by_wrong + delta * by_odd + background / rest)
        factor = real((double(1.0) - share) / double(n))
        g = offset(reals(e.slopes[0]), i * n)
        add_region_slopes(t, u, p, q, by, n, real(on), real(off), factor, g)
    found = double(0.5) * share * (raised + background)
    if share == double(1.0):
        return found
    return found + (double(1.0) - share) * (sum_of_row(cost, n) / double(n))


def unified_focal_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n maps."""
    for i in range(n):
        doubles(e.losses)[i] = one_unified(e, i)
    return 0
