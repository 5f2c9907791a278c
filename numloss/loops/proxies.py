"""Vectors among proxies of their classes: proxy anchor over a batch, and proxy NCA vector by vector."""

from __future__ import annotations

from ..scalar import decay
from .crps_ensemble import score
from .directions import direction_of, directions_of, turn_to_vectors, turned_slopes
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
    double_exp,
    double_log,
    double_log1p,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
)
from .matrices import add_product, add_row_times, clear_reals, spread_double, transposed

# The places of sizes, arrays and parameters in the declaration of the batch, then of the vector.
BATCH = 0
FEATURES = 1
PROXIES = 2
ALPHA = 0
MARGIN = 1
LABEL = 2
OWN_ENTRIES = 0
OWN_PROXIES = 1
SCALE = 0
AMONG = 1


@noinline
def raise_tops(s: Reals, n: Int, own: Int, alpha: Real, margin: Real, tops: Reals, own_tops: Reals) -> Int:
    """The largest exponents of each proxy, of vectors that are its own and of others, and of a vector more."""
    pull = -alpha * (s[own] - margin)
    if not pull <= own_tops[own]:
        own_tops[own] = pull
    before = tops[own]
    for c in range(n):
        push = alpha * (s[c] + margin)
        tops[c] = tops[c] if push <= tops[c] else push
    tops[own] = before
    return 0


@apart
def powers_of_scores(s: Reals, n: Int, alpha: Real, margin: Real, tops: Reals) -> Int:
    """The powers of exponents less the largest."""
    for c in range(n):
        s[c] = decay(tops[c] - alpha * (s[c] + margin))
    return 0


@apart
def add_proxy_powers(s: Reals, n: Int, sums: Doubles) -> Int:
    """Add powers up, proxy by proxy."""
    for c in range(n):
        sums[c] = sums[c] + double(s[c])
    return 0


@noinline
def sum_powers(s: Reals, n: Int, own: Int, e: Examples, tops: Reals, own_tops: Reals, sums: Doubles) -> Int:
    """Powers of a vector take the place of its scores, and are added up, that of its own proxy by itself."""
    alpha = real(e.params[ALPHA])
    margin = real(e.params[MARGIN])
    pull = decay(own_tops[own] + alpha * (s[own] - margin))
    powers_of_scores(s, n, alpha, margin, tops)
    s[own] = 0.0
    add_proxy_powers(s, n, sums)
    s[own] = pull
    sums[n + own] = sums[n + own] + double(pull)
    return 0


@noinline
def logarithm_of(total: Double, top: Real) -> Double:
    """log(1 + sum exp) of a sum of powers less the top, which is not below 0."""
    if top == 0.0:
        return double_log1p(total)
    return double(top) + double_log(double_exp(-double(top)) + total)


@noinline
def proxy_logarithms(n: Int, tops: Reals, sums: Doubles, share: Double, factors: Reals) -> Double:
    """The logarithms of all proxies times a share, and what powers are multiplied by for their slopes."""
    total = double(0.0)
    for c in range(n):
        total = total + logarithm_of(sums[c], tops[c])
        factors[c] = real(share / (double_exp(-double(tops[c])) + sums[c]))
    return total * share


@apart
def multiply_reals(x: Reals, n: Int, y: Reals) -> Int:
    """Multiply n numbers by others."""
    for c in range(n):
        y[c] = y[c] * x[c]
    return 0


@noinline
def proxies_met(labels: Ints, rows: Int, n: Int, met: Doubles) -> Double:
    """How many proxies have a vector of theirs."""
    spread_double(met, n, double(0.0))
    for i in range(rows):
        met[labels[i]] = double(1.0)
    total = double(0.0)
    for c in range(n):
        total = total + met[c]
    return total


