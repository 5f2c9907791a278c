"""Barlow Twins: the correlations of the features of one view with those of another, 64 rows of them at a time."""

from __future__ import annotations

from ..scalar import sqrt
from .crps_ensemble import score
from .headers import Examples, Result
from .language import Double, Doubles, Int, Real, Reals, apart, double, doubles, noinline, offset, real, reals
from .matrices import (
    add_product,
    add_row_products,
    add_row_wide,
    clear_reals,
    column_moments,
    scale_doubles,
    scale_reals,
    shifted_row,
    spread_double,
    transposed,
)

# The places of sizes, arrays and parameters in the declaration.
ROWS = 0
FEATURES = 1
LAMBD = 0
EPS = 1


@noinline
def standardized(x: Reals, rows: Int, n: Int, eps: Double, mean: Doubles, factor: Doubles, z: Reals) -> Int:
    """Features less their means, over their deviations; the inverse deviations."""
    column_moments(x, rows, n, mean, factor)
    for j in range(n):
        factor[j] = double(1.0) / sqrt(factor[j] / double(rows) + eps)
    for i in range(rows):
        shifted_row(offset(x, i * n), mean, factor, n, offset(z, i * n))
    return 0


@apart
def unstandardized_row(z: Reals, mean: Doubles, along: Doubles, factor: Doubles, n: Int, g: Reals) -> Int:
    """Slopes by a row of features from those by what became of them."""
    for j in range(n):
        g[j] = real(factor[j] * ((double(g[j]) - mean[j]) - double(z[j]) * along[j]))
    return 0


@noinline
def back_to_features(z: Reals, rows: Int, n: Int, mean: Doubles, along: Doubles, factor: Doubles, g: Reals) -> Int:
    """Take slopes from standardized features to features."""
    spread_double(mean, n, double(0.0))
    spread_double(along, n, double(0.0))
    for i in range(rows):
        add_row_wide(offset(g, i * n), n, mean)
        add_row_products(offset(g, i * n), offset(z, i * n), n, along)
    scale_doubles(mean, n, double(1.0) / double(rows))
    scale_doubles(along, n, double(1.0) / double(rows))
    for i in range(rows):
        unstandardized_row(offset(z, i * n), mean, along, factor, n, offset(g, i * n))
    return 0


@noinline
def off_the_diagonal(products: Reals, first: Int, m: Int, n: Int, factor: Real) -> Double:
    """Make correlations of m rows of products, with none on the diagonal; the sum of their squares."""
    total = double(0.0)
    for i in range(m):
        row = offset(products, i * n)
        scale_reals(row, n, factor)
        row[first + i] = 0.0
        total = total + score(row, row, n)
    return total


@noinline
def one_pair_of_views(e: Examples, i: Int) -> Double:
    """The loss of a pair of views; its gradients."""
    rows = e.sizes[ROWS]
    n = e.sizes[FEATURES]
    count = rows * n
    a = reals(e.reals)
    b = offset(a, count)
    products = offset(b, count)
    turned = offset(products, 64 * n)
    mean = doubles(e.doubles)
    diagonal = offset(mean, n)
    factor_a = offset(diagonal, n)
    factor_b = offset(factor_a, n)
    per_row = double(1.0) / double(rows)
    standardized(offset(reals(e.inputs[0]), i * count), rows, n, e.params[EPS], mean, factor_a, a)
    standardized(offset(reals(e.inputs[1]), i * count), rows, n, e.params[EPS], mean, factor_b, b)
    spread_double(diagonal, n, double(0.0))
    for k in range(rows):
        add_row_products(offset(a, k * n), offset(b, k * n), n, diagonal)
    alike = double(0.0)
    for j in range(n):
        diagonal[j] = diagonal[j] * per_row - double(1.0)
        alike = alike + diagonal[j] * diagonal[j]
    to_a = offset(reals(e.slopes[0]), i * count)
    to_b = offset(reals(e.slopes[1]), i * count)
    if e.mode > 0:
        clear_reals(to_a, count)
        clear_reals(to_b, count)
    redundant = double(0.0)
    for first in range(0, n, 64):
        m = n - first if n - first < 64 else 64
        clear_reals(products, m * n)
        add_product(offset(a, first), 1, n, b, n, m, rows, n, products, n)
        redundant = redundant + off_the_diagonal(products, first, m, n, real(per_row))
        if e.mode > 0:
            scale_reals(products, m * n, real(double(2.0) * per_row * e.params[LAMBD]))
            for j in range(m):
                products[j * n + first + j] = real(double(2.0) * per_row * diagonal[first + j])
            transposed(products, m, n, turned)
            add_product(offset(a, first), n, 1, products, n, rows, m, n, to_b, n)
            add_product(b, n, 1, turned, m, rows, n, m, offset(to_a, first), n)
    if e.mode > 0:
        back_to_features(a, rows, n, mean, diagonal, factor_a, to_a)
        back_to_features(b, rows, n, mean, diagonal, factor_b, to_b)
    return alike + e.params[LAMBD] * redundant


def barlow_twins_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n pairs of views."""
    for i in range(n):
        doubles(e.losses)[i] = one_pair_of_views(e, i)
    return 0
