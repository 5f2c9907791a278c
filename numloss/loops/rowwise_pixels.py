"""Few classes, or classes that are not neighbours, as in images: a tile of rows with its classes one after another.

A row is called a pixel here. The tile is a copy in which neighbours are pixels of one class, so that all work is the
same for neighbours, whatever the strides of the scores are. Where neighbours of a class are neighbours in memory, the
class after the next three is fetched ahead: all classes of an image may share one set of the cache, which holds few.
"""

from __future__ import annotations

from ..scalar import exp_below, round_shift
from .codes import GRADIENT
from .headers import Measures, Result, Rowwise
from .language import (
    Doubles,
    Int,
    Ints,
    Reals,
    double,
    noinline,
    offset,
    stack_doubles,
    stack_ints,
    stack_reals,
    will_need,
)
from .rowwise_labels import begin_rows, finish_rows, settle
from .rowwise_parts import base_of, clear_row, gradient_at, scores_at
from .sums import begin_block, block_stop


@noinline
def pixel_scores(x: Reals, classes: Int, stride: Int, step: Int, n: Int, z: Reals, top: Reals) -> Int:
    """Copy the scores of n pixels, `step` elements apart, to a tile, class by class, and find their tops."""
    for j in range(classes):
        row = offset(x, j * stride)
        out = offset(z, j * n)
        if step == 1:
            if j + 4 < classes:
                will_need(offset(row, 4 * stride), n)
            for k in range(n):
                out[k] = row[k]
        else:
            for k in range(n):
                out[k] = row[k * step]
        if j == 0:
            for k in range(n):
                top[k] = out[k]
        else:
            for k in range(n):
                top[k] = out[k] if out[k] > top[k] else top[k]
    return 0


@noinline
def pixel_terms(classes: Int, n: Int, z: Reals, top: Reals, labels: Ints, s: Measures) -> Int:
    """Replace the scores of a tile by their terms, and fill the statistics of its pixels."""
    shift = stack_reals(512)
    base = stack_reals(512)
    large = 0
    for k in range(n):
        base[k] = base_of(top[k])
        shift[k] = round_shift(top[k] - base[k])
        s.top[k] = double(top[k])
        s.taken[k] = double(base[k]) + double(shift[k])
        s.label_score[k] = double(z[labels[k] * n + k])
        if base[k] != 0.0:
            large = 1
    for j in range(classes):
        row = offset(z, j * n)
        if large == 1:
            for k in range(n):
                row[k] = row[k] - base[k]
        for k in range(n):
            row[k] = exp_below(row[k], shift[k])
    return 0


@noinline
def pixel_sums(classes: Int, n: Int, z: Reals, labels: Ints, s: Measures) -> Int:
    """Term of the label of each pixel, and the sum of the others: sixteen classes at a time, then in float64."""
    few = stack_reals(512)
    for k in range(n):
        s.label_term[k] = double(z[labels[k] * n + k])
        z[labels[k] * n + k] = 0.0
        s.others[k] = double(0.0)
    first = 0
    while first < classes:
        last = first + 16
        if last > classes:
            last = classes
        for k in range(n):
            few[k] = 0.0
        for j in range(first, last):
            row = offset(z, j * n)
            for k in range(n):
                few[k] = few[k] + row[k]
        for k in range(n):
            s.others[k] = s.others[k] + double(few[k])
        first = last
    return 0


@noinline
def pixel_slopes(
    classes: Int,
    stride: Int,
    step: Int,
    n: Int,
    z: Reals,
    labels: Ints,
    total: Doubles,
    coefficient: Reals,
    own: Reals,
    g: Reals,
) -> Int:
    """Gradient of the pixels of a tile, `step` elements apart, with its classes `stride` apart."""
    for j in range(classes):
        row = offset(z, j * n)
        out = offset(g, j * stride)
        if step == 1:
            if j + 4 < classes:
                will_need(offset(out, 4 * stride), n)
            for k in range(n):
                out[k] = row[k] * coefficient[k]
        else:
            for k in range(n):
                out[k * step] = row[k] * coefficient[k]
    for k in range(n):
        g[labels[k] * stride + k * step] = own[k]
        if total[k] <= double(0.0):
            clear_row(classes, stride, offset(g, k * step))
    return 0


def pixels_block(c: Rowwise, partial: Result, block: Int) -> Int:
    """Rows in tiles of pixels, with the classes of a tile one after another."""
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = Measures()
    coefficient = stack_reals(512)
    own = stack_reals(512)
    top = stack_reals(512)
    z = stack_reals(16384)
    classes = c.classes
    inner = c.inner
    step = c.pred_steps.inner if inner > 1 else c.pred_steps.outer
    begin_block(partial)
    most = 16384 // classes
    most = most - most % 32
    if most < 32:
        most = 32
    if most > 512:
        most = 512
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    while start < stop:
        n = stop - start
        if n > most:
            n = most
        if inner > 1 and n > inner - start % inner:
            n = inner - start % inner
        begin_rows(c, start, n, labels, weights, total, partial)
        pixel_scores(scores_at(c, start), classes, c.pred_steps.classes, step, n, z, top)
        pixel_terms(classes, n, z, top, labels, s)
        pixel_sums(classes, n, z, labels, s)
        settle(c, n, s, total, values, coefficient, own)
        if c.mode >= GRADIENT:
            apart_by = c.gradient_steps.inner if inner > 1 else c.gradient_steps.outer
            stride = c.gradient_steps.classes
            pixel_slopes(classes, stride, apart_by, n, z, labels, total, coefficient, own, gradient_at(c, start))
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0
