"""Few classes, or classes that are not neighbours, as in images: a tile of rows with its classes one after another.

A row is called a pixel here. The tile is a copy in which neighbours are pixels of one class, so that all work is the
same for neighbours, whatever the strides of the scores are. Where neighbours of a class are neighbours in memory, the
class after the next three is fetched ahead: all classes of an image may share one set of the cache, which holds few.
"""

from __future__ import annotations

from ..scalar import exp_below
from .codes import DATA, GRADIENT
from .halves import narrow, widen
from .headers import Measures, Result, Rowwise
from .language import (
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    double,
    noinline,
    offset,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
    will_need,
)
from .operands import item_size
from .rowwise_labels import begin_rows, finish_rows, settle, take_off
from .rowwise_parts import clear_row, locate_row
from .sums import begin_block, block_stop


@noinline
def pixel_scores(
    data: Int, kind: Int, itemsize: Int, classes: Int, stride: Int, step: Int, n: Int, z: Reals
) -> Int:
    """Copy the scores of n pixels, `step` elements apart, to a tile, class by class."""
    size = item_size(kind, itemsize)
    for j in range(classes):
        place = data + j * stride * size
        out = offset(z, j * n)
        if step == 1 and j + 4 < classes:
            will_need(reals(place + 4 * stride * size), n * size // itemsize)
        row = reals(place)
        if kind != DATA:
            widen(place, kind, step, n, out)
        elif step == 1:
            for k in range(n):
                out[k] = row[k]
        else:
            for k in range(n):
                out[k] = row[k * step]
    return 0


@noinline
def pixel_tops(classes: Int, n: Int, z: Reals, top: Reals) -> Int:
    """The largest score of each pixel of a tile, by four classes at a time."""
    for k in range(n):
        top[k] = -1e999
    j = 0
    while j + 4 <= classes:
        a = offset(z, j * n)
        b = offset(a, n)
        c = offset(b, n)
        d = offset(c, n)
        for k in range(n):
            left = larger(b[k], larger(a[k], top[k]))
            top[k] = larger(d[k], larger(c[k], left))
        j = j + 4
    while j < classes:
        a = offset(z, j * n)
        for k in range(n):
            top[k] = larger(a[k], top[k])
        j = j + 1
    return 0


def larger(a: Real, b: Real) -> Real:
    """The larger of two numbers; b where a is NaN."""
    return a if a > b else b


@noinline
def class_terms(z: Reals, shift: Reals, n: Int) -> Int:
    """Replace the scores of one class of n pixels by their terms. By itself, where its constants have registers."""
    for k in range(n):
        z[k] = exp_below(z[k], shift[k])
    return 0


@noinline
def pixel_terms(
    classes: Int, n: Int, z: Reals, labels: Ints, s: Measures, stride: Int, place: Int, lines: Int
) -> Int:
    """Replace the scores of a tile by their terms, and fill the statistics of its pixels.

    Meanwhile memory brings what is written soon, the gradient at `place` with its classes `stride` bytes apart, as much
    as so many numbers, unless that is 0.
    """
    top = stack_reals(512)
    score = stack_reals(512)
    base = stack_reals(512)
    shift = stack_reals(512)
    pixel_tops(classes, n, z, top)
    for k in range(n):
        score[k] = z[labels[k] * n + k]
    large = take_off(n, top, score, base, shift, s)
    for j in range(classes):
        row = offset(z, j * n)
        if large == 1:
            for k in range(n):
                row[k] = row[k] - base[k]
        class_terms(row, shift, n)
        if lines != 0:
            will_need(reals(place + j * stride), lines)
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
        if total[k] == double(0.0):
            clear_row(classes, stride, offset(g, k * step))
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
    z = stack_reals(16384)
    classes = c.classes
    inner = c.inner
    step = c.pred_steps.inner if inner > 1 else c.pred_steps.outer
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
        data = array_data(c.pred.array) + locate_row(c, start, c.pred_steps) * item_size(c.pred.kind, c.itemsize)
        pixel_scores(data, c.pred.kind, c.itemsize, classes, c.pred_steps.classes, step, n, z)
        apart_by = c.gradient_steps.inner if inner > 1 else c.gradient_steps.outer
        stride = c.gradient_steps.classes
        size = item_size(c.gradient.kind, c.itemsize)
        written = array_data(c.gradient.array) if c.mode >= GRADIENT else array_data(c.pred.array)
        place = written + locate_row(c, start, c.gradient_steps) * size
        near = n * size // c.itemsize if c.mode >= GRADIENT and apart_by == 1 else 0
        pixel_terms(classes, n, z, labels, s, stride * size, place, near)
        pixel_sums(classes, n, z, labels, s)
        settle(c, n, s, total, values, coefficient, own)
        if c.mode >= GRADIENT and c.gradient.kind != DATA:
            kind = c.gradient.kind
            narrow_pixels(classes, stride, apart_by, n, z, labels, total, coefficient, own, kind, place)
        elif c.mode >= GRADIENT:
            pixel_slopes(classes, stride, apart_by, n, z, labels, total, coefficient, own, reals(place))
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0
