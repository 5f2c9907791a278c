"""The rowwise family: cross-entropy of a row of scores with a label or a distribution.

With logits z and weighted targets q: loss = sum q (lse - z) + zeta * w * lse^2, where lse = log sum e^z. Scores may
also be log-probabilities or probabilities, where lse = 0. Of logits with labels, the loss may be a law of the label's
cross-entropy, its probability and that of the other classes (rowwise_law.py). Its header is Rowwise of headers/:
a row is outer * inner size + inner; operands over rows have the shape (outer, inner).

The designs: every option, row by row (this file); short rows, long rows and pixels (the files of these names) for
logits with labels. Confident rows keep their digits: the entry that dominates the sum, the pivot, is
left out of it, and log1p of the rest is the loss.
"""

from __future__ import annotations

from ..scalar import round_shift
from .codes import CURVATURE, GRADIENT, LABELS, LOGITS, OF_LABEL, PROBABILITIES
from .headers import Pull, Result, Row, Rowwise
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    double,
    double_log1p,
    noinline,
    offset,
    real,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .rowwise_law import law_curvature, law_value, other_terms
from .rowwise_parts import (
    add_losses,
    base_of,
    check_distribution,
    class_weight_of,
    clear_row,
    clear_rows,
    clear_slopes,
    curvature_at,
    exponentials,
    first_equal,
    gradient_at,
    load_row,
    load_row_slopes,
    load_scores,
    load_slopes,
    load_target,
    locate_row,
    read_rows,
    scores_at,
    scores_of,
    target_of,
    tile_maximum,
    weigh,
)
from .sums import add_tile, add_up, begin_block, block_stop, clear, fold, tile_length


def dense_target(c: Rowwise) -> Int:
    """Whether every class may have a target."""
    return 1 if c.target_kind != LABELS or c.smoothing > double(0.0) else 0


def find_pivot(c: Rowwise, x: Reals, label: Int, s: Row, z: Reals) -> Int:
    """The class to leave out of the sum, and the largest score, which it has."""
    top = real(-1e999)
    pivot = 0
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        scores = scores_of(c, x, label, first, n, z)
        peak = tile_maximum(scores, n)
        if peak > top:
            top = peak
            pivot = first + first_equal(scores, n, top)
        first = first + n
    s.pivot = pivot
    s.top = double(top)
    return 0


def measure_row(c: Rowwise, x: Reals, at: Int, label: Int, s: Row, z: Reals, q: Reals, kept: Int, g: Reals) -> Int:
    """The measures of a row. kept: the terms stay in g, where the gradient will be."""
    dense = dense_target(c)
    lanes = stack_doubles(32)
    sums = stack_doubles(96)
    clear(lanes)
    for k in range(96):
        sums[k] = double(0.0)
    s.pivot = 0
    s.top = double(0.0)
    s.pivot_term = double(0.0)
    s.label_score = double(0.0)
    s.label_term = double(0.0)
    if c.score_kind == LOGITS:
        find_pivot(c, x, label, s, z)
    pivot = s.pivot
    top = real(s.top)
    base = base_of(top)
    shift = round_shift(top - base)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        scores = scores_of(c, x, label, first, n, z)
        if dense == 1:
            weigh(target_of(c, at, label, first, n, q), scores, n, top, c.entropy, sums)
        if label >= first and label < first + n:
            s.label_score = double(scores[label - first])
        if c.score_kind == LOGITS:
            terms = offset(g, first) if kept == 1 else q
            exponentials(scores, n, base, shift, terms)
            if label >= first and label < first + n:
                s.label_term = double(terms[label - first])
            inside = 1 if pivot >= first and pivot < first + n else 0
            if inside == 1:
                s.pivot_term = double(terms[pivot - first])
                terms[pivot - first] = 0.0
            add_tile(terms, n, lanes)
            if inside == 1:
                terms[pivot - first] = real(s.pivot_term)
        first = first + n
    s.base = double(base)
    s.shift = double(shift)
    s.others = fold(lanes)
    s.targets = fold(sums)
    s.cross = fold(offset(sums, 32))
    s.entropy = fold(offset(sums, 64))
    return 0


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
def row_slopes(
    c: Rowwise, x: Reals, at: Int, label: Int, s: Row, pull: Pull, factor: Real, g: Reals, h: Reals
) -> Int:
    """Gradient and curvature of a row, times a factor."""
    z = stack_reals(512)
    p = stack_reals(512)
    q = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    total = s.pivot_term + s.others
    logits = c.score_kind == LOGITS
    inverse = real(double(1.0) / total) if logits else real(double(0.0))
    left = real(s.others / total) if logits else real(double(0.0))
    coefficient = real(pull.coefficient)
    twice = real(double(2.0) * pull.z_weight)
    dense = dense_target(c)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        load_row(c, x, label, first, n, z)
        load_row_slopes(c, x, label, first, n, slopes, bends)
        exponentials(z, n, real(s.base), real(s.shift), p)
        for i in range(n):
            p[i] = p[i] * inverse if logits else 0.0
            q[i] = 0.0
        if dense == 1:
            load_target(c, at, label, first, n, q)
        elif label >= first and label < first + n:
            q[label - first] = real(pull.own)
        for i in range(n):
            z[i] = coefficient * p[i] - q[i]
        if c.target_kind == LABELS and logits and label >= first and label < first + n:
            z[label - first] = label_slope(label, double(q[label - first]), s, pull)
        if c.mode == CURVATURE:
            if by_law(c) == 1:
                law_curvature(c, first, n, label, s, pull, p)
            else:
                curvature_tile(c, n, s.pivot - first, left, coefficient, twice, p)
            steps = c.curvature_steps.classes
            for i in range(n):
                bent = z[i] * bends[i]
                if c.bound == 1 and bent < 0.0:
                    bent = 0.0
                h[(first + i) * steps] = bounded(c, p[i] * slopes[i] * slopes[i] + bent) * factor
        steps = c.gradient_steps.classes
        for i in range(n):
            g[(first + i) * steps] = z[i] * slopes[i] * factor
        first = first + n
    return 0


