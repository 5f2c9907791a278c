"""Sums over the entries of one or two vectors, and what their slopes add to the gradients.

The kinds of sums are in codes.py. Each kind has a function of its own, so that none decides in its loop.
"""

from __future__ import annotations

from .codes import DISTANCES, OWN_SQUARES, PRODUCTS, SQUARES
from .language import Double, Int, Real, Reals, double, noinline, stack_reals


def term(kind: Int, x: Real, y: Real) -> Real:
    """What two entries add to a sum."""
    d = x - y
    return x * y if kind == PRODUCTS or kind == OWN_SQUARES else abs(d) if kind == DISTANCES else d * d


def pull(kind: Int, slope: Real, x: Real, y: Real) -> Real:
    """What the term of two entries adds to the gradient by the first, from the slope of the sum."""
    d = x - y
    # no slope between equal entries; NaN stays NaN
    away = slope if d > 0.0 else -slope if d < 0.0 else d
    if kind == SQUARES:
        away = 2.0 * slope * d
    away = slope * y if kind == PRODUCTS else away
    # what counts nothing pulls nothing, were it infinitely far away
    return away if slope != 0.0 else 0.0


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


@noinline
def sum_of_squares(a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int) -> Double:
    """The sum of squared differences: a function of its own for each kind, so that none decides in its loop."""
    return sum_of_terms(SQUARES, a, step_a, b, step_b, size)


@noinline
def sum_of_distances(a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int) -> Double:
    """The sum of absolute differences."""
    return sum_of_terms(DISTANCES, a, step_a, b, step_b, size)


@noinline
def sum_of_products(a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int) -> Double:
    """The sum of products."""
    return sum_of_terms(PRODUCTS, a, step_a, b, step_b, size)


@noinline
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


@noinline
def pull_both(
    kind: Int, a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int, slope: Real,
    ga: Reals, to_a: Int, gb: Reals, to_b: Int,
) -> Int:  # fmt: skip
    """Add the slopes of a sum over two vectors to the gradients of both."""
    together = step_a == 1 and step_b == 1 and to_a == 1 and to_b == 1
    twice = 2.0 * slope
    if together and kind == SQUARES:
        for j in range(size):
            away = twice * (a[j] - b[j])
            ga[j] = ga[j] + away
            gb[j] = gb[j] - away
    elif together and kind == PRODUCTS:
        for j in range(size):
            x = a[j]
            y = b[j]
            ga[j] = ga[j] + slope * y
            gb[j] = gb[j] + slope * x
    else:
        for j in range(size):
            x = a[j * step_a]
            y = b[j * step_b]
            away = pull(kind, slope, x, y)
            ga[j * to_a] = ga[j * to_a] + away
            gb[j * to_b] = gb[j * to_b] + (slope * x if kind == PRODUCTS else -away)
    return 0


@noinline
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
