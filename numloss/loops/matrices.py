"""Products of small matrices inside of an example, in one order of additions whatever compiler, CPU and thread.

Terms are multiplied 64 at a time, and what they add up to is added to the result: sums of many lose less.
"""

from __future__ import annotations

from ..scalar import fma
from .language import Double, Doubles, Int, Real, Reals, apart, double, noinline, offset, real, stack_reals
from .sums import tile_length

# Terms that are added up before they are added to the result, and rows of a matrix that are worked on together.
PANEL = 64


@apart
def clear_reals(x: Reals, n: Int) -> Int:
    """Zeros."""
    for i in range(n):
        x[i] = 0.0
    return 0


@apart
def add_reals(x: Reals, n: Int, y: Reals) -> Int:
    """Add n numbers to others."""
    for i in range(n):
        y[i] = y[i] + x[i]
    return 0


@apart
def scale_reals(x: Reals, n: Int, factor: Real) -> Int:
    """Multiply n numbers."""
    for i in range(n):
        x[i] = x[i] * factor
    return 0


@apart
def add_four_by_four(
    a: Reals, p: Reals, q: Reals, r: Reals, s: Reals, n: Int, first: Reals, second: Reals, third: Reals, last: Reals
) -> Int:
    """Add four rows, times sixteen factors, to four others."""
    a0 = a[0]
    a1 = a[1]
    a2 = a[2]
    a3 = a[3]
    b0 = a[4]
    b1 = a[5]
    b2 = a[6]
    b3 = a[7]
    c0 = a[8]
    c1 = a[9]
    c2 = a[10]
    c3 = a[11]
    d0 = a[12]
    d1 = a[13]
    d2 = a[14]
    d3 = a[15]
    for j in range(n):
        first[j] = fma(a3, s[j], fma(a2, r[j], fma(a1, q[j], fma(a0, p[j], first[j]))))
        second[j] = fma(b3, s[j], fma(b2, r[j], fma(b1, q[j], fma(b0, p[j], second[j]))))
        third[j] = fma(c3, s[j], fma(c2, r[j], fma(c1, q[j], fma(c0, p[j], third[j]))))
        last[j] = fma(d3, s[j], fma(d2, r[j], fma(d1, q[j], fma(d0, p[j], last[j]))))
    return 0


@apart
def add_row_times(a: Real, p: Reals, n: Int, y: Reals) -> Int:
    """Add a row, times a factor, to another one."""
    for j in range(n):
        y[j] = fma(a, p[j], y[j])
    return 0


@noinline
def add_row_product(a: Reals, across: Int, b: Reals, step: Int, terms: Int, n: Int, y: Reals) -> Int:
    """Add up to 64 terms of n <= 512 columns to a row of a product."""
    sums = stack_reals(512)
    clear_reals(sums, n)
    for k in range(terms):
        add_row_times(a[k * across], offset(b, k * step), n, sums)
    add_reals(sums, n, y)
    return 0


@noinline
def add_four_products(
    a: Reals, down: Int, across: Int, b: Reals, step: Int, terms: Int, n: Int, y: Reals, y_step: Int
) -> Int:
    """The same of four rows."""
    sums = stack_reals(2048)
    factors = stack_reals(16)
    for i in range(4):
        clear_reals(offset(sums, 512 * i), n)
    whole = terms - terms % 4
    for k in range(0, whole, 4):
        for i in range(4):
            for j in range(4):
                factors[4 * i + j] = a[i * down + (k + j) * across]
        p = offset(b, k * step)
        q = offset(p, step)
        r = offset(q, step)
        s = offset(r, step)
        second = offset(sums, 512)
        third = offset(sums, 1024)
        add_four_by_four(factors, p, q, r, s, n, sums, second, third, offset(sums, 1536))
    for k in range(whole, terms):
        for i in range(4):
            add_row_times(a[i * down + k * across], offset(b, k * step), n, offset(sums, 512 * i))
    for i in range(4):
        add_reals(offset(sums, 512 * i), n, offset(y, i * y_step))
    return 0


@noinline
def add_product(
    a: Reals, down: Int, across: Int, b: Reals, step: Int, rows: Int, terms: Int, columns: Int, y: Reals, y_step: Int
) -> Int:
    """Add the product of two matrices to y.

    Entries of a lie `down` and `across` from the next row and column; rows of b and y lie in order, `step` and `y_step`
    from each other.
    """
    whole = rows - rows % 4
    start = 0
    while start < columns:
        n = tile_length(start, columns)
        for first in range(0, terms, 64):
            m = terms - first if terms - first < 64 else 64
            left = offset(a, first * across)
            right = offset(b, first * step + start)
            for i in range(0, whole, 4):
                add_four_products(
                    offset(left, i * down), down, across, right, step, m, n, offset(y, i * y_step + start), y_step
                )
            for i in range(whole, rows):
                add_row_product(offset(left, i * down), across, right, step, m, n, offset(y, i * y_step + start))
        start = start + n
    return 0


@noinline
def transposed(x: Reals, rows: Int, columns: Int, out: Reals) -> Int:
    """A matrix with its rows as columns."""
    for i in range(rows):
        for j in range(columns):
            out[j * rows + i] = x[i * columns + j]
    return 0


@apart
def add_row_wide(x: Reals, n: Int, sums: Doubles) -> Int:
    """Add a row to sums of columns."""
    for j in range(n):
        sums[j] = sums[j] + double(x[j])
    return 0


@apart
def add_row_squares(x: Reals, mean: Doubles, n: Int, sums: Doubles) -> Int:
    """Add squared distances of a row from means to sums of columns."""
    for j in range(n):
        d = double(x[j]) - mean[j]
        sums[j] = sums[j] + d * d
    return 0


@apart
def add_row_products(x: Reals, y: Reals, n: Int, sums: Doubles) -> Int:
    """Add products of the entries of two rows to sums of columns."""
    for j in range(n):
        sums[j] = sums[j] + double(x[j]) * double(y[j])
    return 0


@apart
def shifted_row(x: Reals, mean: Doubles, factor: Doubles, n: Int, out: Reals) -> Int:
    """A row less means, times factors, rounded once."""
    for j in range(n):
        out[j] = real((double(x[j]) - mean[j]) * factor[j])
    return 0


@apart
def scale_doubles(x: Doubles, n: Int, factor: Double) -> Int:
    """Multiply n sums."""
    for j in range(n):
        x[j] = x[j] * factor
    return 0


@apart
def spread_double(x: Doubles, n: Int, number: Double) -> Int:
    """A number, n times."""
    for j in range(n):
        x[j] = number
    return 0


@noinline
def column_moments(x: Reals, rows: Int, n: Int, mean: Doubles, squares: Doubles) -> Int:
    """Means of columns, and sums of squared distances from them, in float64."""
    spread_double(mean, n, double(0.0))
    spread_double(squares, n, double(0.0))
    for i in range(rows):
        add_row_wide(offset(x, i * n), n, mean)
    scale_doubles(mean, n, double(1.0) / double(rows))
    for i in range(rows):
        add_row_squares(offset(x, i * n), mean, n, squares)
    return 0
