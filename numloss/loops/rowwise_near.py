"""The divergence of two distributions that nearly agree, where the terms of its sum cancel.

With q the target, p the prediction, d = log q - log p and any number c, KL = log E[e^(c - d)] - E[c - d] over q. With
g(u) = e^u - 1 - u, which is never negative, that is log1p(E[g] + E[u]) - E[u] for u = c - d; where c is near E[d], the
mean of u is next to nothing. What p and q are multiplied by makes no difference to it.
"""

from __future__ import annotations

from .codes import DISTRIBUTION, LOG_PROBABILITIES, LOGITS
from .headers import Row, Rowwise
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    array_data,
    double,
    double_exp,
    double_exp_curve,
    double_log,
    double_log1p,
    noinline,
    real,
    stack_doubles,
    stack_reals,
)
from .operands import convert, item_size
from .rowwise_parts import exponentials, load_target, scores_of
from .sums import add_up, tile_length


def is_near(away: Double) -> Int:
    """Whether a divergence is so small that what rounding did to its terms shows."""
    return 1 if away < double(0.03125) else 0


def near_term(q: Double, p: Double, u: Double, grown: Double) -> Double:
    """q g(u) for u = c - log(q / p), where q e^u = grown * p: from a series, or where that is far from 1 by itself."""
    near = u * u < double(0.12)
    small = u if near else double(0.0)
    series = q * double_exp_curve(small)
    line = q * (double(1.0) + u) if q > double(0.0) else double(0.0)
    return series if near else grown * p - line


@noinline
def add_near(q: Reals, p: Reals, share: Double, part: Double, u: Doubles, n: Int, grown: Double, sums: Doubles) -> Int:
    """Add the terms of n classes with the targets q * share and the predictions p * part to the sums of q, of p, of
    q g(u) and of q u. The 512 numbers of u are overwritten."""
    terms = stack_doubles(512)
    for i in range(n):
        terms[i] = double(q[i]) * share
    sums[0] = sums[0] + add_up(terms, n)
    for i in range(n):
        terms[i] = double(p[i]) * part
    sums[1] = sums[1] + add_up(terms, n)
    for i in range(n):
        terms[i] = near_term(double(q[i]) * share, double(p[i]) * part, u[i], grown)
    sums[2] = sums[2] + add_up(terms, n)
    for i in range(n):
        u[i] = double(q[i]) * share * u[i] if q[i] > 0.0 else double(0.0)
    sums[3] = sums[3] + add_up(u, n)
    return 0


def near_value(targets: Double, curves: Double, means: Double) -> Double:
    """The divergence from the sums of q, q g(u) and q u; NaN stays NaN."""
    mean = means / targets
    found = double_log1p(curves / targets + mean) - mean
    return double(0.0) if found < double(0.0) else found


def sums_to_one(c: Rowwise, total: Double) -> Int:
    """Whether a sum is 1 but for what rounding did to its terms."""
    limit = double(1.9e-6) if c.itemsize == 4 else double(3.6e-15)
    return 1 if total >= double(1.0) - limit and total <= double(1.0) + limit else 0


@noinline
def near_kl(c: Rowwise, x: Reals, at: Int, s: Row, away: Double) -> Double:
    """`away`, the divergence of a measured row that is small, once more, if both are distributions."""
    z = stack_reals(512)
    q = stack_reals(512)
    p = stack_reals(512)
    given = stack_reals(512)
    u = stack_doubles(512)
    sums = stack_doubles(4)
    for k in range(4):
        sums[k] = double(0.0)
    lse = double(0.0)
    if c.score_kind == LOGITS:
        lse = s.top + double_log1p(s.others / s.pivot_term)
    part = double(1.0) / (s.pivot_term + s.others) if c.score_kind == LOGITS else double(1.0)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        scores = scores_of(c, x, -1, first, n, z)
        exponentials(scores, n, real(s.base), real(s.shift), p)
        load_target(c, at, -1, first, n, q)
        place = (at + first * c.target_steps.classes) * item_size(c.target.kind, c.itemsize)
        convert(array_data(c.target.array) + place, c.target.kind, c.target_steps.classes, n, given)
        if c.target_kind == DISTRIBUTION:
            for i in range(n):
                u[i] = double_log(double(given[i]))
        else:
            for i in range(n):
                u[i] = double(given[i])
        for i in range(n):
            u[i] = away - (u[i] - (double(scores[i]) - lse))
        add_near(q, p, double(1.0), part, u, n, double_exp(away), sums)
        first = first + n
    whole = sums_to_one(c, sums[0])
    if c.score_kind == LOG_PROBABILITIES:
        whole = whole * sums_to_one(c, sums[1])
    return near_value(sums[0], sums[2], sums[3]) if whole == 1 else away
