"""Curvatures of rows of logits with labels, several rows at a time: what short rows and pixels share.

Of a class with the probability p, which leaves 1 - p, it is a p (1 - p) + b p p / r, where a is the slope of the loss
with respect to the cross-entropy of the label. Of a z-loss b is twice its weight, and r is 1; of a law b is its
curvature times r, which is what the label leaves. A bound is at most a p (1 - p) + b p, with other a and b, see
rowwise_slopes.py and rowwise_law.py. What the most probable class leaves is a sum of its own, and so has its digits.
"""

from __future__ import annotations

from .codes import DATA
from .halves import narrow
from .headers import Measures, Rowwise
from .language import (
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    apart,
    double,
    noinline,
    offset,
    real,
    reals,
    run_sum,
    stack_doubles,
    stack_reals,
)
from .operands import item_size

# Columns of 512 numbers of rows: a, b, r, 1 / sum of the terms, what the most probable class leaves, what no curvature
# is below, and the curvature of the label.
SLOPE = 0
BEND = 512
REST = 1024
INVERSE = 1536
BESIDE = 2048
LEAST = 2560
OWN = 3072


def is_curved(c: Rowwise) -> Int:
    """Whether b may be anything but 0."""
    return 1 if c.tile != 0 or c.zeta > double(0.0) else 0


@noinline
def settle_bends(c: Rowwise, n: Int, s: Measures, samples: Reals, weights: Doubles, bent: Reals) -> Int:
    """What curvatures of n <= 512 rows are made of, from slopes and bends of the loss in the columns of these names.

    `samples` are weights of rows alone, `weights` those of classes, too: what a bound is not below is as large as it is
    for a row that counts nothing.
    """
    bound = c.bound
    by_law = 1 if c.tile != 0 else 0
    scale = c.scale
    low = c.least if bound == 1 else double(-1e999)
    for i in range(n):
        factor = weights[i] * scale
        total = s.label_term[i] + s.others[i]
        p = s.label_term[i] / total
        left = s.others[i] / total
        a = double(bent[SLOPE + i])
        b = double(bent[BEND + i])
        rest = left if by_law == 1 else double(1.0)
        v = left if by_law == 1 else p
        if bound == 1:
            upward = b if b > double(0.0) else double(0.0)
            b = double(2.0) * upward if by_law == 1 else b
            size = abs(a) if by_law == 1 or a > double(0.0) else double(0.0)
            a = double(2.0) * size
        whole = a * p * left + (b * v if bound == 1 or by_law == 1 else b * v * v)
        own = factor * whole
        least = low * (double(samples[i]) * scale) if bound == 1 else low
        bent[SLOPE + i] = real(factor * a)
        bent[BEND + i] = real(factor * b)
        bent[REST + i] = real(rest)
        bent[INVERSE + i] = real(double(1.0) / total)
        bent[LEAST + i] = real(least)
        bent[OWN + i] = real(least if own < least else own)
    return 0


def bend_of(p: Real, beside: Real, slope: Real, least: Real) -> Real:
    """The curvature of a class where b is 0."""
    left = beside if p > 0.75 else 1.0 - p
    bend = slope * p * left
    return least if bend < least else bend


def curved_bend_of(p: Real, beside: Real, slope: Real, bend: Real, rest: Real, bound: Int, least: Real) -> Real:
    """The curvature of a class."""
    left = beside if p > 0.75 else 1.0 - p
    share = 1.0 if bound == 1 else p / rest
    bent = slope * p * left + bend * (share if p > 0.0 else 0.0) * p
    return least if bent < least else bent


@noinline
@apart
def bends_of_row(
    n: Int,
    e: Reals,
    inverse: Real,
    beside: Real,
    slope: Real,
    bend: Real,
    rest: Real,
    least: Real,
    curved: Int,
    bound: Int,
    h: Reals,
) -> Int:
    """Curvatures of the classes of a row from their terms."""
    if curved == 1:
        for j in range(n):
            h[j] = curved_bend_of(e[j] * inverse, beside, slope, bend, rest, bound, least)
    else:
        for j in range(n):
            h[j] = bend_of(e[j] * inverse, beside, slope, least)
    return 0


@noinline
@apart
def bends_of_class(
    n: Int,
    e: Reals,
    inverse: Reals,
    beside: Reals,
    slope: Reals,
    bend: Reals,
    rest: Reals,
    least: Reals,
    curved: Int,
    bound: Int,
    h: Reals,
) -> Int:
    """Curvatures of a class of n rows from its terms."""
    if curved == 1:
        for k in range(n):
            h[k] = curved_bend_of(e[k] * inverse[k], beside[k], slope[k], bend[k], rest[k], bound, least[k])
    else:
        for k in range(n):
            h[k] = bend_of(e[k] * inverse[k], beside[k], slope[k], least[k])
    return 0


