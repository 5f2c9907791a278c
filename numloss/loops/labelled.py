"""The fast designs of the rowwise family, for logits with labels: short rows, long rows, and pixels.

The header is that of rowwise.py. What they share: the entry of the label is left out of the sum of a row, and
`settle` turns the statistics of up to 512 rows into losses and coefficients.
"""

from __future__ import annotations

from ..scalar import exp_below, log1p, round_shift
from .language import (
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    add8,
    add8_masked,
    address,
    apart,
    array_data,
    double,
    doubles,
    maximum8,
    offset,
    real,
    reals,
    spread8,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver
from .rowwise import base_of, class_weight_of, clear_row, exponentials, locate_row, read_rows
from .sums import add_tile, clear, fold


@apart
def settle(n: Int, f: Doubles, s: Doubles, weights: Doubles, values: Doubles, coefficients: Reals, own: Reals) -> Int:
    """Losses of n <= 512 rows, what their terms are multiplied by, and the slopes at their labels.

    s holds five columns of 512: the top score, what was taken off the scores, the label's term, the sum of the
    other terms, the label's score. A label near the top keeps its digits through log1p of others / own; one far
    below adds its distance.
    """
    ratio = stack_reals(512)
    for i in range(n):
        near = s[2048 + i] >= s[i] - double(1.0)
        rest = s[1536 + i] / s[1024 + i] if near else (s[1024 + i] + s[1536 + i]) - double(1.0)
        ratio[i] = real(rest)
    for i in range(n):
        ratio[i] = log1p(ratio[i])
    for i in range(n):
        near = s[2048 + i] >= s[i] - double(1.0)
        value = double(ratio[i]) + (double(0.0) if near else s[512 + i] - s[2048 + i])
        lse = s[2048 + i] + value
        total = s[1024 + i] + s[1536 + i]
        pull = double(2.0) * f[2] * lse
        factor = weights[i] * f[0] / total
        values[i] = weights[i] * (value + f[2] * lse * lse)
        coefficients[i] = real(factor * (double(1.0) + pull))
        own[i] = real(factor * (pull * s[1024 + i] - s[1536 + i]))
    return 0


@apart
def begin_rows(c: Ints, start: Int, n: Int, labels: Ints, weights: Reals, total: Doubles, partial: Doubles) -> Int:
    """Labels of n rows and, in `total`, what they count with; its sum is added to partial[1]."""
    read_rows(c, start, n, labels, weights, partial)
    counted = double(0.0)
    for i in range(n):
        total[i] = double(weights[i])
    if c[18] != 0:
        for i in range(n):
            total[i] = total[i] * class_weight_of(c, labels[i])
    for i in range(n):
        counted = counted + total[i]
    partial[1] = partial[1] + counted
    return 0


@apart
def finish_rows(c: Ints, start: Int, n: Int, total: Doubles, values: Doubles, partial: Doubles) -> Int:
    """Add up the losses of n rows, and deliver them if they are wanted. A row that counts 0 has loss 0."""
    out = stack_reals(512)
    summed = double(0.0)
    for i in range(n):
        value = values[i] if total[i] > double(0.0) else double(0.0)
        out[i] = real(value)
        summed = summed + value
    partial[0] = partial[0] + summed
    if c[15] == 1:
        deliver(c, 47, start, n, out, 0)
    return 0


def begin_block(partial: Doubles) -> Int:
    """Nothing summed, nothing to complain about."""
    partial[0] = double(0.0)
    partial[1] = double(0.0)
    partial[2] = double(-1.0)
    return 0


# Long rows ------------------------------------------------------------------------------------------------------


@apart
def row_maximum(x: Reals, n: Int) -> Real:
    """The largest of n >= 64 values; the last window overlaps the one before, which a maximum does not mind."""
    lanes = stack_reals(64)
    for k in range(64):
        lanes[k] = x[k]
    j = 64
    while j + 64 <= n:
        for k in range(64):
            lanes[k] = x[j + k] if x[j + k] > lanes[k] else lanes[k]
        j = j + 64
    for k in range(64):
        lanes[k] = x[n - 64 + k] if x[n - 64 + k] > lanes[k] else lanes[k]
    top = real(-1e999)
    for k in range(64):
        top = lanes[k] if lanes[k] > top else top
    return top


@apart
def long_row(x: Reals, classes: Int, label: Int, keep: Int, g: Reals, s: Doubles) -> Int:
    """Statistics of one row, and its terms in g if they are to be kept."""
    e = stack_reals(512)
    lanes = stack_doubles(32)
    top = row_maximum(x, classes)
    base = base_of(top)
    shift = round_shift(top - base)
    clear(lanes)
    first = 0
    while first < classes:
        n = classes - first
        if n > 512:
            n = 512
        if label >= first and label < first + n:
            s[2048] = double(x[label])
        exponentials(offset(x, first), n, base, shift, e)
        if keep == 1:
            for i in range(n):
                g[first + i] = e[i]
        if label >= first and label < first + n:
            s[1024] = double(e[label - first])
            e[label - first] = 0.0
        add_tile(e, n, lanes)
        first = first + n
    s[0] = double(top)
    s[512] = double(base) + double(shift)
    s[1536] = fold(lanes)
    return 0


def long_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """Rows of many classes: three passes over a row that stays in cache."""
    f = offset(doubles(address(c)), 30)
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = stack_doubles(2560)
    coefficient = stack_reals(512)
    own = stack_reals(512)
    begin_block(partial)
    stop = (block + 1) * c[1]
    if stop > c[0]:
        stop = c[0]
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        begin_rows(c, start, n, labels, weights, total, partial)
        for i in range(n):
            x = offset(reals(array_data(c[38])), (start + i) * c[3])
            g = offset(reals(array_data(c[50] if c[8] > 0 else c[38])), (start + i) * c[3])
            if total[i] > double(0.0):
                long_row(x, c[3], labels[i], c[8], g, s)
                settle(1, f, s, offset(total, i), offset(values, i), coefficient, own)
                if c[8] > 0:
                    factor = coefficient[0]
                    for j in range(c[3]):
                        g[j] = g[j] * factor
                    g[labels[i]] = own[0]
            elif c[8] > 0:
                clear_row(c[3], 1, g)
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0


# Short rows -----------------------------------------------------------------------------------------------------


@apart
def flat_tops(x: Reals, rows: Int, classes: Int, s: Doubles) -> Int:
    """Largest score of each row of a few classes."""
    lanes = stack_reals(8)
    for r in range(rows):
        at = r * classes
        top = x[at]
        if classes < 8:
            for j in range(classes):
                top = x[at + j] if x[at + j] > top else top
        else:
            spread8(lanes, -1e999)
            j = 0
            while j + 8 <= classes:
                maximum8(lanes, offset(x, at + j))
                j = j + 8
            maximum8(lanes, offset(x, at + classes - 8))
            for k in range(4):
                lanes[k] = lanes[k + 4] if lanes[k + 4] > lanes[k] else lanes[k]
            for k in range(2):
                lanes[k] = lanes[k + 2] if lanes[k + 2] > lanes[k] else lanes[k]
            top = lanes[1] if lanes[1] > lanes[0] else lanes[0]
        s[r] = double(top)
    return 0


@apart
def spread_rows(column: Reals, rows: Int, classes: Int, out: Reals) -> Int:
    """Write one number a row to all its entries. Each row is written a little too far; the next one mends that."""
    for r in range(rows):
        at = r * classes
        value = column[r]
        j = 0
        while j < classes:
            spread8(offset(out, at + j), value)
            j = j + 8
    return 0


@apart
def flat_terms(x: Reals, shifts: Reals, n: Int, e: Reals) -> Int:
    """e^(x - shift) for n entries."""
    for i in range(n):
        e[i] = exp_below(x[i], shifts[i])
    return 0


@apart
def flat_sums(e: Reals, rows: Int, classes: Int, labels: Ints, s: Doubles) -> Int:
    """Term of the label of each row, and the sum of the others, in eight lanes; the last window is masked."""
    lanes = stack_reals(8)
    mask = stack_reals(8)
    left = classes % 8
    for k in range(8):
        mask[k] = 1.0 if k >= 8 - left else 0.0
    for r in range(rows):
        at = r * classes
        s[1024 + r] = double(e[at + labels[r]])
        e[at + labels[r]] = 0.0
        spread8(lanes, 0.0)
        j = 0
        while j + 8 <= classes:
            add8(lanes, offset(e, at + j))
            j = j + 8
        if classes < 8:
            for k in range(classes):
                lanes[k] = e[at + k]
        elif left > 0:
            add8_masked(lanes, offset(e, at + classes - 8), mask)
        for k in range(4):
            lanes[k] = lanes[k] + lanes[k + 4]
        s[1536 + r] = double((lanes[0] + lanes[2]) + (lanes[1] + lanes[3]))
    return 0


@apart
def flat_rows(x: Reals, rows: Int, classes: Int, labels: Ints, s: Doubles, e: Reals, spread: Reals) -> Int:
    """Statistics and terms of some short rows."""
    shift = stack_reals(512)
    base = stack_reals(512)
    flat_tops(x, rows, classes, s)
    large = 0
    for r in range(rows):
        top = real(s[r])
        base[r] = base_of(top)
        shift[r] = round_shift(top - base[r])
        s[512 + r] = double(base[r]) + double(shift[r])
        s[2048 + r] = double(x[r * classes + labels[r]])
        if base[r] != 0.0:
            large = 1
    spread_rows(shift, rows, classes, spread)
    if large == 0:
        flat_terms(x, spread, rows * classes, e)
    else:
        for r in range(rows):
            for j in range(classes):
                e[r * classes + j] = x[r * classes + j] - base[r]
        flat_terms(e, spread, rows * classes, e)
    flat_sums(e, rows, classes, labels, s)
    return 0


@apart
def flat_slopes(
    rows: Int,
    classes: Int,
    labels: Ints,
    total: Doubles,
    coefficient: Reals,
    own: Reals,
    e: Reals,
    spread: Reals,
    g: Reals,
) -> Int:
    """Gradient of some short rows from their terms."""
    spread_rows(coefficient, rows, classes, spread)
    for i in range(rows * classes):
        g[i] = e[i] * spread[i]
    for r in range(rows):
        g[r * classes + labels[r]] = own[r]
        if total[r] <= double(0.0):
            clear_row(classes, 1, offset(g, r * classes))
    return 0


def flat_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """Rows of a few classes: several at a time, as one stretch of memory wherever the work is the same for all."""
    f = offset(doubles(address(c)), 30)
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = stack_doubles(2560)
    coefficient = stack_reals(512)
    own = stack_reals(512)
    e = stack_reals(2064)
    spread = stack_reals(2064)
    begin_block(partial)
    most = 2048 // c[3]
    if most > 512:
        most = 512
    stop = (block + 1) * c[1]
    if stop > c[0]:
        stop = c[0]
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > most:
            n = most
        begin_rows(c, start, n, labels, weights, total, partial)
        x = offset(reals(array_data(c[38])), start * c[3])
        flat_rows(x, n, c[3], labels, s, e, spread)
        settle(n, f, s, total, values, coefficient, own)
        if c[8] > 0:
            g = offset(reals(array_data(c[50])), start * c[3])
            flat_slopes(n, c[3], labels, total, coefficient, own, e, spread, g)
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0


# Pixels ---------------------------------------------------------------------------------------------------------


@apart
def pixel_scores(x: Reals, classes: Int, stride: Int, n: Int, z: Reals, top: Reals) -> Int:
    """Copy the scores of n pixels to a tile, class by class, and find their tops."""
    for k in range(n):
        z[k] = x[k]
        top[k] = x[k]
    for j in range(1, classes):
        row = offset(x, j * stride)
        out = offset(z, j * n)
        for k in range(n):
            out[k] = row[k]
            top[k] = row[k] if row[k] > top[k] else top[k]
    return 0


@apart
def pixel_terms(classes: Int, n: Int, z: Reals, top: Reals, labels: Ints, s: Doubles) -> Int:
    """Replace the scores of a tile by their terms, and fill the statistics of its pixels."""
    shift = stack_reals(512)
    base = stack_reals(512)
    large = 0
    for k in range(n):
        base[k] = base_of(top[k])
        shift[k] = round_shift(top[k] - base[k])
        s[k] = double(top[k])
        s[512 + k] = double(base[k]) + double(shift[k])
        s[2048 + k] = double(z[labels[k] * n + k])
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


@apart
def pixel_sums(classes: Int, n: Int, z: Reals, labels: Ints, s: Doubles) -> Int:
    """Term of the label of each pixel, and the sum of the others: sixteen classes at a time, then in float64."""
    few = stack_reals(512)
    for k in range(n):
        s[1024 + k] = double(z[labels[k] * n + k])
        z[labels[k] * n + k] = 0.0
        s[1536 + k] = double(0.0)
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
            s[1536 + k] = s[1536 + k] + double(few[k])
        first = last
    return 0


@apart
def pixel_slopes(
    classes: Int, stride: Int, n: Int, z: Reals, labels: Ints, total: Doubles, coefficient: Reals, own: Reals, g: Reals
) -> Int:
    """Gradient of the pixels of a tile."""
    for j in range(classes):
        row = offset(z, j * n)
        out = offset(g, j * stride)
        for k in range(n):
            out[k] = row[k] * coefficient[k]
    for k in range(n):
        g[labels[k] * stride + k] = own[k]
        if total[k] <= double(0.0):
            clear_row(classes, stride, offset(g, k))
    return 0


def pixels_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """Classes in the middle: a tile of neighbouring pixels, all classes of it in a contiguous copy."""
    f = offset(doubles(address(c)), 30)
    weights = stack_reals(512)
    labels = stack_ints(512)
    total = stack_doubles(512)
    values = stack_doubles(512)
    s = stack_doubles(2560)
    coefficient = stack_reals(512)
    own = stack_reals(512)
    top = stack_reals(512)
    z = stack_reals(8192)
    begin_block(partial)
    most = 4096 // c[3]
    most = most - most % 32
    if most < 32:
        most = 32
    if most > 512:
        most = 512
    stop = (block + 1) * c[1]
    if stop > c[0]:
        stop = c[0]
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > most:
            n = most
        if n > c[4] - start % c[4]:
            n = c[4] - start % c[4]
        begin_rows(c, start, n, labels, weights, total, partial)
        x = offset(reals(array_data(c[38])), locate_row(start, c[4], c[5], 1))
        pixel_scores(x, c[3], c[6], n, z, top)
        pixel_terms(c[3], n, z, top, labels, s)
        pixel_sums(c[3], n, z, labels, s)
        settle(n, f, s, total, values, coefficient, own)
        if c[8] > 0:
            g = offset(reals(array_data(c[50])), locate_row(start, c[4], c[24], 1))
            pixel_slopes(c[3], c[6], n, z, labels, total, coefficient, own, g)
        finish_rows(c, start, n, total, values, partial)
        start = start + n
    return 0
