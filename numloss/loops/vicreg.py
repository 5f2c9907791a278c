"""VICReg: how far two views are apart, how little features vary, and how much they vary together."""

from __future__ import annotations

from ..scalar import sqrt
from .barlow_twins import off_the_diagonal
from .headers import Examples, Result
from .language import Double, Int, Real, Reals, apart, double, doubles, noinline, offset, real, reals
from .matrices import add_product, clear_reals, column_moments, scale_reals, shifted_row, spread_double
from .sums import tile_length, values_sum

# The places of sizes and parameters in the declaration.
VECTORS = 0
ENTRIES = 1
INVARIANCE = 0
VARIANCE = 1
COVARIANCE = 2
GAMMA = 3
FLOOR = 4


@apart
def squares_between(x: Reals, y: Reals, n: Int, out: Reals) -> Int:
    """Squared differences of n numbers."""
    for i in range(n):
        out[i] = (x[i] - y[i]) * (x[i] - y[i])
    return 0


@apart
def slopes_between(x: Reals, y: Reals, n: Int, factor: Real, to_x: Reals, to_y: Reals) -> Int:
    """Differences of n numbers times a factor, to one and from the other."""
    for i in range(n):
        d = factor * (x[i] - y[i])
        to_x[i] = d
        to_y[i] = -d
    return 0


@noinline
def mean_square_between(x: Reals, y: Reals, n: Int, buffer: Reals) -> Double:
    """The mean of squared differences."""
    total = double(0.0)
    done = 0
    while done < n:
        m = tile_length(done, n)
        squares_between(offset(x, done), offset(y, done), m, buffer)
        total = total + values_sum(buffer, m)
        done = done + m
    return total / double(n)


@apart
def add_row_by_factors(x: Reals, factors: Reals, n: Int, g: Reals) -> Int:
    """Add a row times factors of its columns."""
    for j in range(n):
        g[j] = g[j] + factors[j] * x[j]
    return 0


@noinline
def one_view(e: Examples, x: Reals, g: Reals) -> Double:
    """What a view adds to the loss by the variances and covariances of its features; what to its gradient."""
    rows = e.sizes[VECTORS]
    n = e.sizes[ENTRIES]
    v = reals(e.reals)
    products = offset(v, rows * n)
    factors = offset(products, 64 * n)
    mean = doubles(e.doubles)
    squares = offset(mean, n)
    ones = offset(squares, n)
    others = double(rows) - double(1.0)
    column_moments(x, rows, n, mean, squares)
    spread_double(ones, n, double(1.0))
    for i in range(rows):
        shifted_row(offset(x, i * n), mean, ones, n, offset(v, i * n))
    half = double(0.5) * e.params[VARIANCE] / double(n)
    missing = double(0.0)
    for j in range(n):
        deviation = sqrt(squares[j] / others + e.params[FLOOR])
        gap = e.params[GAMMA] - deviation
        factors[j] = real(double(0.0) if gap <= double(0.0) else -half / (others * deviation))
        # NaN stays NaN
        missing = missing + (double(0.0) if gap <= double(0.0) else gap)
    if e.mode > 0:
        for i in range(rows):
            add_row_by_factors(offset(v, i * n), factors, n, offset(g, i * n))
    together = double(0.0)
    if e.params[COVARIANCE] > double(0.0):
        for first in range(0, n, 64):
            m = n - first if n - first < 64 else 64
            clear_reals(products, m * n)
            add_product(offset(v, first), 1, n, v, n, m, rows, n, products, n)
            together = together + off_the_diagonal(products, first, m, n, real(double(1.0) / others))
            if e.mode > 0:
                scale_reals(products, m * n, real(double(4.0) * e.params[COVARIANCE] / (others * double(n))))
                add_product(offset(v, first), n, 1, products, n, rows, m, n, g, n)
    return half * missing + e.params[COVARIANCE] * together / double(n)


@noinline
def both_views(e: Examples, i: Int) -> Double:
    """The loss of a pair of views; its gradients."""
    count = e.sizes[VECTORS] * e.sizes[ENTRIES]
    x = offset(reals(e.inputs[0]), i * count)
    y = offset(reals(e.inputs[1]), i * count)
    to_x = offset(reals(e.slopes[0]), i * count)
    to_y = offset(reals(e.slopes[1]), i * count)
    weight = e.params[INVARIANCE]
    apart_by = mean_square_between(x, y, count, reals(e.reals))
    if e.mode > 0:
        slopes_between(x, y, count, real(double(2.0) * weight / double(count)), to_x, to_y)
    return weight * apart_by + (one_view(e, x, to_x) + one_view(e, y, to_y))


def vicreg_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n pairs of views."""
    for i in range(n):
        doubles(e.losses)[i] = both_views(e, i)
    return 0
