"""The distilled family: rows of logits between those of a teacher, softened by a temperature, and labels.

With p the softmax of the logits, p_T and q those of logits and teacher over the temperature T, a loss is
alpha T^2 KL(q || p_T) - (1 - alpha) log p of the label.
"""

from __future__ import annotations

from .codes import GRADIENT, SCORES
from .divergence import compare_with, divergence_of, divergence_slopes
from .headers import Distilled, Ratios, Result, Row, Rowwise
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
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import item_size
from .ratio_laws import put_slopes
from .rowwise import measure_row
from .rowwise_law import nll_of
from .rowwise_parts import (
    add_losses,
    clear_slopes,
    curvature_at,
    exponentials,
    gradient_at,
    locate_row,
    read_rows,
    scores_at,
    scores_of,
)
from .sums import add_up, begin_block, block_stop, tile_length


@noinline
def probabilities(c: Rowwise, x: Reals, first: Int, n: Int, s: Row, p: Reals, others: Reals) -> Int:
    """p and 1 - p of n classes from `first` of a measured row, both with all their digits."""
    z = stack_reals(512)
    total = s.pivot_term + s.others
    inverse = real(double(1.0) / total)
    left = real(s.others / total)
    exponentials(scores_of(c, x, -1, first, n, z), n, real(s.base), real(s.shift), p)
    for i in range(n):
        p[i] = p[i] * inverse
        others[i] = 1.0 - p[i]
    if s.pivot >= first and s.pivot < first + n:
        others[s.pivot - first] = left
    return 0


def soft_share(c: Rowwise) -> Double:
    """How much the divergence from the teacher counts."""
    return c.params[0] * c.temperature * c.temperature


def hard_share(c: Rowwise) -> Real:
    """How much the labels count."""
    return real(double(1.0) - c.params[0])


@noinline
def distilled_slopes(
    c: Distilled, x: Reals, label: Int, hard: Row, soft: Ratios, factor: Double, e: Reals, v: Reals, g: Reals, h: Reals
) -> Int:
    """Gradient, and curvature, of a row of these measures, times a factor."""
    rows = c.rows
    p = stack_reals(1024)
    slopes = stack_reals(512)
    bends = stack_reals(512)
    pull = real(soft_share(rows))
    beta = hard_share(rows)
    for i in range(512):
        slopes[i] = 0.0
        bends[i] = 0.0
        p[i] = 0.0
        p[512 + i] = 0.0
    first = 0
    while first < rows.classes:
        n = tile_length(first, rows.classes)
        if pull > 0.0:
            divergence_slopes(rows, x, first, n, soft, double(1.0), e, v, slopes, bends)
        if beta > 0.0:
            probabilities(rows, x, first, n, hard, p, offset(p, 512))
        twice = 2.0 if rows.bound == 1 else 1.0
        for i in range(n):
            own = -p[512 + i] if first + i == label else p[i]
            slopes[i] = (pull * slopes[i] + beta * own) * real(factor)
            bends[i] = pull * bends[i] + beta * twice * p[i] * p[512 + i]
        put_slopes(rows, first, n, real(factor), slopes, bends, g, h)
        first = first + n
    return 0


@noinline
def distilled_row(
    c: Distilled, row: Int, label: Int, weight: Double, soft: Ratios, e: Reals, v: Reals, g: Reals, h: Reals
) -> Double:
    """Loss of a row; its gradient and curvature, times its weight, in g and h."""
    rows = c.rows
    hard = Row()
    alpha = rows.params[0]
    x = scores_at(rows, row)
    loss = double(0.0)
    # what has no share is not read: it may be infinite
    if alpha > double(0.0):
        data = locate_row(rows, row, c.teacher_steps) * item_size(c.teacher.kind, rows.itemsize)
        compare_with(rows, soft, g, array_data(c.teacher.array) + data, c.teacher.kind, c.teacher_steps.classes, SCORES)
        loss = soft_share(rows) * divergence_of(rows, x, soft, e, v)
    if alpha < double(1.0):
        z = stack_reals(512)
        terms = stack_reals(512)
        measure_row(rows, x, 0, label, hard, z, terms, 0, g)
        loss = loss + (double(1.0) - alpha) * nll_of(hard)
    if rows.mode >= GRADIENT:
        distilled_slopes(c, x, label, hard, soft, weight * rows.scale, e, v, g, h)
    return loss


def distilled_block(c: Distilled, partial: Result, block: Int) -> Int:
    """One row after the other."""
    rows = c.rows
    e = stack_reals(32768)
    v = stack_reals(32768)
    weights = stack_reals(512)
    labels = stack_ints(512)
    losses = stack_doubles(512)
    counts = stack_doubles(512)
    soft = Ratios()
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
            if weights[i] != 0.0:
                losses[i] = counts[i] * distilled_row(c, row, labels[i], counts[i], soft, e, v, g, h)
            else:
                clear_slopes(rows, g, h)
        add_losses(rows, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0
