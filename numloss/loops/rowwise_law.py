"""Laws of a row: the loss of a label as a function of its cross-entropy, its probability, and that of the others.

With the cross-entropy l = -log p of the label, a law is (l, p, 1 - p, parameters) -> value, slope and curvature with
respect to l, the curvature times 1 - p. The slope of l with respect to a score is v = probability - 1 at the label and
the probability elsewhere. So the gradient is slope * v, and the diagonal of the curvature is slope * probability *
(1 - probability) + curvature * v^2, where v is at most 1 - p: of a sure label the curvature alone may overflow.
"""

from __future__ import annotations

from ..scalar import log1p
from .codes import CURVATURE, GRADIENT
from .headers import Measures, Pull, Row, Rowwise
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    address,
    double,
    double_log1p,
    noinline,
    offset,
    real,
    stack_ints,
    stack_reals,
)
from .rowwise_parts import call_law, class_weight_of, factor_of


@noinline
def rests_of_labels(n: Int, s: Measures, ratio: Reals) -> Int:
    """What is added to the distance of n <= 512 labels from their tops.

    A label near the top keeps its digits through log1p of others / own; one far below adds its distance.
    """
    for i in range(n):
        near = s.label_score[i] >= s.top[i] - double(1.0)
        rest = s.others[i] / s.label_term[i] if near else (s.label_term[i] + s.others[i]) - double(1.0)
        ratio[i] = real(rest)
    for i in range(n):
        ratio[i] = log1p(ratio[i])
    return 0


@noinline
def apply_law(c: Rowwise, n: Int, at: Reals, found: Reals) -> Int:
    """The law of n <= 512 labels: columns of 512 cross-entropies, probabilities and those of the others, to values,
    slopes and curvatures."""
    pointers = stack_ints(8)
    for k in range(3):
        pointers[k] = address(offset(at, 512 * k))
        pointers[3 + k] = address(offset(found, 512 * k))
    call_law(c, pointers, n)
    return 0


@noinline
def settle_law(
    c: Rowwise, n: Int, s: Measures, weights: Doubles, values: Doubles, coefficients: Reals, own: Reals, bent: Reals
) -> Int:
    """`settle` for a law."""
    at = stack_reals(1536)
    found = stack_reals(1536)
    rests_of_labels(n, s, at)
    for i in range(n):
        near = s.label_score[i] >= s.top[i] - double(1.0)
        total = s.label_term[i] + s.others[i]
        at[i] = real(double(at[i]) + (double(0.0) if near else s.taken[i] - s.label_score[i]))
        at[512 + i] = real(s.label_term[i] / total)
        at[1024 + i] = real(s.others[i] / total)
    apply_law(c, n, at, found)
    for i in range(n):
        values[i] = weights[i] * double(found[i])
    if c.mode >= GRADIENT:
        for i in range(n):
            factor = weights[i] * double(found[512 + i]) * c.scale
            pull = factor / (s.label_term[i] + s.others[i])
            coefficients[i] = real(pull)
            own[i] = -real(pull * s.others[i])
    if c.mode == CURVATURE:
        for i in range(n):
            bent[i] = found[512 + i]
            bent[512 + i] = found[1024 + i]
    return 0


def other_terms(s: Row, label: Int) -> Double:
    """The terms of all classes but the label."""
    return s.others if label == s.pivot else (s.others - s.label_term) + s.pivot_term


def nll_of(s: Row) -> Double:
    """The cross-entropy of the label of a measured row."""
    return double_log1p(s.others / s.pivot_term) + (s.top - s.label_score)


@noinline
def law_value(c: Rowwise, label: Int, s: Row, pull: Pull) -> Double:
    """Loss of one measured row, and what its gradient and curvature need."""
    at = stack_reals(1536)
    found = stack_reals(1536)
    weight = class_weight_of(c, label) * factor_of(c, label)
    total = s.pivot_term + s.others
    at[0] = real(nll_of(s))
    at[512] = real(s.label_term / total)
    at[1024] = real(other_terms(s, label) / total)
    apply_law(c, 1, at, found)
    pull.z_weight = double(0.0)
    if c.mode >= GRADIENT:
        pull.coefficient = weight * double(found[512])
        pull.own = pull.coefficient
    if c.mode == CURVATURE:
        pull.bend = weight * double(found[1024])
    return weight * double(found[0])


def law_bend(c: Rowwise, p: Real, rest: Real, v: Real, label_rest: Real, slope: Real, bend: Real) -> Real:
    """Curvature with respect to the score of a class with the probability p, which leaves the rest.

    The bound adds up the rows of |slope| (diag(p) - p p^T) and of v v^T, where the law's curvature is positive.
    """
    upward = 2.0 * bend if bend > 0.0 else 0.0
    share = v / label_rest if label_rest > 0.0 else 0.0
    return 2.0 * abs(slope) * p * rest + upward * v if c.bound == 1 else slope * p * rest + bend * share * v


@noinline
def law_curvature(c: Rowwise, first: Int, n: Int, label: Int, s: Row, pull: Pull, p: Reals) -> Int:
    """Diagonal curvature of n classes from `first` with respect to the scores in place of their probabilities."""
    total = s.pivot_term + s.others
    left = real(s.others / total)
    label_rest = real(other_terms(s, label) / total)
    slope = real(pull.coefficient)
    bend = real(pull.bend)
    pivot = s.pivot - first
    place = label - first
    for i in range(n):
        rest = left if i == pivot else 1.0 - p[i]
        v = label_rest if i == place else p[i]
        p[i] = law_bend(c, p[i], rest, v, label_rest, slope, bend)
    return 0
