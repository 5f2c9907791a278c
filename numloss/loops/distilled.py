"""The distilled family: rows of logits between those of a teacher, softened by a temperature, and labels.

With p the softmax of the logits, p_T and q those of logits and teacher over the temperature T, a loss is
alpha T^2 sum q log(q / p_T) - (1 - alpha) log p of the label. The header of a problem is that of rowwise.py, with

    56 what is added to scores (absent)   59 onwards: teacher: array object, dtype, strides: outer, class, inner

Floats 6 and 7 are the temperature and alpha.
"""

from __future__ import annotations

from ..scalar import round_shift
from .headers import Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    address,
    apart,
    array_data,
    double,
    double_log1p,
    doubles,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import convert, item_size
from .rowwise import bounded
from .rowwise_parts import (
    add_losses,
    base_of,
    clear_slopes,
    exponentials,
    first_equal,
    locate_row,
    read_rows,
    tile_maximum,
)
from .sums import add_tile, add_up, begin_block, clear, end_of_block, fold, tile_length


def softened(c: Ints, data: Int, code: Int, stride: Int, first: Int, n: Int, inverse: Real, z: Reals) -> Int:
    """Logits of n classes from `first`, over a temperature."""
    convert(data + first * stride * item_size(code, c[9]), code, stride, n, z)
    for i in range(n):
        z[i] = z[i] * inverse
    return 0


@apart
def measure_softened(c: Ints, data: Int, code: Int, stride: Int, inverse: Real, label: Int, s: Doubles) -> Int:
    """Of a row: 0 top, 1 base, 2 shift, 3 the term of the pivot, 4 the other terms, 5 and 6 score and term of the
    label, 7 the pivot, which is where the top is."""
    z = stack_reals(512)
    e = stack_reals(512)
    lanes = stack_doubles(32)
    top = real(-1e999)
    pivot = 0
    first = 0
    while first < c[3]:
        n = tile_length(first, c[3])
        softened(c, data, code, stride, first, n, inverse, z)
        peak = tile_maximum(z, n)
        if peak > top:
            top = peak
            pivot = first + first_equal(z, n, top)
        first = first + n
    base = base_of(top)
    shift = round_shift(top - base)
    clear(lanes)
    first = 0
    while first < c[3]:
        n = tile_length(first, c[3])
        softened(c, data, code, stride, first, n, inverse, z)
        exponentials(z, n, base, shift, e)
        if label >= first and label < first + n:
            s[5] = double(z[label - first])
            s[6] = double(e[label - first])
        if pivot >= first and pivot < first + n:
            s[3] = double(e[pivot - first])
            e[pivot - first] = 0.0
        add_tile(e, n, lanes)
        first = first + n
    s[0] = double(top)
    s[1] = double(base)
    s[2] = double(shift)
    s[4] = fold(lanes)
    s[7] = double(pivot)
    return 0


@apart
def divergence(c: Ints, x: Int, t: Int, inverse: Real, soft: Doubles, teacher: Doubles) -> Double:
    """The sum of q log(q / p_T) over the classes of a row."""
    z = stack_reals(512)
    y = stack_reals(512)
    q = stack_reals(512)
    lanes = stack_doubles(32)
    clear(lanes)
    share = real(double(1.0) / (teacher[3] + teacher[4]))
    rest = real(double_log1p(teacher[4] / teacher[3]) - double_log1p(soft[4] / soft[3]))
    first = 0
    while first < c[3]:
        n = tile_length(first, c[3])
        softened(c, x, 0, c[6], first, n, inverse, z)
        softened(c, t, c[60], c[62], first, n, inverse, y)
        exponentials(y, n, real(teacher[1]), real(teacher[2]), q)
        for i in range(n):
            p = q[i] * share
            apart_by = ((y[i] - real(teacher[0])) - (z[i] - real(soft[0]))) - rest
            q[i] = p * apart_by if p > 0.0 else p
        add_tile(q, n, lanes)
        first = first + n
    return fold(lanes)


def left_of(s: Doubles) -> Real:
    """What the largest probability of a row leaves."""
    return real(s[4] / (s[3] + s[4]))


@apart
def probabilities(z: Reals, n: Int, first: Int, s: Doubles, p: Reals, others: Reals) -> Int:
    """p and 1 - p of n scores from class `first`, both with all their digits."""
    inverse = real(double(1.0) / (s[3] + s[4]))
    exponentials(z, n, real(s[1]), real(s[2]), p)
    for i in range(n):
        p[i] = p[i] * inverse
        others[i] = 1.0 - p[i]
    if s[7] >= double(first) and s[7] < double(first + n):
        for i in range(n):
            others[i] = left_of(s) if double(first + i) == s[7] else others[i]
    return 0