@noinline
def plain_slopes(c: Rowwise, at: Int, label: Int, s: Row, pull: Pull, factor: Real, g: Reals) -> Int:
    """Gradient of a row of logits whose terms were kept in g, times a factor."""
    q = stack_reals(512)
    coefficient = real(pull.coefficient / (s.pivot_term + s.others)) * factor
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        target = target_of(c, at, label, first, n, q)
        for i in range(n):
            g[first + i] = coefficient * g[first + i] - target[i] * factor
        if label >= first and label < first + n:
            g[label] = label_slope(label, double(target[label - first]), s, pull) * factor
        first = first + n
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
    own = 2.0 * coefficient * p * left if c.bound == 1 else coefficient * p * left
    return own + twice * p * p


@noinline
def curvature_tile(c: Rowwise, n: Int, pivot: Int, rest: Real, coefficient: Real, twice: Real, p: Reals) -> Int:
    """Diagonal curvature with respect to the scores in place of their probabilities."""
    for i in range(n):
        left = rest if i == pivot else 1.0 - p[i]
        p[i] = score_curvature(c, p[i], left, coefficient, twice)
    return 0


def own_target(c: Rowwise, label: Int) -> Double:
    """The target of a label, times its class weight."""
    return (double(1.0) - c.smoothing) * class_weight_of(c, label) if c.target_kind == LABELS else double(0.0)


def z_weight_of(c: Rowwise, label: Int, targets: Double) -> Double:
    """The z-loss times the weight of a row."""
    return c.zeta * (class_weight_of(c, label) if c.target_kind == LABELS else targets)


def cross_entropy_of(s: Row, targets: Double, cross: Double, rest: Double, z_weight: Double) -> Double:
    """Loss of a row of logits, where log sum e^z is the rest more than the top."""
    lse = s.top + rest
    return targets * rest + cross + s.entropy + z_weight * lse * lse


def row_value(c: Rowwise, label: Int, s: Row, pull: Pull) -> Double:
    """Loss of a measured row before the sample's weight, and what its gradient needs."""
    dense = dense_target(c)
    pull.own = own_target(c, label)
    targets = s.targets if dense == 1 else pull.own
    cross = s.cross if dense == 1 else pull.own * (s.top - s.label_score)
    pull.coefficient = double(0.0)
    pull.z_weight = double(0.0)
    if c.score_kind != LOGITS:
        return cross + s.entropy
    rest = double_log1p(s.others / s.pivot_term)
    pull.z_weight = z_weight_of(c, label, targets)
    pull.coefficient = targets + double(2.0) * pull.z_weight * (s.top + rest)
    return cross_entropy_of(s, targets, cross, rest, pull.z_weight)


