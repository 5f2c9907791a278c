"""Gradients and curvatures of rows of scores, from the measures of a row."""

from __future__ import annotations

from .codes import CURVATURE, GRADIENT, LABELS, LOGITS, OF_LABEL, PROBABILITIES
from .headers import Pull, Row, Rowwise
from .language import Double, Int, Real, Reals, double, noinline, offset, real, stack_doubles, stack_reals
from .rowwise_law import law_curvature, other_terms
from .rowwise_parts import (
    clear_row,
    clear_slopes,
    exponentials,
    load_row,
    load_row_slopes,
    load_target,
    scores_of,
    target_of,
)
from .sums import add_tile, clear, fold, tile_length


def dense_target(c: Rowwise) -> Int:
    """Whether every class may have a target."""
    return 1 if c.target_kind != LABELS or c.smoothing > double(0.0) else 0


def label_slope(label: Int, q: Double, s: Row, pull: Pull) -> Real:
    """Gradient at the label: p - 1 there is minus the sum of the other probabilities."""
    total = s.pivot_term + s.others
    others = other_terms(s, label)
    own = pull.own
    return real(((pull.coefficient - own) * s.label_term - own * others) / total - (q - own))


def by_law(c: Rowwise) -> Int:
    """Whether the loss is a law of the label's cross-entropy: another law is of each class."""
    return 1 if c.tile != 0 and c.law_kind == OF_LABEL else 0


@noinline
def targets_beside(c: Rowwise, at: Int, pivot: Int, q: Reals) -> Double:
    """The sum of the targets of all classes but one."""
    lanes = stack_doubles(32)
    clear(lanes)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        load_target(c, at, -1, first, n, q)
        if pivot >= first and pivot < first + n:
            q[pivot - first] = 0.0
        add_tile(q, n, lanes)
        first = first + n
    return fold(lanes)


def is_sure(c: Rowwise, s: Row) -> Int:
    """Whether one class has more than half of the probability, and its target is not known from a label."""
    return 1 if c.target_kind != LABELS and c.score_kind == LOGITS and s.others < s.pivot_term else 0


def pivot_slope(s: Row, pull: Pull) -> Real:
    """Gradient at the largest score, where p - q may be nothing: what its probability lacks, and all other targets."""
    lacks = pull.coefficient * s.others / (s.pivot_term + s.others)
    return real(s.beside + ((pull.coefficient - s.targets) - lacks))


@noinline
def row_probabilities(c: Rowwise, x: Reals, label: Int, first: Int, n: Int, s: Row, p: Reals) -> Int:
    """Probabilities of n classes from `first` of a measured row, 0 if its scores are none of a softmax."""
    z = stack_reals(512)
    if c.score_kind == LOGITS:
        inverse = real(double(1.0) / (s.pivot_term + s.others))
        load_row(c, x, label, first, n, z)
        exponentials(z, n, real(s.base), real(s.shift), p)
        for i in range(n):
            p[i] = p[i] * inverse
    else:
        clear_row(n, 1, p)
    return 0


@noinline
def score_slopes(
    c: Rowwise, x: Reals, at: Int, label: Int, first: Int, n: Int, s: Row, pull: Pull, z: Reals, p: Reals
) -> Int:
    """Slopes of a row with respect to n scores from `first`, in z, and the probabilities there."""
    q = stack_reals(512)
    coefficient = real(pull.coefficient)
    clear_row(n, 1, q)
    row_probabilities(c, x, label, first, n, s, p)
    if dense_target(c) == 1:
        load_target(c, at, label, first, n, q)
    elif label >= first and label < first + n:
        q[label - first] = real(pull.own)
    for i in range(n):
        z[i] = coefficient * p[i] - q[i]
    if c.target_kind == LABELS and c.score_kind == LOGITS and label >= first and label < first + n:
        z[label - first] = label_slope(label, double(q[label - first]), s, pull)
    if is_sure(c, s) == 1 and s.pivot >= first and s.pivot < first + n:
        z[s.pivot - first] = pivot_slope(s, pull)
    return 0


@noinline
def score_curvatures(c: Rowwise, label: Int, first: Int, n: Int, s: Row, pull: Pull, p: Reals) -> Int:
    """Diagonal curvature with respect to n scores from `first` in place of their probabilities."""
    if by_law(c) == 1:
        law_curvature(c, first, n, label, s, pull, p)
    else:
        total = s.pivot_term + s.others
        left = real(s.others / total) if c.score_kind == LOGITS else real(double(0.0))
        curvature_tile(c, n, s.pivot - first, left, real(pull.coefficient), real(double(2.0) * pull.z_weight), p)
    return 0


@noinline
def row_slopes(c: Rowwise, x: Reals, at: Int, label: Int, s: Row, pull: Pull, factor: Real, g: Reals, h: Reals) -> Int:
    """Gradient and curvature of a row, times a factor."""
    z = stack_reals(512)
    p = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        score_slopes(c, x, at, label, first, n, s, pull, z, p)
        if c.mode == CURVATURE:
            score_curvatures(c, label, first, n, s, pull, p)
        load_row_slopes(c, x, label, first, n, slopes, bends)
        write_row_slopes(c, x, first, n, factor, slopes, bends, z, p, g, h)
        first = first + n
    return 0


def over_probability(step: Real, p: Real, eps: Real) -> Real:
    """A slope with respect to log p taken to p: nothing where there is none, or below what p is clipped to."""
    return step / p if step != 0.0 and not p < eps else 0.0


