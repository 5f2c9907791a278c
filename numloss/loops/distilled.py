"""The distilled family: rows of logits between those of a teacher, softened by a temperature, and labels.

With p the softmax of the logits, p_T and q those of logits and teacher over the temperature T, a loss is
alpha T^2 sum q log(q / p_T) - (1 - alpha) log p of the label.
"""

from __future__ import annotations

from ..scalar import round_shift
from .codes import CURVATURE, DATA, GRADIENT
from .headers import Distilled, Result, Row, Rowwise
from .language import (
    Double,
    Int,
    Real,
    Reals,
    address,
    array_data,
    double,
    double_exp,
    double_log1p,
    noinline,
    offset,
    real,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import convert, item_size
from .rowwise_law import nll_of
from .rowwise_near import add_near, is_near, near_value
from .rowwise_parts import (
    add_losses,
    base_of,
    clear_slopes,
    curvature_at,
    exponentials,
    first_equal,
    gradient_at,
    locate_row,
    read_rows,
    scores_at,
    tile_maximum,
)
from .rowwise_slopes import bounded
from .sums import add_tile, add_up, begin_block, block_stop, clear, fold, tile_length


def softened(
    c: Rowwise, data: Int, kind: Int, stride: Int, first: Int, n: Int, base: Real, inverse: Real, z: Reals
) -> Int:
    """Logits of n classes from `first`, less a base, over a temperature."""
    convert(data + first * stride * item_size(kind, c.itemsize), kind, stride, n, z)
    for i in range(n):
        z[i] = (z[i] - base) * inverse
    return 0


@noinline
def highest(c: Rowwise, data: Int, kind: Int, stride: Int, s: Row, z: Reals) -> Real:
    """The largest logit of a row, whose class is the pivot."""
    top = real(-1e999)
    s.pivot = 0
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        convert(data + first * stride * item_size(kind, c.itemsize), kind, stride, n, z)
        peak = tile_maximum(z, n)
        if peak > top:
            top = peak
            s.pivot = first + first_equal(z, n, top)
        first = first + n
    return top


@noinline
def measure_softened(c: Rowwise, data: Int, kind: Int, stride: Int, inverse: Real, label: Int, s: Row) -> Int:
    """Of a row: the pivot, the base, the top, shift and terms of what is softened, and score and term of the label.

    A temperature divides what logits are less than the largest, so that no digits of that are lost to their size.
    """
    z = stack_reals(512)
    e = stack_reals(512)
    lanes = stack_doubles(32)
    top = highest(c, data, kind, stride, s, z)
    pivot = s.pivot
    base = base_of(top) if inverse == 1.0 else top
    shift = round_shift((top - base) * inverse)
    clear(lanes)
    first = 0
    while first < c.classes:
        n = tile_length(first, c.classes)
        softened(c, data, kind, stride, first, n, base, inverse, z)
        exponentials(z, n, 0.0, shift, e)
        if label >= first and label < first + n:
            s.label_score = double(z[label - first])
            s.label_term = double(e[label - first])
        if pivot >= first and pivot < first + n:
            s.pivot_term = double(e[pivot - first])
            s.top = double(z[pivot - first])
            e[pivot - first] = 0.0
        add_tile(e, n, lanes)
        first = first + n
    s.base = double(base)
    s.shift = double(shift)
    s.others = fold(lanes)
    return 0


def divergence_term(y: Real, z: Real, q: Real, rest: Real) -> Real:
    """A term of a divergence, from what a teacher's logit and a logit are more than their largest ones."""
    return q * ((y - z) - rest) if q > 0.0 else q


@noinline
def divergence(c: Distilled, x: Int, t: Int, inverse: Real, soft: Row, teacher: Row) -> Double:
    """The sum of q log(q / p_T) over the classes of a row."""
    z = stack_reals(512)
    y = stack_reals(512)
    q = stack_reals(512)
    lanes = stack_doubles(32)
    clear(lanes)
    classes = c.rows.classes
    steps = c.rows.pred_steps.classes
    apart = c.teacher_steps.classes
    share = real(double(1.0) / (teacher.pivot_term + teacher.others))
    rest = real(double_log1p(teacher.others / teacher.pivot_term) - double_log1p(soft.others / soft.pivot_term))
    first = 0
    while first < classes:
        n = tile_length(first, classes)
        softened(c.rows, x, DATA, steps, first, n, real(soft.base), inverse, z)
        softened(c.rows, t, c.teacher.kind, apart, first, n, real(teacher.base), inverse, y)
        exponentials(y, n, 0.0, real(teacher.shift), q)
        for i in range(n):
            q[i] = divergence_term(y[i] - real(teacher.top), z[i] - real(soft.top), q[i] * share, rest)
        add_tile(q, n, lanes)
        first = first + n
    away = fold(lanes)
    return near_divergence(c, x, t, inverse, soft, teacher, away) if is_near(away) == 1 else away


def log_ratio(s: Row, teacher: Row, temperature: Double) -> Double:
    """By how much the log sum exp of a teacher's softened logits is more than that of the logits."""
    rest = double_log1p(teacher.others / teacher.pivot_term) - double_log1p(s.others / s.pivot_term)
    return (teacher.base - s.base) / temperature + (teacher.top - s.top) + rest


@noinline
def near_divergence(c: Distilled, x: Int, t: Int, inverse: Real, soft: Row, teacher: Row, away: Double) -> Double:
    """`away`, the divergence of a row, once more, since it is small."""
    z = stack_reals(512)
    y = stack_reals(512)
    p = stack_reals(512)
    q = stack_reals(512)
    u = stack_doubles(512)
    sums = stack_doubles(4)
    for k in range(4):
        sums[k] = double(0.0)
    classes = c.rows.classes
    steps = c.rows.pred_steps.classes
    apart = c.teacher_steps.classes
    temperature = c.rows.params[0]
    about = away + log_ratio(soft, teacher, temperature)
    share = double(1.0) / (teacher.pivot_term + teacher.others)
    part = double(1.0) / (soft.pivot_term + soft.others)
    first = 0
    while first < classes:
        n = tile_length(first, classes)
        softened(c.rows, x, DATA, steps, first, n, 0.0, 1.0, z)
        softened(c.rows, t, c.teacher.kind, apart, first, n, 0.0, 1.0, y)
        for i in range(n):
            u[i] = about - (double(y[i]) - double(z[i])) / temperature
        softened(c.rows, x, DATA, steps, first, n, real(soft.base), inverse, z)
        softened(c.rows, t, c.teacher.kind, apart, first, n, real(teacher.base), inverse, y)
        exponentials(z, n, 0.0, real(soft.shift), p)
        exponentials(y, n, 0.0, real(teacher.shift), q)
        add_near(q, p, share, part, u, n, double_exp(away), sums)
        first = first + n
    return near_value(sums[0], sums[2], sums[3])


@noinline
def probabilities(z: Reals, n: Int, first: Int, s: Row, p: Reals, others: Reals) -> Int:
    """p and 1 - p of n scores from class `first`, both with all their digits."""
    total = s.pivot_term + s.others
    inverse = real(double(1.0) / total)
    left = real(s.others / total)
    exponentials(z, n, 0.0, real(s.shift), p)
    for i in range(n):
        p[i] = p[i] * inverse
        others[i] = 1.0 - p[i]
    if s.pivot >= first and s.pivot < first + n:
        others[s.pivot - first] = left
    return 0


def drawn(soft: Real, soft_left: Real, teacher: Real, teacher_left: Real) -> Real:
    """How far a softened probability is from the teacher's: of two near 1 what they leave tells them apart."""
    return teacher_left - soft_left if soft > 0.5 else soft - teacher


def hard_share(c: Rowwise) -> Real:
    """How much the labels count."""
    return real(double(1.0) - c.params[1])


def distilled_curvature(c: Rowwise, soft: Real, soft_left: Real, hard: Real, hard_left: Real) -> Real:
    """Curvature with respect to a logit of these probabilities, softened and not, and of what they leave."""
    alpha = real(c.params[1])
    bend = alpha * soft * soft_left + hard_share(c) * hard * hard_left
    return bounded(c, 2.0 * bend if c.bound == 1 else bend)


@noinline
def distilled_slopes(
    c: Distilled, x: Int, t: Int, label: Int, hard: Row, soft: Row, teacher: Row, factor: Double, g: Reals, h: Reals
) -> Int:
    """Gradient, and curvature, of a row of these measures, times a factor."""
    rows = c.rows
    z = stack_reals(512)
    p = stack_reals(1024)
    p_soft = stack_reals(1024)
    q = stack_reals(1024)
    inverse = real(double(1.0) / rows.params[0])
    pull = real(rows.params[0] * rows.params[1])
    beta = hard_share(rows)
    scale = real(factor)
    stride = rows.pred_steps.classes
    for i in range(1024):
        p[i] = 0.0
        p_soft[i] = 0.0
        q[i] = 0.0
    first = 0
    while first < rows.classes:
        n = tile_length(first, rows.classes)
        if beta > 0.0:
            softened(rows, x, DATA, stride, first, n, real(hard.base), 1.0, z)
            probabilities(z, n, first, hard, p, offset(p, 512))
        if pull > 0.0:
            softened(rows, x, DATA, stride, first, n, real(soft.base), inverse, z)
            probabilities(z, n, first, soft, p_soft, offset(p_soft, 512))
            softened(rows, t, c.teacher.kind, c.teacher_steps.classes, first, n, real(teacher.base), inverse, z)
            probabilities(z, n, first, teacher, q, offset(q, 512))
        for i in range(n):
            own = -p[512 + i] if first + i == label else p[i]
            z[i] = pull * drawn(p_soft[i], p_soft[512 + i], q[i], q[512 + i]) + beta * own
        if rows.mode == CURVATURE:
            steps = rows.curvature_steps.classes
            for i in range(n):
                bend = distilled_curvature(rows, p_soft[i], p_soft[512 + i], p[i], p[512 + i])
                h[(first + i) * steps] = bend * scale
        steps = rows.gradient_steps.classes
        for i in range(n):
            g[(first + i) * steps] = z[i] * scale
        first = first + n
    return 0


@noinline
def distilled_row(c: Distilled, row: Int, label: Int, weight: Double, g: Reals, h: Reals) -> Double:
    """Loss of a row; its gradient and curvature, times its weight, in g and h."""
    rows = c.rows
    hard = Row()
    soft = Row()
    teacher = Row()
    temperature = rows.params[0]
    alpha = rows.params[1]
    inverse = real(double(1.0) / temperature)
    x = address(scores_at(rows, row))
    t = array_data(c.teacher.array) + locate_row(rows, row, c.teacher_steps) * item_size(c.teacher.kind, rows.itemsize)
    loss = double(0.0)
    # what has no share is not read: it may be infinite
    if alpha > double(0.0):
        measure_softened(rows, x, DATA, rows.pred_steps.classes, inverse, -1, soft)
        measure_softened(rows, t, c.teacher.kind, c.teacher_steps.classes, inverse, -1, teacher)
        loss = alpha * temperature * temperature * divergence(c, x, t, inverse, soft, teacher)
    if alpha < double(1.0):
        measure_softened(rows, x, DATA, rows.pred_steps.classes, 1.0, label, hard)
        loss = loss + (double(1.0) - alpha) * nll_of(hard)
    if rows.mode >= GRADIENT:
        distilled_slopes(c, x, t, label, hard, soft, teacher, weight * rows.scale, g, h)
    return loss


def distilled_block(c: Distilled, partial: Result, block: Int) -> Int:
    """One row after the other."""
    rows = c.rows
    weights = stack_reals(512)
    labels = stack_ints(512)
    losses = stack_doubles(512)
    counts = stack_doubles(512)
    begin_block(partial)
    stop = block_stop(rows.rows, rows.block, block)
    start = block * rows.block
    while start < stop:
        n = tile_length(start, stop)
        read_rows(rows, start, n, labels, weights, partial)
        for i in range(n):
            row = start + i
            g = gradient_at(rows, row)
            h = curvature_at(rows, row)
            counts[i] = double(weights[i])
            losses[i] = double(0.0)
            if weights[i] > 0.0:
                losses[i] = counts[i] * distilled_row(c, row, labels[i], counts[i], g, h)
            else:
                clear_slopes(rows, g, h)
        add_losses(rows, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0
