"""Laws of a row: the loss of a label as a function of its cross-entropy, its probability, and that of the others.

With the cross-entropy l = -log p of the label, a law is (l, p, 1 - p, parameters) -> value, slope and curvature with
respect to l, whose own slope with respect to a score is v = probability - 1 at the label and the probability elsewhere.
So the gradient is slope * v, and the diagonal of the curvature is slope * probability * (1 - probability) +
curvature * v^2. The header of a problem is in rowwise.py.
"""

from __future__ import annotations

from ..scalar import log1p
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Reals,
    address,
    apart,
    array_data,
    double,
    double_log1p,
    offset,
    real,
    reals,
    stack_ints,
    stack_reals,
)
from .rowwise_parts import call_law, class_weight_of


@apart
def rests_of_labels(n: Int, s: Doubles, ratio: Reals) -> Int:
    """What is added to the distance of n <= 512 labels from their tops, columns of s as in `settle`.

    A label near the top keeps its digits through log1p of others / own; one far below adds its distance.
    """
    for i in range(n):
        near = s[2048 + i] >= s[i] - double(1.0)
        rest = s[1536 + i] / s[1024 + i] if near else (s[1024 + i] + s[1536 + i]) - double(1.0)
        ratio[i] = real(rest)
    for i in range(n):
        ratio[i] = log1p(ratio[i])
    return 0


@apart
def apply_law(c: Ints, f: Doubles, n: Int, at: Reals, found: Reals) -> Int:
    """The law of n <= 512 labels: columns of 512 cross-entropies, probabilities and those of the others, to values,
    slopes and curvatures."""
    pointers = stack_ints(8)
    for k in range(3):
        pointers[k] = address(offset(at, 512 * k))
        pointers[3 + k] = address(offset(found, 512 * k))
    call_law(c, f, pointers, n)
    return 0


def factor_of(c: Ints, label: Int) -> Double:
    """What the loss of a label is multiplied by, which its row does not count with."""
    if c[10] == 0:
        return double(1.0)
    factors = reals(array_data(c[10]))
    return double(factors[label])


@apart
def settle_law(
    c: Ints,
    f: Doubles,
    n: Int,
    labels: Ints,
    s: Doubles,
    weights: Doubles,
    values: Doubles,
    coefficients: Reals,
    own: Reals,
) -> Int:
    """`settle` for a law."""
    at = stack_reals(1536)
    found = stack_reals(1536)
    rests_of_labels(n, s, at)
    for i in range(n):
        near = s[2048 + i] >= s[i] - double(1.0)
        total = s[1024 + i] + s[1536 + i]
        at[i] = real(double(at[i]) + (double(0.0) if near else s[512 + i] - s[2048 + i]))
        at[512 + i] = real(s[1024 + i] / total)
        at[1024 + i] = real(s[1536 + i] / total)
    apply_law(c, f, n, at, found)
    for i in range(n):
        weight = weights[i] * factor_of(c, labels[i])
        values[i] = weight * double(found[i])
    if c[8] > 0:
        for i in range(n):
            factor = weights[i] * factor_of(c, labels[i]) * double(found[512 + i]) * f[0]
            pull = factor / (s[1024 + i] + s[1536 + i])
            coefficients[i] = real(pull)
            own[i] = -real(pull * s[1536 + i])
    return 0


@apart
def law_value(c: Ints, f: Doubles, label: Int, pivot: Int, s: Doubles) -> Double:
    """Loss of one measured row; s[11], s[12] and s[15] become what `row_slopes` needs."""
    at = stack_reals(1536)
    found = stack_reals(1536)
    weight = class_weight_of(c, label) * factor_of(c, label)
    total = s[3] + s[4]
    others = s[4] if label == pivot else (s[4] - s[9]) + s[3]
    at[0] = real(double_log1p(s[4] / s[3]) + (s[0] - s[8]))
    at[512] = real(s[9] / total)
    at[1024] = real(others / total)
    apply_law(c, f, 1, at, found)
    if c[8] > 0:
        s[11] = weight * double(found[512])
        s[12] = s[11]
    if c[8] > 1:
        s[15] = weight * double(found[1024])
    return weight * double(found[0])


@apart
def law_curvature(c: Ints, n: Int, label: Int, pivot: Int, s: Doubles, p: Reals) -> Int:
    """Diagonal curvature of n classes with respect to the scores in place of their probabilities; s as in `row_slopes`.

    The bound adds up the rows of |slope| (diag(p) - p p^T) and of v v^T, where the law's curvature is positive.
    """
    total = s[3] + s[4]
    left = real(s[4] / total)
    label_rest = real((s[4] if label == pivot else (s[4] - s[9]) + s[3]) / total)
    slope = real(s[11])
    bend = real(s[15])
    upward = 2.0 * bend * label_rest if bend > 0.0 else 0.0
    for i in range(n):
        rest = left if i == pivot else 1.0 - p[i]
        v = label_rest if i == label else p[i]
        p[i] = 2.0 * abs(slope) * p[i] * rest + upward * v if c[20] == 1 else slope * p[i] * rest + bend * v * v
    return 0
