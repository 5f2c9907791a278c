"""Few classes, or classes that are not neighbours, as in images: a tile of rows with its classes one after another.

A row is called a pixel here. In the tile neighbours are pixels of one class, so that all work is the same for
neighbours, whatever the strides of the scores are. Scores whose pixels are neighbours in memory, too, are read where
they lie, others from a copy in the tile. While terms are computed, memory brings the scores of the next tile and the
place of the gradient, a little at a time.
"""

from __future__ import annotations

from ..scalar import exp_below
from .codes import CURVATURE, DATA, GRADIENT
from .halves import narrow, widen
from .headers import Measures, Result, Rowwise, Soon
from .language import (
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    apart,
    array_data,
    double,
    noinline,
    offset,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import item_size
from .rowwise_bends import pixel_bends
from .rowwise_labels import begin_rows, finish_rows, settle, take_off
from .rowwise_parts import bring, clear_row, locate_row, plan_soon
from .sums import begin_block, block_stop


@noinline
def pixel_scores(data: Int, kind: Int, itemsize: Int, classes: Int, stride: Int, step: Int, n: Int, z: Reals) -> Int:
    """Copy the scores of n pixels, `step` elements apart, to a tile, class by class."""
    size = item_size(kind, itemsize)
    for j in range(classes):
        place = data + j * stride * size
        out = offset(z, j * n)
        row = reals(place)
        if kind != DATA:
            widen(place, kind, step, n, out)
        else:
            for k in range(n):
                out[k] = row[k * step]
    return 0


@noinline
def pixel_tops(classes: Int, n: Int, x: Reals, stride: Int, top: Reals) -> Int:
    """The largest score of n pixels, whose classes are `stride` apart, by four classes at a time."""
    for k in range(n):
        top[k] = -1e999
    j = 0
    while j + 4 <= classes:
        a = offset(x, j * stride)
        b = offset(a, stride)
        c = offset(b, stride)
        d = offset(c, stride)
        for k in range(n):
            left = larger(b[k], larger(a[k], top[k]))
            top[k] = larger(d[k], larger(c[k], left))
        j = j + 4
    while j < classes:
        a = offset(x, j * stride)
        for k in range(n):
            top[k] = larger(a[k], top[k])
        j = j + 1
    return 0


def larger(a: Real, b: Real) -> Real:
    """The larger of two numbers; b where a is NaN."""
    return a if a > b else b


@noinline
@apart
def class_terms(x: Reals, shift: Reals, n: Int, z: Reals) -> Int:
    """The terms of n scores. By itself, where its constants have registers."""
    for k in range(n):
        z[k] = exp_below(x[k], shift[k])
    return 0


@noinline
def pixel_terms(
    classes: Int, n: Int, x: Reals, stride: Int, copied: Int, z: Reals, labels: Ints, s: Measures, soon: Soon
) -> Int:
    """Fill a tile with the terms of n pixels, and the statistics of these. Classes are `stride` apart in x; if it was
    copied, it is z itself."""
    top = stack_reals(512)
    score = stack_reals(512)
    base = stack_reals(512)
    shift = stack_reals(512)
    lower = stack_reals(512)
    pixel_tops(classes, n, x, stride, top)
    for k in range(n):
        score[k] = x[labels[k] * stride + k]
    moved = take_off(n, top, score, base, shift, s) + copied
    for j in range(classes):
        scores = offset(x, j * stride)
        row = offset(z, j * n)
        if moved > 0:
            for k in range(n):
                lower[k] = scores[k] - base[k]
            scores = lower
        first = 0
        while first < n:
            part = 64 if n - first > 64 else n - first
            bring(soon, j, first // 64)
            class_terms(offset(scores, first), offset(shift, first), part, offset(row, first))
            first = first + part
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
        add_classes(first, last, n, z, few)
        for k in range(n):
            s.others[k] = s.others[k] + double(few[k])
        first = last
    return 0


@noinline
def add_classes(first: Int, last: Int, n: Int, z: Reals, few: Reals) -> Int:
    """The sum of some classes of each pixel of a tile, one after the other, four at a time."""
    for k in range(n):
        few[k] = 0.0
    j = first
    while j + 4 <= last:
        a = offset(z, j * n)
        b = offset(a, n)
        c = offset(b, n)
        d = offset(c, n)
        for k in range(n):
            few[k] = (((few[k] + a[k]) + b[k]) + c[k]) + d[k]
        j = j + 4
    while j < last:
        a = offset(z, j * n)
        for k in range(n):
            few[k] = few[k] + a[k]
        j = j + 1
    return 0


@noinline
def narrow_pixels(
    classes: Int,
    stride: Int,
    step: Int,
    n: Int,
    z: Reals,
    labels: Ints,
    total: Doubles,
    coefficient: Reals,
    own: Reals,
    kind: Int,
    data: Int,
) -> Int:
    """`pixel_slopes` in 16 bits: made in the tile, then written class by class."""
    for j in range(classes):
        row = offset(z, j * n)
        for k in range(n):
            row[k] = row[k] * coefficient[k] if total[k] != double(0.0) else 0.0
    for k in range(n):
        z[labels[k] * n + k] = own[k] if total[k] != double(0.0) else 0.0
    for j in range(classes):
        narrow(data + 2 * j * stride, kind, step, n, offset(z, j * n))
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
    """Gradient of the pixels of a tile, `step` elements apart, with its classes `stride` apart.

    What counts nothing is cleared in the tile, whose classes lie near each other, not where the gradient goes.
    """
    for k in range(n):
        if total[k] == double(0.0):
            coefficient[k] = 0.0
            own[k] = 0.0
            clear_row(classes, n, offset(z, k))
    for j in range(classes):
        row = offset(z, j * n)
        out = offset(g, j * stride)
        if step == 1:
            for k in range(n):
                out[k] = row[k] * coefficient[k]
        else:
            for k in range(n):
                out[k * step] = row[k] * coefficient[k]
    for k in range(n):
        g[labels[k] * stride + k * step] = own[k]
    return 0


def pixels_of_tile(block: Int, classes: Int) -> Int:
    """Pixels of a tile that stays in the first cache: a block in equal parts, of whole windows."""
    most = 8192 // classes
    if most > 448:
        most = 448
    if most < 32:
        return 32
    tiles = (block + most - 1) // most
    part = (block + tiles - 1) // tiles
    return part + 31 - (part + 31) % 32


def pixels_block(c: Rowwise, partial: Result, block: Int) -> Int:
    """Rows in tiles of pixels, with the classes of a tile one after another."""
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = Measures()
    coefficient = stack_reals(512)
    own = stack_reals(512)
    bent = stack_reals(3584)
    z = stack_reals(16384)
    soon = Soon()
    classes = c.classes
    inner = c.inner
    step = c.pred_steps.inner if inner > 1 else c.pred_steps.outer
    apart_by = c.gradient_steps.inner if inner > 1 else c.gradient_steps.outer
    stride = c.gradient_steps.classes
    plain = 1 if c.pred.kind == DATA and step == 1 else 0
    size = item_size(c.pred.kind, c.itemsize)
    written = array_data(c.gradient.array) if c.mode >= GRADIENT else 0
    plan_soon(c, c.pred_steps.classes, stride, 64, 64 if step == 1 else 0, 64 if apart_by == 1 else 0, soon)
    begin_block(partial)
    most = pixels_of_tile(c.block, classes)
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    while start < stop:
        n = stop - start
        if n > most:
            n = most
        if inner > 1 and n > inner - start % inner:
            n = inner - start % inner
        begin_rows(c, start, n, labels, weights, total, partial)
        data = array_data(c.pred.array) + locate_row(c, start, c.pred_steps) * size
        place = written + locate_row(c, start, c.gradient_steps) * item_size(c.gradient.kind, c.itemsize)
        soon.read = data + n * size
        soon.written = place
        if plain == 0:
            pixel_scores(data, c.pred.kind, c.itemsize, classes, c.pred_steps.classes, step, n, z)
        x = reals(data) if plain == 1 else z
        pixel_terms(classes, n, x, c.pred_steps.classes if plain == 1 else n, 1 - plain, z, labels, s, soon)
        pixel_sums(classes, n, z, labels, s)
        settle(c, n, s, weights, total, values, coefficient, own, bent)
        if c.mode == CURVATURE:
            bends = locate_row(c, start, c.curvature_steps) * item_size(c.curvature.kind, c.itemsize)
            beside = c.curvature_steps.inner if inner > 1 else c.curvature_steps.outer
            pixel_bends(c, beside, n, z, labels, total, s, bent, array_data(c.curvature.array) + bends)
        if c.mode >= GRADIENT and c.gradient.kind != DATA:
            kind = c.gradient.kind
            narrow_pixels(classes, stride, apart_by, n, z, labels, total, coefficient, own, kind, place)
        elif c.mode >= GRADIENT:
            pixel_slopes(classes, stride, apart_by, n, z, labels, total, coefficient, own, reals(place))
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0