@apart
def distilled_slopes(
    c: Ints, f: Doubles, x: Int, t: Int, label: Int, s: Doubles, factor: Double, g: Reals, h: Reals
) -> Int:
    """Gradient, and curvature, of a row, times a factor; s are the measures of logits, softened logits and teacher."""
    z = stack_reals(512)
    hard = stack_reals(1024)
    soft = stack_reals(1024)
    teacher = stack_reals(1024)
    inverse = real(double(1.0) / f[6])
    pull = real(f[6] * f[7])
    alpha = real(f[7])
    beta = 1.0 - alpha
    scale = real(factor)
    first = 0
    while first < c[3]:
        n = tile_length(first, c[3])
        softened(c, x, 0, c[6], first, n, 1.0, z)
        probabilities(z, n, first, s, hard, offset(hard, 512))
        softened(c, x, 0, c[6], first, n, inverse, z)
        probabilities(z, n, first, offset(s, 8), soft, offset(soft, 512))
        softened(c, t, c[60], c[62], first, n, inverse, z)
        probabilities(z, n, first, offset(s, 16), teacher, offset(teacher, 512))
        for i in range(n):
            # of two probabilities near 1 what they leave tells them apart
            near = teacher[512 + i] - soft[512 + i]
            away = near if soft[i] > 0.5 else soft[i] - teacher[i]
            own = -hard[512 + i] if first + i == label else hard[i]
            z[i] = pull * away + beta * own
        if c[8] == 2:
            for i in range(n):
                bend = alpha * soft[i] * soft[512 + i] + beta * hard[i] * hard[512 + i]
                bend = 2.0 * bend if c[20] == 1 else bend
                h[(first + i) * c[28]] = bounded(c[20], bend, real(f[5])) * scale
        for i in range(n):
            g[(first + i) * c[25]] = z[i] * scale
        first = first + n
    return 0


@apart
def distilled_row(
    c: Ints, f: Doubles, x: Int, t: Int, label: Int, weight: Double, g: Reals, h: Reals
) -> Double:
    """Loss of a row; its gradient and curvature, times its weight, in g and h."""
    s = stack_doubles(24)
    soft = offset(s, 8)
    teacher = offset(s, 16)
    inverse = real(double(1.0) / f[6])
    measure_softened(c, x, 0, c[6], 1.0, label, s)
    measure_softened(c, x, 0, c[6], inverse, -1, soft)
    measure_softened(c, t, c[60], c[62], inverse, -1, teacher)
    surprise = double_log1p(s[4] / s[3]) + (s[0] - s[5])
    apart_by = divergence(c, x, t, inverse, soft, teacher)
    if c[8] > 0:
        distilled_slopes(c, f, x, t, label, s, weight * f[0], g, h)
    return f[7] * f[6] * f[6] * apart_by + (double(1.0) - f[7]) * surprise


def distilled_block(c: Ints, partial: Result, block: Int) -> Int:
    """One row after the other."""
    f = offset(doubles(address(c)), 30)
    weights = stack_reals(512)
    labels = stack_ints(512)
    losses = stack_doubles(512)
    counts = stack_doubles(512)
    begin_block(partial)
    stop = end_of_block(c, block)
    start = block * c[1]
    while start < stop:
        n = tile_length(start, stop)
        read_rows(c, start, n, labels, weights, partial)
        for i in range(n):
            row = start + i
            g = offset(reals(array_data(c[50] if c[8] > 0 else c[38])), locate_row(row, c[4], c[24], c[26]))
            h = offset(reals(array_data(c[53] if c[8] > 1 else c[38])), locate_row(row, c[4], c[27], c[29]))
            counts[i] = double(weights[i])
            losses[i] = double(0.0)
            if weights[i] > 0.0:
                x = address(offset(reals(array_data(c[38])), locate_row(row, c[4], c[5], c[7])))
                t = array_data(c[59]) + locate_row(row, c[4], c[61], c[63]) * item_size(c[60], c[9])
                losses[i] = counts[i] * distilled_row(c, f, x, t, labels[i], counts[i], g, h)
            else:
                clear_slopes(c, g, h)
        add_losses(c, start, n, losses, partial)
        partial.weight = partial.weight + add_up(counts, n)
        start = start + n
    return 0