@noinline
def label_rows(
    c: Rowwise, start: Int, n: Int, labels: Ints, weights: Reals, losses: Doubles, counts: Doubles
) -> Int:
    """Losses and gradients of rows of (log-)probabilities with labels: one entry of a row is all there is."""
    entries = stack_reals(512)
    z = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    cap = real(c.softcap)
    eps = real(c.eps)
    x = scores_at(c, 0)
    for i in range(n):
        entries[i] = x[locate_row(c, start + i, c.pred_steps) + labels[i] * c.pred_steps.classes]
    load_scores(entries, 1, n, c.score_kind, cap, eps, z)
    for i in range(n):
        counts[i] = double(weights[i]) * class_weight_of(c, labels[i])
        losses[i] = double(0.0) - counts[i] * double(z[i]) if weights[i] > 0.0 else double(0.0)
    if c.mode >= GRADIENT:
        load_slopes(entries, 1, n, c.score_kind, cap, eps, slopes, bends)
        steps = c.gradient_steps.classes
        g = gradient_at(c, 0)
        if c.inner == 1:
            clear_rows(n, c.gradient_steps.outer, c.classes, steps, gradient_at(c, start))
        else:
            for i in range(n):
                clear_row(c.classes, steps, gradient_at(c, start + i))
        for i in range(n):
            if weights[i] > 0.0:
                at = locate_row(c, start + i, c.gradient_steps) + labels[i] * steps
                g[at] = -real(counts[i] * c.scale) * slopes[i]
    return 0


@noinline
def any_row(
    c: Rowwise, row: Int, label: Int, weight: Double, kept: Int, s: Row, z: Reals, q: Reals
) -> Double:
    """Loss of a row; its gradient and curvature, times its weight, are written."""
    at = locate_row(c, row, c.target_steps)
    x = scores_at(c, row)
    g = gradient_at(c, row)
    h = curvature_at(c, row)
    pull = Pull()
    measure_row(c, x, at, label, s, z, q, kept, g)
    value = law_value(c, label, s, pull) if by_law(c) == 1 else row_value(c, label, s, pull)
    factor = real(weight * c.scale)
    if kept == 1:
        plain_slopes(c, at, label, s, pull, factor, g)
    elif c.mode >= GRADIENT:
        row_slopes(c, x, at, label, s, pull, factor, g, h)
    return value


def rows_block(c: Rowwise, partial: Result, block: Int) -> Int:
    """Every option, one row after the other."""
    z = stack_reals(512)
    q = stack_reals(512)
    weights = stack_reals(512)
    labels = stack_ints(512)
    s = Row()
    losses = stack_doubles(512)
    counts = stack_doubles(512)
    begin_block(partial)
    # logits without a cap, in memory row by row: the terms can wait in the gradient for what they are multiplied by
    plain = c.score_kind == LOGITS and c.softcap <= double(0.0) and c.mode == GRADIENT and c.law_kind == OF_LABEL
    kept = 1 if plain and c.pred_steps.classes == 1 and c.gradient_steps.classes == 1 else 0
    lonely = 0
    if dense_target(c) == 0:
        kept = 0
        lonely = 1 if c.score_kind != LOGITS and c.mode < CURVATURE else 0
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    while start < stop:
        n = tile_length(start, stop)
        read_rows(c, start, n, labels, weights, partial)
        if lonely == 1:
            label_rows(c, start, n, labels, weights, losses, counts)
        else:
            for i in range(n):
                row = start + i
                losses[i] = double(0.0)
                counts[i] = double(0.0)
                if c.target_kind != LABELS:
                    check_distribution(c, row, locate_row(c, row, c.target_steps), q, partial)
                if weights[i] == 0.0:
                    clear_slopes(c, gradient_at(c, row), curvature_at(c, row))
                else:
                    w = double(weights[i])
                    losses[i] = w * any_row(c, row, labels[i], w, kept, s, z, q)
                    counted = class_weight_of(c, labels[i])
                    if c.target_kind != LABELS and c.class_weight != 0:
                        counted = s.targets
                    counts[i] = w * counted
        add_losses(c, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0
