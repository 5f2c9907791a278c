"""All second derivatives of rows of scores: their product with a vector, or one by one.

Of logits with the probabilities p they are c (diag(p) - p p^T) + t p p^T, with the coefficient c of the probabilities
in the gradient and twice the weight t of a z-loss; a law of the label's cross-entropy adds its curvature times v v^T,
where v is p less 1 at the label, see rowwise_law.py. Along a vector u the first is c p (u - p u): differences are taken
from the most probable class, so that a sure one keeps its digits. Scores that are made of the predictions, one by one,
have slopes s and bends: H u becomes s H (s u), and the gradient times the bends is added to the diagonal, which is the
curvature of rowwise_slopes.py. Laws of each class are in rowwise_class_hessians.py.
"""

from __future__ import annotations

from .codes import LABELS, LOGIT, LOGITS, OF_LABEL, PROBABILITIES
from .headers import Hessians, Pull, Result, Row
from .language import (
    Double,
    Int,
    Real,
    Reals,
    array_data,
    double,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .rowwise import measure_row, row_value
from .rowwise_checks import check_distribution, check_probabilities
from .rowwise_class_hessians import class_matrix, class_product, load_vector
from .rowwise_classes import loss_weight_of
from .rowwise_law import law_value, other_terms
from .rowwise_parts import (
    add_losses,
    class_weight_of,
    clear_row,
    factor_of,
    gradient_at,
    load_row_slopes,
    locate_row,
    read_rows,
    scores_at,
)
from .rowwise_slopes import (
    by_law,
    is_sure,
    over_probabilities,
    row_probabilities,
    score_curvatures,
    score_slopes,
    targets_beside,
)
from .sums import add_tile, add_up, begin_block, block_stop, clear, fold, tile_length


@noinline
def moved_at(c: Hessians, row: Int, x: Reals, label: Int, place: Int) -> Double:
    """By how much the score of a class moves along the vector."""
    v = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    load_vector(c, row, place, 1, v)
    load_row_slopes(c.rows, x, label, place, 1, slopes, bends)
    return double(v[0] * slopes[0])


@noinline
def mean_move(c: Hessians, row: Int, x: Reals, label: Int, base: Real, s: Row) -> Double:
    """By how much more than `base` scores move along the vector, in the mean under their probabilities."""
    p = stack_reals(512)
    v = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    lanes = stack_doubles(32)
    rows = c.rows
    clear(lanes)
    first = 0
    while first < rows.classes:
        n = tile_length(first, rows.classes)
        row_probabilities(rows, x, label, first, n, s, p)
        load_row_slopes(rows, x, label, first, n, slopes, bends)
        load_vector(c, row, first, n, v)
        for i in range(n):
            p[i] = p[i] * (v[i] * slopes[i] - base)
        add_tile(p, n, lanes)
        first = first + n
    return fold(lanes)


@noinline
def law_shares(c: Hessians, label: Int, first: Int, n: Int, s: Row, p: Reals, shares: Reals) -> Int:
    """What a law's curvature is multiplied by: of n classes from `first` p, less 1 at the label, over what the label
    leaves; nothing without such a law. Returns whether there is one."""
    if by_law(c.rows) == 0:
        clear_row(n, 1, shares)
        return 0
    rest = real(other_terms(s, label) / (s.pivot_term + s.others))
    for i in range(n):
        shares[i] = p[i] / rest if rest > 0.0 else 0.0
    if label >= first and label < first + n:
        shares[label - first] = -1.0
    return 1


@noinline
def turned_scores(c: Hessians, n: Int, u: Reals, base: Real, mean: Real, pull: Pull, p: Reals, out: Reals) -> Int:
    """The product of second derivatives with respect to n scores that move by u."""
    coefficient = real(pull.coefficient)
    whole = real(double(2.0) * pull.z_weight) * (mean + base)
    for i in range(n):
        out[i] = coefficient * p[i] * ((u[i] - base) - mean) + whole * p[i]
    return 0


@noinline
def row_product(c: Hessians, row: Int, x: Reals, at: Int, label: Int, s: Row, pull: Pull, factor: Real) -> Int:
    """The product of the second derivatives of a measured row with the vector, times a factor."""
    z = stack_reals(512)
    p = stack_reals(512)
    v = stack_reals(512)
    u = stack_reals(512)
    out = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    rows = c.rows
    logits = rows.score_kind == LOGITS
    base = moved_at(c, row, x, label, s.pivot) if logits else double(0.0)
    mean = mean_move(c, row, x, label, real(base), s) if logits else double(0.0)
    along = real(0.0)
    if by_law(rows) == 1:
        along = real(pull.bend * (mean + (base - moved_at(c, row, x, label, label))))
    steps = rows.gradient_steps.classes
    g = gradient_at(rows, row)
    first = 0
    while first < rows.classes:
        n = tile_length(first, rows.classes)
        score_slopes(rows, x, at, label, first, n, s, pull, z, p)
        load_row_slopes(rows, x, label, first, n, slopes, bends)
        load_vector(c, row, first, n, v)
        if rows.score_kind == PROBABILITIES:
            entries = rows.pred_steps.classes
            over_probabilities(offset(x, first * entries), entries, n, real(rows.eps), z, p)
            for i in range(n):
                out[i] = p[i] * v[i]
        else:
            for i in range(n):
                u[i] = v[i] * slopes[i]
            turned_scores(c, n, u, real(base), real(mean), pull, p, out)
            if law_shares(c, label, first, n, s, p, u) == 1:
                for i in range(n):
                    out[i] = out[i] + along * u[i]
            for i in range(n):
                out[i] = out[i] * slopes[i] + z[i] * bends[i] * v[i]
        for i in range(n):
            g[(first + i) * steps] = out[i] * factor
        first = first + n
    return 0


@noinline
def row_matrix(c: Hessians, x: Reals, at: Int, label: Int, s: Row, pull: Pull, factor: Real, m: Reals) -> Int:
    """All second derivatives of a measured row of no more than 512 classes, times a factor."""
    z = stack_reals(512)
    p = stack_reals(512)
    d = stack_reals(512)
    shares = stack_reals(512)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    rows = c.rows
    n = rows.classes
    score_slopes(rows, x, at, label, 0, n, s, pull, z, p)
    load_row_slopes(rows, x, label, 0, n, slopes, bends)
    curved = law_shares(c, label, 0, n, s, p, shares)
    for i in range(n):
        d[i] = p[i]
    score_curvatures(rows, label, 0, n, s, pull, d)
    if rows.score_kind == PROBABILITIES:
        for i in range(n):
            z[i] = z[i] * factor
        over_probabilities(x, rows.pred_steps.classes, n, real(rows.eps), z, d)
    else:
        for i in range(n):
            d[i] = (d[i] * slopes[i] * slopes[i] + z[i] * bends[i]) * factor
    together = real(double(2.0) * pull.z_weight - pull.coefficient)
    bend = real(pull.bend) * real(other_terms(s, label) / (s.pivot_term + s.others)) if curved == 1 else real(0.0)
    for i in range(n):
        line = offset(m, i * n)
        own = p[i]
        share = shares[i]
        slope = slopes[i]
        # of two factors each, so that both halves are the same
        for j in range(n):
            line[j] = (together * (own * p[j]) + bend * (share * shares[j])) * (slope * slopes[j]) * factor
        line[i] = d[i]
    return 0


@noinline
def any_hessian(c: Hessians, row: Int, label: Int, weight: Double, z: Reals, q: Reals) -> Double:
    """Loss of a row by its label's cross-entropy or by its distribution; its second derivatives are written."""
    rows = c.rows
    s = Row()
    pull = Pull()
    at = locate_row(rows, row, rows.target_steps)
    x = scores_at(rows, row)
    factor = real(weight * rows.scale)
    measure_row(rows, x, at, label, s, z, q, 0, q)
    pull.bend = double(0.0)
    value = law_value(rows, label, s, pull) if by_law(rows) == 1 else row_value(rows, label, s, pull)
    if is_sure(rows, s) == 1:
        s.beside = targets_beside(rows, at, s.pivot, q)
    if c.whole == 1:
        row_matrix(c, x, at, label, s, pull, factor, matrix_at(c, row))
    else:
        row_product(c, row, x, at, label, s, pull, factor)
    return value


def matrix_at(c: Hessians, row: Int) -> Reals:
    """Pointer to the matrix of a row."""
    rows = c.rows
    return offset(reals(array_data(rows.gradient.array)), row * rows.classes * rows.classes)


def no_hessian(c: Hessians, row: Int) -> Int:
    """Exact zeros, whatever the scores are."""
    rows = c.rows
    if c.whole == 1:
        clear_row(rows.classes * rows.classes, 1, matrix_at(c, row))
    else:
        clear_row(rows.classes, rows.gradient_steps.classes, gradient_at(rows, row))
    return 0


@noinline
def hessian_row(c: Hessians, row: Int, label: Int, weight: Double, z: Reals, q: Reals) -> Double:
    """Loss of a row; its second derivatives, times its weight, are written."""
    rows = c.rows
    if rows.law_kind == OF_LABEL or rows.law_kind == LOGIT:
        return any_hessian(c, row, label, weight, z, q)
    own = loss_weight_of(rows, label)
    factor = weight * own * rows.scale
    if c.whole == 1:
        return own * class_matrix(c, row, label, factor, z, q, matrix_at(c, row))
    return own * class_product(c, row, label, factor, z, q, gradient_at(rows, row))


def hessians_block(c: Hessians, partial: Result, block: Int) -> Int:
    """One row after the other."""
    z = stack_reals(512)
    q = stack_reals(512)
    weights = stack_reals(512)
    labels = stack_ints(512)
    losses = stack_doubles(512)
    counts = stack_doubles(512)
    rows = c.rows
    begin_block(partial)
    stop = block_stop(rows.rows, rows.block, block)
    start = block * rows.block
    while start < stop:
        n = tile_length(start, stop)
        read_rows(rows, start, n, labels, weights, partial)
        for i in range(n):
            row = start + i
            w = double(weights[i])
            losses[i] = double(0.0)
            counts[i] = w * class_weight_of(rows, labels[i])
            if rows.target_kind != LABELS:
                check_distribution(rows, row, locate_row(rows, row, rows.target_steps), q, partial)
            if rows.score_kind == PROBABILITIES and w != double(0.0):
                check_probabilities(rows, row, labels[i], q, partial)
            if w * factor_of(rows, labels[i]) == double(0.0):
                no_hessian(c, row)
            elif partial.bad_at < 0:
                losses[i] = w * hessian_row(c, row, labels[i], w, z, q)
        add_losses(rows, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0
