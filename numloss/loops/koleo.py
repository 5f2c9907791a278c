"""KoLeo: how far directions are from the nearest other one of their batch."""

from __future__ import annotations

from .batch_triplets import squares_from
from .directions import directions_of, narrowed, turn_to_vectors
from .energy_score import add_direction, differences, length_of
from .headers import Examples, Result
from .language import Double, Int, Reals, double, double_log, doubles, noinline, offset, reals
from .matrices import spread_double, transposed
from .sums import sixteens

# The places of sizes and parameters in the declaration.
POINTS = 0
DIMENSIONS = 1
LEAST = 0


@noinline
def nearest_point(squares: Reals, i: Int, rows: Int) -> Int:
    """The nearest other one, the first of several, or one that is NaN."""
    found = 1 if i == 0 else 0
    for j in range(rows):
        if j != i and not squares[j] >= squares[found]:
            found = j
            if squares[j] != squares[j]:
                return j
    return found


@noinline
def spread_out(e: Examples, k: Int) -> Double:
    """The loss of a batch; its gradient."""
    rows = e.sizes[POINTS]
    n = e.sizes[DIMENSIONS]
    v = reals(e.reals)
    squares = offset(v, sixteens(n))
    u = offset(squares, sixteens(rows))
    turned = offset(u, rows * n)
    inverses = doubles(e.doubles)
    g = offset(inverses, rows)
    share = double(1.0) / double(rows)
    directions_of(offset(reals(e.inputs[0]), k * rows * n), rows, n, u, inverses)
    transposed(u, rows, n, turned)
    if e.mode > 0:
        spread_double(g, rows * n, double(0.0))
    total = double(0.0)
    for i in range(rows):
        squares_from(offset(u, i * n), turned, rows, n, squares)
        j = nearest_point(squares, i, rows)
        differences(offset(u, i * n), offset(u, j * n), n, v)
        length = length_of(v, n)
        total = total - double_log(length + e.params[LEAST])
        if e.mode > 0 and length != double(0.0):
            factor = -share / (length * (length + e.params[LEAST]))
            add_direction(v, n, factor, offset(g, i * n))
            add_direction(v, n, -factor, offset(g, j * n))
    if e.mode > 0:
        out = offset(reals(e.slopes[0]), k * rows * n)
        narrowed(g, rows * n, out)
        turn_to_vectors(u, inverses, rows, n, out)
    return total * share


def koleo_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n batches."""
    for k in range(n):
        doubles(e.losses)[k] = spread_out(e, k)
    return 0