@noinline
def anchored_batch(e: Examples, k: Int) -> Double:
    """The loss of a batch; its gradients."""
    rows = e.sizes[BATCH]
    n = e.sizes[FEATURES]
    count = e.sizes[PROXIES]
    labels = offset(ints(e.inputs[LABEL]), k * rows)
    u = reals(e.reals)
    v = offset(u, rows * n)
    turned = offset(v, count * n)
    scores = offset(turned, count * n)
    tops = offset(scores, rows * count)
    own_tops = offset(tops, count)
    factors = offset(own_tops, count)
    sums = doubles(e.doubles)
    inverses = offset(sums, 2 * count)
    far_inverses = offset(inverses, rows)
    alpha = real(e.params[ALPHA])
    directions_of(offset(reals(e.inputs[0]), k * rows * n), rows, n, u, inverses)
    directions_of(reals(e.inputs[1]), count, n, v, far_inverses)
    transposed(v, count, n, turned)
    clear_reals(scores, rows * count)
    add_product(u, n, 1, turned, count, rows, n, count, scores, count)
    clear_reals(tops, 2 * count)
    for i in range(rows):
        raise_tops(offset(scores, i * count), count, labels[i], alpha, real(e.params[MARGIN]), tops, own_tops)
    met = proxies_met(labels, rows, count, sums)
    spread_double(sums, 2 * count, double(0.0))
    for i in range(rows):
        sum_powers(offset(scores, i * count), count, labels[i], e, tops, own_tops, sums)
    loss = proxy_logarithms(count, own_tops, offset(sums, count), double(1.0) / met, offset(factors, count))
    loss = loss + proxy_logarithms(count, tops, sums, double(1.0) / double(count), factors)
    if e.mode > 0:
        for i in range(rows):
            slopes = offset(scores, i * count)
            own = labels[i]
            pull = -alpha * (slopes[own] * factors[count + own])
            multiply_reals(factors, count, slopes)
            for c in range(count):
                slopes[c] = slopes[c] * alpha
            slopes[own] = pull
        g = offset(reals(e.slopes[0]), k * rows * n)
        h = reals(e.slopes[1])
        clear_reals(g, rows * n)
        clear_reals(h, count * n)
        add_product(scores, count, 1, v, n, rows, count, n, g, n)
        add_product(scores, 1, count, u, n, count, rows, n, h, n)
        turn_to_vectors(u, inverses, rows, n, g)
        turn_to_vectors(v, far_inverses, count, n, h)
    return loss


def proxy_anchor_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n batches."""
    for k in range(n):
        doubles(e.losses)[k] = anchored_batch(e, k)
    return 0


@noinline
def exponents_of(u: Reals, v: Reals, n: Int, count: Int, own: Int, scale: Double, cosines: Doubles, z: Reals) -> Int:
    """How much nearer a direction is to each proxy than to its own: squared distances, times a scale; its cosines."""
    for c in range(count):
        cosines[c] = score(u, offset(v, c * n), n)
    for c in range(count):
        z[c] = real(double(2.0) * scale * (cosines[c] - cosines[own]))
    return 0


@noinline
def largest_but_own(z: Reals, count: Int, own: Int, least: Real) -> Real:
    """The largest exponent but that of the own proxy, not below a least one."""
    top = least
    for c in range(count):
        if c != own and not z[c] <= top:
            top = z[c]
    return top


@apart
def proxy_slopes(u: Reals, v: Reals, n: Int, cosine: Double, factor: Double, h: Reals) -> Int:
    """Slopes by a proxy of its cosine with a direction, times a factor."""
    for j in range(n):
        h[j] = real(factor * (double(u[j]) - cosine * double(v[j])))
    return 0


@noinline
def pull_among(
    n: Int, count: Int, u: Reals, v: Reals, cosines: Doubles, inverses: Doubles, slopes: Reals, h: Reals, g: Reals
) -> Int:
    """Slopes of a direction and of all proxies from those of their cosines."""
    clear_reals(g, n)
    for c in range(count):
        add_row_times(slopes[c], offset(v, c * n), n, g)
        proxy_slopes(u, offset(v, c * n), n, cosines[c], double(slopes[c]) * inverses[c], offset(h, c * n))
    return 0


@noinline
def nearest_proxies(e: Examples, x: Reals, own: Int, v: Reals, inverses: Doubles, g: Reals) -> Double:
    """The loss of a vector; its gradients."""
    n = e.sizes[OWN_ENTRIES]
    count = e.sizes[OWN_PROXIES]
    u = offset(v, count * n)
    z = offset(u, n)
    all_of = 1 if e.params[AMONG] == double(1.0) else 0
    inverse = direction_of(x, n, u)
    cosines = offset(inverses, count)
    exponents_of(u, v, n, count, own, e.params[SCALE], cosines, z)
    lowest = real(-1e999)
    top = largest_but_own(z, count, own, 0.0 if all_of == 1 else lowest)
    total = double(0.0)
    for c in range(count):
        z[c] = 0.0 if c == own else decay(top - z[c])
        total = total + double(z[c])
    beside = double_exp(-double(top)) if all_of == 1 else double(0.0)
    loss = logarithm_of(total, top) if all_of == 1 else double(top) + double_log(total)
    if e.mode > 0:
        whole = double(2.0) * e.params[SCALE] / (total + beside)
        for c in range(count):
            z[c] = real(double(z[c]) * whole)
        z[own] = real(-total * whole)
        pull_among(n, count, u, v, cosines, inverses, z, reals(e.slopes[1]), g)
        turned_slopes(u, n, score(u, g, n), inverse, g)
    return loss


def proxy_nca_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n vectors."""
    size = e.sizes[OWN_ENTRIES]
    v = reals(e.reals)
    directions_of(reals(e.inputs[1]), e.sizes[OWN_PROXIES], size, v, doubles(e.doubles))
    for i in range(n):
        x = offset(reals(e.inputs[0]), i * size)
        g = offset(reals(e.slopes[0]), i * size)
        doubles(e.losses)[i] = nearest_proxies(e, x, ints(e.inputs[LABEL])[i], v, doubles(e.doubles), g)
    return 0