@noinline
def over_probabilities(x: Reals, stride: Int, n: Int, eps: Real, z: Reals, h: Reals) -> Int:
    """Slopes z with respect to the logarithms of n probabilities taken to these, and their curvatures: -z / p^2."""
    for i in range(n):
        p = x[i * stride]
        z[i] = over_probability(z[i], p, eps)
        h[i] = over_probability(-z[i], p, eps)
    return 0


@noinline
def write_row_slopes(
    c: Rowwise,
    x: Reals,
    first: Int,
    n: Int,
    factor: Real,
    slopes: Reals,
    bends: Reals,
    z: Reals,
    p: Reals,
    g: Reals,
    h: Reals,
) -> Int:
    """Slopes and curvatures with respect to n scores from `first`, in z and p, taken to the predictions and written.

    What the header says is read before the loops, which have no vectors where they might overwrite it.
    """
    low = real(c.least) if c.bound == 1 else real(-1e999)
    if c.score_kind == PROBABILITIES:
        for i in range(n):
            z[i] = z[i] * factor
        steps = c.pred_steps.classes
        over_probabilities(offset(x, first * steps), steps, n, real(c.eps), z, p)
        if c.bound == 1:
            low = low * factor
            for i in range(n):
                p[i] = low if p[i] < low else p[i]
    else:
        if c.mode == CURVATURE:
            lowest = real(0.0) if c.bound == 1 else low
            for i in range(n):
                bent = z[i] * bends[i]
                bend = p[i] * slopes[i] * slopes[i] + (lowest if bent < lowest else bent)
                p[i] = (low if bend < low else bend) * factor
        for i in range(n):
            z[i] = z[i] * slopes[i] * factor
    if c.mode == CURVATURE:
        steps = c.curvature_steps.classes
        for i in range(n):
            h[(first + i) * steps] = p[i]
    steps = c.gradient_steps.classes
    for i in range(n):
        g[(first + i) * steps] = z[i]
    return 0


def has_plain_slopes(c: Rowwise) -> Int:
    """Whether a gradient alone is wanted, of logits as they are, for targets of all classes."""
    plain = c.score_kind == LOGITS and c.softcap <= double(0.0) and c.law_kind == OF_LABEL and c.tile == 0
    return 1 if plain and c.mode == GRADIENT and dense_target(c) == 1 else 0


@noinline
def plain_slopes(
    c: Rowwise,
    x: Reals,
    at: Int,
    label: Int,
    s: Row,
    pull: Pull,
    factor: Real,
    kept: Int,
    known: Int,
    q: Reals,
    g: Reals,
) -> Int:
    """Gradient of a row of logits, times a factor. kept: its terms are in g, known: all of its targets in q."""
    z = stack_reals(512)
    e = stack_reals(512)
    coefficient = real(pull.coefficient / (s.pivot_term + s.others)) * factor
    steps = c.gradient_steps.classes
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        target = q if known == 1 else target_of(c, at, label, first, n, q)
        if kept == 1:
            terms = offset(g, first)
            for i in range(n):
                terms[i] = coefficient * terms[i] - target[i] * factor
        else:
            exponentials(scores_of(c, x, label, first, n, z), n, real(s.base), real(s.shift), e)
            terms = offset(g, first * steps)
            for i in range(n):
                terms[i * steps] = coefficient * e[i] - target[i] * factor
        if label >= first and label < first + n:
            g[label * steps] = label_slope(label, double(target[label - first]), s, pull) * factor
        first = first + n
    if is_sure(c, s) == 1:
        g[s.pivot * steps] = pivot_slope(s, pull) * factor
    return 0


def bounded(c: Rowwise, value: Real) -> Real:
    """At least the least curvature, if a bound was asked for."""
    if c.bound == 1 and value < real(c.least):
        return real(c.least)
    return value


def score_curvature(c: Rowwise, p: Real, left: Real, coefficient: Real, twice: Real) -> Real:
    """Curvature of a loss with respect to a score whose probability leaves `left`.

    coefficient: that of probabilities in the gradient; twice: the z-loss's weight in it.
    """
    if c.score_kind == PROBABILITIES:
        return 0.0  # -q log p: all curvature is in the bend of the score
    if c.bound == 1:
        # diag(p) - p p^T is at most twice its diagonal, or 0 if its coefficient is negative; p p^T is at most diag(p)
        upward = coefficient if coefficient > 0.0 else 0.0
        return 2.0 * upward * p * left + twice * p
    return coefficient * p * left + twice * p * p


@noinline
def curvature_tile(c: Rowwise, n: Int, pivot: Int, rest: Real, coefficient: Real, twice: Real, p: Reals) -> Int:
    """Diagonal curvature with respect to the scores in place of their probabilities."""
    for i in range(n):
        left = rest if i == pivot else 1.0 - p[i]
        p[i] = score_curvature(c, p[i], left, coefficient, twice)
    return 0


def no_slopes(c: Rowwise, weight: Double, g: Reals, h: Reals) -> Int:
    """Exact zeros in the gradient of a row, and in its curvature the least of a bound, times its weight."""
    clear_slopes(c, g, h)
    if c.mode == CURVATURE and c.bound == 1:
        steps = c.curvature_steps.classes
        for j in range(c.classes):
            h[j * steps] = real(c.least) * real(weight * c.scale)
    return 0
