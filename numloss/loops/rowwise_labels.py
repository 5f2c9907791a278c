"""What the fast designs of the rowwise family share, for logits with labels: short rows, long rows, and pixels.

The term of the label is left out of the sum of a row, and `settle` turns the statistics of up to 512 rows into losses
and coefficients.
"""

from __future__ import annotations

from ..scalar import round_shift
from .codes import CURVATURE
from .headers import Measures, Result, Rowwise
from .language import Doubles, Int, Ints, Reals, double, integer, noinline, real, stack_doubles, stack_reals
from .rowwise_bends import settle_bends
from .rowwise_law import rests_of_labels, settle_law
from .rowwise_parts import add_losses, base_of, class_weight_of, factor_of, read_rows
from .sums import add_up


@noinline
def take_off(n: Int, top: Reals, score: Reals, base: Reals, shift: Reals, s: Measures) -> Int:
    """What is taken off the scores of n <= 512 rows, from their tops and the scores of their labels; whether any base
    is not 0."""
    large = 0
    for k in range(n):
        base[k] = base_of(top[k])
        shift[k] = round_shift(top[k] - base[k])
        large += integer(base[k] != 0.0)
    for k in range(n):
        s.top[k] = double(top[k])
        s.taken[k] = double(base[k]) + double(shift[k])
        s.label_score[k] = double(score[k])
    return 1 if large > 0 else 0


@noinline
def settle(
    c: Rowwise,
    n: Int,
    s: Measures,
    samples: Reals,
    weights: Doubles,
    values: Doubles,
    slopes: Reals,
    own: Reals,
    bent: Reals,
) -> Int:
    """Losses of n <= 512 rows, what their terms are multiplied by, and the slopes at their labels; and what curvatures
    are made of, see rowwise_bends.py."""
    if c.tile != 0:
        settle_law(c, n, s, weights, values, slopes, own, bent)
    else:
        settle_cross_entropy(c, n, s, weights, values, slopes, own, bent)
    if c.mode == CURVATURE:
        settle_bends(c, n, s, samples, weights, bent)
    return 0


@noinline
def settle_cross_entropy(
    c: Rowwise, n: Int, s: Measures, weights: Doubles, values: Doubles, coefficients: Reals, own: Reals, bent: Reals
) -> Int:
    """`settle` for the cross-entropy itself, with its z-loss."""
    ratio = stack_reals(512)
    rests_of_labels(n, s, ratio)
    zeta = c.zeta
    scale = c.scale
    for i in range(n):
        near = s.label_score[i] >= s.top[i] - double(1.0)
        value = double(ratio[i]) + (double(0.0) if near else s.taken[i] - s.label_score[i])
        # from the label's score only where that is the top: it may be -inf
        lse = double(ratio[i]) + (s.label_score[i] if near else s.taken[i])
        total = s.label_term[i] + s.others[i]
        pull = double(2.0) * zeta * lse
        factor = weights[i] * scale / total
        values[i] = weights[i] * (value + zeta * lse * lse)
        coefficients[i] = real(factor * (double(1.0) + pull))
        own[i] = real(factor * (pull * s.label_term[i] - s.others[i]))
    if c.mode == CURVATURE:
        for i in range(n):
            near = s.label_score[i] >= s.top[i] - double(1.0)
            lse = double(ratio[i]) + (s.label_score[i] if near else s.taken[i])
            bent[i] = real(double(1.0) + double(2.0) * zeta * lse)
            bent[512 + i] = real(double(2.0) * zeta)
    return 0


@noinline
def begin_rows(c: Rowwise, start: Int, n: Int, labels: Ints, weights: Reals, total: Doubles, partial: Result) -> Int:
    """Labels of n rows; what they count with, whose sum is added to partial.weight, and in `total` that times what
    their losses are multiplied by beside it."""
    read_rows(c, start, n, labels, weights, partial)
    counted = stack_doubles(512)
    for i in range(n):
        total[i] = double(weights[i])
    if c.class_weight != 0:
        for i in range(n):
            total[i] = total[i] * class_weight_of(c, labels[i])
    for i in range(n):
        counted[i] = total[i]
    partial.weight = partial.weight + add_up(counted, n)
    if c.factors != 0:
        for i in range(n):
            total[i] = total[i] * factor_of(c, labels[i])
    return 0


@noinline
def finish_rows(c: Rowwise, start: Int, n: Int, total: Doubles, values: Doubles, partial: Result) -> Int:
    """`add_losses` of n rows, of which one that is multiplied by 0 has loss 0, were it infinite."""
    for i in range(n):
        values[i] = values[i] if total[i] != double(0.0) else double(0.0)
    return add_losses(c, start, n, values, partial)
