"""The embedding family: a law of sums over the entries of two or three vectors, and of what is known of the row.

A sum is of one of the kinds of codes.py: squared differences of two vectors (0), absolute ones (1), or
products (2); 3 stands for a sum that is left out. Header of the problem c:

    0 rows   1 rows of a block   2 address of the tile   3 dimensions   4 weighted   5 values wanted   6 mode
    7 vectors   8 sums   9 bytes of the data's dtype   10 check of what is known, 0 if nothing is   11 parameters
    12-17 strides of the vectors: row, entry   18-23 of their gradients
    24-38 five integers a sum: its kind, its two vectors, whether it is the first that adds to their gradients   39 -
    40-47 the floats   48 onwards: operands: vectors and what is known, three together, weight, values, gradients

Floats: scale, lowest and highest of what is known, then the parameters of the law.
"""

from __future__ import annotations

from .elementwise import weight_tile
from .headers import Result
from .language import (
    Double,
    Int,
    Ints,
    Real,
    Reals,
    address,
    apart,
    array_data,
    call_tile,
    double,
    doubles,
    offset,
    operand_at,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch, first_outside
from .rowwise_parts import clear_row
from .sums import add_tile, clear, end_of_block, fold, report


def term(kind: Int, x: Real, y: Real) -> Real:
    """What two entries add to a sum."""
    d = x - y
    return x * y if kind == 2 else abs(d) if kind == 1 else d * d


def sum_of_terms(kind: Int, a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int) -> Double:
    """A sum over the entries of two vectors: 32 lanes over at most 512 entries, then in float64."""
    lanes = stack_reals(32)
    total = double(0.0)
    first = 0
    while first < size:
        n = size - first
        if n > 512:
            n = 512
        for k in range(32):
            lanes[k] = 0.0
        whole = n - n % 32
        j = 0
        while j < whole:
            if step_a == 1 and step_b == 1:
                for k in range(32):
                    lanes[k] = lanes[k] + term(kind, a[first + j + k], b[first + j + k])
            else:
                for k in range(32):
                    lanes[k] = lanes[k] + term(kind, a[(first + j + k) * step_a], b[(first + j + k) * step_b])
            j = j + 32
        for k in range(n - whole):
            lanes[k] = lanes[k] + term(kind, a[(first + whole + k) * step_a], b[(first + whole + k) * step_b])
        for k in range(16):
            lanes[k] = lanes[k] + lanes[k + 16]
        for k in range(8):
            lanes[k] = lanes[k] + lanes[k + 8]
        for k in range(4):
            lanes[k] = lanes[k] + lanes[k + 4]
        total = total + double((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
        first = first + n
    return total


@apart
def sum_of_squares(a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int) -> Double:
    """The sum of squared differences: a function of its own for each kind, so that none decides in its loop."""
    return sum_of_terms(0, a, step_a, b, step_b, size)


@apart
def sum_of_distances(a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int) -> Double:
    """The sum of absolute differences."""
    return sum_of_terms(1, a, step_a, b, step_b, size)


@apart
def sum_of_products(a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int) -> Double:
    """The sum of products."""
    return sum_of_terms(2, a, step_a, b, step_b, size)


@apart
def pull_apart(
    a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int, slope: Real, ga: Reals, to_a: Int, gb: Reals, to_b: Int
) -> Int:
    """Gradients of two vectors by the first sum, of squares: 2 * slope * (a - b), and its negative."""
    twice = 2.0 * slope
    if step_a == 1 and step_b == 1 and to_a == 1 and to_b == 1:
        for j in range(size):
            away = twice * (a[j] - b[j])
            ga[j] = away
            gb[j] = -away
    else:
        for j in range(size):
            away = twice * (a[j * step_a] - b[j * step_b])
            ga[j * to_a] = away
            gb[j * to_b] = -away
    return 0


@apart
def pull_both(
    kind: Int, a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int, slope: Real,
    ga: Reals, to_a: Int, gb: Reals, to_b: Int,
) -> Int:  # fmt: skip
    """Add the slopes of a sum over two vectors to the gradients of both."""
    together = step_a == 1 and step_b == 1 and to_a == 1 and to_b == 1
    twice = 2.0 * slope
    if together and kind == 0:
        for j in range(size):
            away = twice * (a[j] - b[j])
            ga[j] = ga[j] + away
            gb[j] = gb[j] - away
    elif together and kind == 2:
        for j in range(size):
            x = a[j]
            y = b[j]
            ga[j] = ga[j] + slope * y
            gb[j] = gb[j] + slope * x
    else:
        for j in range(size):
            x = a[j * step_a]
            y = b[j * step_b]
            d = x - y
            # no slope between equal entries; NaN stays NaN
            away = slope if d > 0.0 else -slope if d < 0.0 else d
            if kind == 0:
                away = twice * d
            ga[j * to_a] = ga[j * to_a] + (slope * y if kind == 2 else away)
            gb[j * to_b] = gb[j * to_b] + (slope * x if kind == 2 else -away)
    return 0


@apart
def stretch(a: Reals, step: Int, size: Int, slope: Real, ga: Reals, to: Int) -> Int:
    """Add the slopes of the sum of squares of a vector to its gradient."""
    twice = 2.0 * slope
    if step == 1 and to == 1:
        for j in range(size):
            ga[j] = ga[j] + twice * a[j]
    else:
        for j in range(size):
            ga[j * to] = ga[j * to] + twice * a[j * step]
    return 0


def vectors_at(c: Ints, operand: Int, row: Int, stride: Int) -> Reals:
    """Where the rows of an array begin from `row` on."""
    return offset(reals(array_data(c[operand])), row * stride)


@apart
def add_up_rows(c: Ints, k: Int, start: Int, n: Int, sums: Reals) -> Int:
    """The sum at c[k] for n rows."""
    one = c[k + 1]
    other = c[k + 2]
    stride_a = c[12 + 2 * one]
    stride_b = c[12 + 2 * other]
    step_a = c[13 + 2 * one]
    step_b = c[13 + 2 * other]
    kind = c[k]
    size = c[3]
    a = vectors_at(c, 48 + 3 * one, start, stride_a)
    b = vectors_at(c, 48 + 3 * other, start, stride_b)
    for i in range(n):
        x = offset(a, i * stride_a)
        y = offset(b, i * stride_b)
        if kind == 0:
            sums[i] = real(sum_of_squares(x, step_a, y, step_b, size))
        elif kind == 1:
            sums[i] = real(sum_of_distances(x, step_a, y, step_b, size))
        elif kind == 2:
            sums[i] = real(sum_of_products(x, step_a, y, step_b, size))
        else:
            sums[i] = 0.0
    return 0


@apart
def spread_slopes(c: Ints, k: Int, start: Int, n: Int, slopes: Reals) -> Int:
    """Add the slopes of the sum at c[k] of n rows to the gradients of its vectors."""
    one = c[k + 1]
    other = c[k + 2]
    stride_a = c[12 + 2 * one]
    stride_b = c[12 + 2 * other]
    row_a = c[18 + 2 * one]
    row_b = c[18 + 2 * other]
    step_a = c[13 + 2 * one]
    step_b = c[13 + 2 * other]
    to_a = c[19 + 2 * one]
    to_b = c[19 + 2 * other]
    first_a = c[k + 3]
    first_b = c[k + 4]
    kind = c[k]
    size = c[3]
    a = vectors_at(c, 48 + 3 * one, start, stride_a)
    b = vectors_at(c, 48 + 3 * other, start, stride_b)
    ga = vectors_at(c, 63 + 3 * one, start, row_a)
    gb = vectors_at(c, 63 + 3 * other, start, row_b)
    for i in range(n):
        x = offset(a, i * stride_a)
        y = offset(b, i * stride_b)
        gx = offset(ga, i * row_a)
        gy = offset(gb, i * row_b)
        if kind == 0 and first_a + first_b == 2:
            # memory that is only written is not read before
            pull_apart(x, step_a, y, step_b, size, slopes[i], gx, to_a, gy, to_b)
        elif kind != 3:
            if first_a == 1:
                clear_row(size, to_a, gx)
            if first_b == 1:
                clear_row(size, to_b, gy)
            if one == other:
                stretch(x, step_a, size, slopes[i], gx, to_a)
            else:
                pull_both(kind, x, step_a, y, step_b, size, slopes[i], gx, to_a, gy, to_b)
    return 0


def embedding_block(c: Ints, partial: Result, block: Int) -> Int:
    """Evaluate one block of rows."""
    f = offset(doubles(address(c)), 40)
    params = stack_reals(16)
    for k in range(c[11]):
        params[k] = real(f[3 + k])
    pointers = stack_ints(8)
    sums = stack_reals(1536)
    buffer = stack_reals(512)
    values = stack_reals(512)
    slopes = stack_reals(1536)
    weights = stack_reals(512)
    lanes = stack_doubles(32)
    weight_lanes = stack_doubles(32)
    clear(lanes)
    clear(weight_lanes)
    partial.bad_at = -1
    stop = end_of_block(c, block)
    start = block * c[1]
    while start < stop:
        n = stop - start
        # few enough rows that their vectors are still in cache when the gradient reads them again
        most = 4096 // c[3] if c[3] < 4096 else 1
        if most > 512:
            most = 512
        if n > most:
            n = most
        at = c[8]
        for k in range(c[8]):
            add_up_rows(c, 24 + 5 * k, start, n, offset(sums, 512 * k))
            pointers[k] = address(offset(sums, 512 * k))
        if c[10] > 0:
            known = fetch(operand_at(c, 54), c[9], 0.0, start, n, buffer)
            bad = first_outside(known, n, c[10], real(f[1]), real(f[2]))
            if bad >= 0:
                report(partial, start + bad, 2)
            pointers[at] = address(known)
            at = at + 1
        pointers[at] = address(values)
        for k in range(c[8]):
            pointers[at + 1 + k] = address(offset(slopes, 512 * k))
        call_tile(c[2], pointers, params, n)
        w = values
        if c[4] == 1:
            w = weight_tile(operand_at(c, 57), c[9], start, n, weights, weight_lanes, partial)
            for i in range(n):
                values[i] = values[i] * w[i] if w[i] > 0.0 else 0.0
        if c[5] == 1:
            deliver(operand_at(c, 60), start, n, values, 0)
        if c[6] > 0:
            scale = real(f[0])
            for k in range(c[8]):
                slope = offset(slopes, 512 * k)
                for i in range(n):
                    factor = w[i] * scale if c[4] == 1 else scale
                    slope[i] = slope[i] * factor if c[4] == 0 or w[i] > 0.0 else 0.0
                spread_slopes(c, 24 + 5 * k, start, n, slope)
        add_tile(values, n, lanes)
        start = start + n
    partial.value = fold(lanes)
    partial.weight = fold(weight_lanes)
    return 0
