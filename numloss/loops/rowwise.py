"""The rowwise family: cross-entropy of a row of scores with a label or a distribution.

With logits z and weighted targets q: loss = sum q (lse - z) + zeta * w * lse^2, where lse = log sum e^z. Scores may
also be log-probabilities or probabilities, where lse = 0. Of logits with labels, the loss may be a law of the label's
cross-entropy, its probability and that of the other classes (rowwise_law.py). Its header is Rowwise of headers/:
a row is outer * inner size + inner; operands over rows have the shape (outer, inner).

The designs: every option, row by row (this file; gradients in rowwise_slopes.py); short rows, long rows and pixels (the
files of these names) for logits with labels. Confident rows keep their digits: the entry that dominates the sum, the
pivot, is left out of it, and log1p of the rest is the loss.
"""

from __future__ import annotations

from ..scalar import round_shift
from .codes import (
    CURVATURE,
    DATA,
    GRADIENT,
    LABELS,
    LOGITS,
    NUMBER_OR_NAN,
    PLACED,
    PREDICTION_OPERAND,
    PROBABILITIES,
)
from .headers import Pull, Result, Row, Rowwise
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Reals,
    double,
    double_log1p,
    noinline,
    offset,
    real,
    stack_doubles,
    stack_ints,
    stack_reals,
    will_need,
)
from .operands import first_outside
from .rowwise_checks import check_distribution, check_probabilities
from .rowwise_law import law_value
from .rowwise_parts import (
    add_losses,
    base_of,
    class_weight_of,
    clear_row,
    clear_rows,
    curvature_at,
    exponentials,
    factor_of,
    find_pivot,
    gradient_at,
    load_scores,
    locate_row,
    read_rows,
    scores_at,
    scores_of,
    target_of,
    weigh,
)
from .rowwise_slopes import (
    by_law,
    dense_target,
    has_plain_slopes,
    is_sure,
    no_slopes,
    over_probabilities,
    plain_slopes,
    row_slopes,
    targets_beside,
)
from .sums import add_tile, add_up, begin_block, block_stop, clear, fold, report, tile_length


def measure_row(c: Rowwise, x: Reals, at: Int, label: Int, s: Row, z: Reals, q: Reals, kept: Int, g: Reals) -> Int:
    """The measures of a row. kept: the terms stay in g, where the gradient will be."""
    dense = dense_target(c)
    lanes = stack_doubles(32)
    sums = stack_doubles(64)
    clear(lanes)
    clear(sums)
    clear(offset(sums, 32))
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
        if c.pred_steps.classes == 1:
            # the next row comes from memory while this one is computed
            will_need(offset(x, c.classes + first), n)
        if dense == 1:
            targets = target_of(c, at, label, first, n, q)
            if c.target_steps.classes == 1 and c.target.kind == DATA:
                will_need(offset(targets, c.classes), n)
            weigh(targets, scores, n, top, sums)
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
    return targets * rest + cross + z_weight * lse * lse


def row_value(c: Rowwise, label: Int, s: Row, pull: Pull) -> Double:
    """Loss of a measured row before the sample's weight, and what its gradient needs."""
    dense = dense_target(c)
    pull.own = own_target(c, label)
    targets = s.targets if dense == 1 else pull.own
    cross = s.cross if dense == 1 else pull.own * (s.top - s.label_score)
    pull.coefficient = double(0.0)
    pull.z_weight = double(0.0)
    if c.score_kind != LOGITS:
        return cross
    rest = double_log1p(s.others / s.pivot_term)
    pull.z_weight = z_weight_of(c, label, targets)
    pull.coefficient = targets + double(2.0) * pull.z_weight * (s.top + rest)
    return cross_entropy_of(s, targets, cross, rest, pull.z_weight)


@noinline
def label_rows(
    c: Rowwise, start: Int, n: Int, labels: Ints, weights: Reals, losses: Doubles, counts: Doubles, partial: Result
) -> Int:
    """Losses and gradients of rows of (log-)probabilities with labels: one entry of a row is all there is."""
    entries = stack_reals(512)
    z = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    eps = real(c.eps)
    x = scores_at(c, 0)
    for i in range(n):
        entries[i] = x[locate_row(c, start + i, c.pred_steps) + labels[i] * c.pred_steps.classes]
    load_scores(entries, 1, n, c.score_kind, 0.0, eps, z)
    for i in range(n):
        counts[i] = double(weights[i]) * class_weight_of(c, labels[i])
        losses[i] = double(0.0) - counts[i] * double(z[i]) if weights[i] != 0.0 else double(0.0)
    if c.score_kind == PROBABILITIES:
        for i in range(n):
            z[i] = entries[i] if weights[i] != 0.0 else 0.0
        bad = first_outside(z, n, NUMBER_OR_NAN, 0.0, 1.0)
        if bad >= 0:
            report(partial, start + bad, PREDICTION_OPERAND)
    if c.mode >= GRADIENT and partial.bad_at < 0:
        for i in range(n):
            slopes[i] = -real(counts[i] * c.scale)
        if c.score_kind == PROBABILITIES:
            over_probabilities(entries, 1, n, eps, slopes, bends)
        steps = c.gradient_steps.classes
        g = gradient_at(c, 0)
        if c.inner == 1:
            clear_rows(n, c.gradient_steps.outer, c.classes, steps, gradient_at(c, start))
        else:
            for i in range(n):
                clear_row(c.classes, steps, gradient_at(c, start + i))
        for i in range(n):
            if weights[i] != 0.0:
                at = locate_row(c, start + i, c.gradient_steps) + labels[i] * steps
                g[at] = slopes[i]
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
    if c.mode >= GRADIENT and is_sure(c, s) == 1:
        s.beside = targets_beside(c, at, s.pivot, q)
    if has_plain_slopes(c) == 1:
        # what a number's shares cost once is kept, where they are left alone
        known = 1 if kept == 1 and c.target_kind >= PLACED and c.classes <= 512 and is_sure(c, s) == 0 else 0
        plain_slopes(c, x, at, label, s, pull, factor, kept, known, q, g)
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
    # in memory row by row the terms can wait in the gradient for what they are multiplied by
    kept = has_plain_slopes(c) if c.pred_steps.classes == 1 and c.gradient_steps.classes == 1 else 0
    lonely = 1 if dense_target(c) == 0 and c.score_kind != LOGITS and c.mode < CURVATURE else 0
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    while start < stop:
        n = tile_length(start, stop)
        read_rows(c, start, n, labels, weights, partial)
        if lonely == 1:
            label_rows(c, start, n, labels, weights, losses, counts, partial)
        else:
            for i in range(n):
                row = start + i
                w = double(weights[i])
                losses[i] = double(0.0)
                counts[i] = w * class_weight_of(c, labels[i])
                if c.target_kind != LABELS:
                    check_distribution(c, row, locate_row(c, row, c.target_steps), q, partial)
                if w * factor_of(c, labels[i]) == double(0.0):
                    no_slopes(c, w, gradient_at(c, row), curvature_at(c, row))
                else:
                    if c.score_kind == PROBABILITIES:
                        check_probabilities(c, row, labels[i], q, partial)
                    # nothing is written once something is wrong: the value that the error names is still there
                    if partial.bad_at < 0:
                        losses[i] = w * any_row(c, row, labels[i], w, kept, s, z, q)
                    if c.target_kind != LABELS and c.class_weight != 0:
                        counts[i] = w * s.targets
        add_losses(c, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0