def dead_bend(c: Rowwise, bent: Reals, row: Int) -> Real:
    """The curvature of every class of a row that counts nothing."""
    return bent[LEAST + row] if c.bound == 1 else real(0.0)


@noinline
def flat_bends(c: Rowwise, rows: Int, classes: Int, s: Measures, e: Reals, bent: Reals, h: Reals) -> Int:
    """Curvatures of some short rows from their terms, but for those of the labels."""
    few = stack_reals(256)
    curved = is_curved(c)
    bound = c.bound
    for r in range(rows):
        terms = offset(e, r * classes)
        inverse = bent[INVERSE + r]
        total = s.label_term[r] + s.others[r]
        if s.others[r] > double(0.7) * total:
            for j in range(classes):
                few[j] = terms[j] if not terms[j] * inverse > 0.75 else 0.0
            bent[BESIDE + r] = real((s.label_term[r] + double(run_sum(few, classes))) / total)
        else:
            bent[BESIDE + r] = 0.0
        bends_of_row(
            classes,
            terms,
            inverse,
            bent[BESIDE + r],
            bent[SLOPE + r],
            bent[BEND + r],
            bent[REST + r],
            bent[LEAST + r],
            curved,
            bound,
            offset(h, r * classes),
        )
    return 0


@noinline
def flat_own_bends(c: Rowwise, rows: Int, classes: Int, labels: Ints, total: Doubles, bent: Reals, h: Reals) -> Int:
    """Curvatures of the labels of some short rows, and of rows that count nothing."""
    for r in range(rows):
        h[r * classes + labels[r]] = bent[OWN + r]
        if total[r] == double(0.0):
            value = dead_bend(c, bent, r)
            for j in range(classes):
                h[r * classes + j] = value
    return 0


@noinline
def pixel_beside(classes: Int, n: Int, z: Reals, s: Measures, bent: Reals) -> Int:
    """What the most probable class of each pixel leaves, if it is not the label and has most of the probability."""
    sums = stack_doubles(512)
    few = stack_reals(512)
    inverse = offset(bent, INVERSE)
    for k in range(n):
        sums[k] = s.label_term[k]
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
                few[k] = few[k] + (row[k] if not row[k] * inverse[k] > 0.75 else 0.0)
        for k in range(n):
            sums[k] = sums[k] + double(few[k])
        first = last
    for k in range(n):
        bent[BESIDE + k] = real(sums[k] / (s.label_term[k] + s.others[k]))
    return 0


def write_pixels(data: Int, kind: Int, step: Int, n: Int, line: Reals) -> Int:
    """Write numbers of n pixels, `step` elements apart."""
    if kind != DATA:
        narrow(data, kind, step, n, line)
    else:
        out = reals(data)
        for k in range(n):
            out[k * step] = line[k]
    return 0


@noinline
def pixel_bends(
    c: Rowwise, step: Int, n: Int, z: Reals, labels: Ints, total: Doubles, s: Measures, bent: Reals, data: Int
) -> Int:
    """Curvatures of the pixels of a tile from their terms, `step` elements apart from `data` on."""
    line = stack_reals(512)
    classes = c.classes
    kind = c.curvature.kind
    stride = c.curvature_steps.classes
    size = item_size(kind, c.itemsize)
    curved = is_curved(c)
    bound = c.bound
    pixel_beside(classes, n, z, s, bent)
    for j in range(classes):
        place = data + j * stride * size
        out = reals(place) if kind == DATA and step == 1 else line
        bends_of_class(
            n,
            offset(z, j * n),
            offset(bent, INVERSE),
            offset(bent, BESIDE),
            offset(bent, SLOPE),
            offset(bent, BEND),
            offset(bent, REST),
            offset(bent, LEAST),
            curved,
            bound,
            out,
        )
        if kind != DATA or step != 1:
            write_pixels(place, kind, step, n, line)
    for k in range(n):
        write_pixels(data + (labels[k] * stride + k * step) * size, kind, 1, 1, offset(bent, OWN + k))
        if total[k] == double(0.0):
            line[0] = dead_bend(c, bent, k)
            for j in range(classes):
                write_pixels(data + (j * stride + k * step) * size, kind, 1, 1, line)
    return 0
