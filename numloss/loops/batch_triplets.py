"""Triplets mined in a batch: the distances of a vector from all others, and which of them are compared."""

from __future__ import annotations

from ..scalar import sigmoid, softplus, sqrt
from .clouds import squared_distances
from .directions import narrowed
from .energy_score import add_direction, differences
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    apart,
    double,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
    run_maximum,
)
from .matrices import spread_double, transposed
from .sums import sixteens, tile_length

# The places of sizes and parameters in the declaration.
VECTORS = 0
ENTRIES = 1
MINING = 0
MARGIN = 1
SQUARED = 2
SOFT = 3


@noinline
def squares_from(x: Reals, turned: Reals, rows: Int, n: Int, out: Reals) -> Int:
    """Squared distances of a vector from all of a batch, whose entries lie in `turned`."""
    first = 0
    while first < rows:
        m = tile_length(first, rows)
        squared_distances(x, offset(turned, first), rows, n, m, offset(out, first))
        first = first + m
    return 0


@noinline
def farthest_alike(squares: Reals, labels: Ints, i: Int, rows: Int) -> Int:
    """Of the others of the same label the farthest, or one that is NaN; -1 if there are none."""
    found = -1
    for j in range(rows):
        if labels[j] == labels[i] and j != i and (found < 0 or not squares[j] <= squares[found]):
            found = j
            if squares[j] != squares[j]:
                return j
    return found


@noinline
def nearest_other(squares: Reals, labels: Ints, i: Int, rows: Int) -> Int:
    """Of those of other labels the nearest, or one that is NaN; -1 if there are none."""
    found = -1
    for j in range(rows):
        if labels[j] != labels[i] and (found < 0 or not squares[j] >= squares[found]):
            found = j
            if squares[j] != squares[j]:
                return j
    return found


@noinline
def keep_others(squares: Reals, labels: Ints, i: Int, rows: Int, others: Reals) -> Int:
    """Squared distances from those of other labels, and -1 for those of the same."""
    for j in range(rows):
        others[j] = -1.0 if labels[j] == labels[i] else squares[j]
    return 0


@apart
def beyond_reach(others: Reals, reach: Real, lowest: Real, n: Int, out: Reals) -> Int:
    """Less the distances beyond a reach."""
    for j in range(n):
        out[j] = -others[j] if others[j] > reach else lowest
    return 0


@noinline
def nearest_beyond(others: Reals, farthest: Real, rows: Int, reach: Real, buffer: Reals) -> Int:
    """Of those of other labels that are farther than a reach the nearest; if none is, the farthest."""
    lowest = real(-1e999)
    beyond_reach(others, reach, lowest, rows, buffer)
    top = run_maximum(buffer, rows)
    wanted = farthest if top == lowest else -top
    found = 0
    while found < rows - 1 and others[found] != wanted:
        found = found + 1
    return found


@noinline
def add_pull(e: Examples, x: Reals, i: Int, j: Int, square: Real, slope: Double, g: Doubles) -> Int:
    """Add what a slope by the distance of two vectors is by both to their gradients."""
    n = e.sizes[ENTRIES]
    v = reals(e.reals)
    factor = double(2.0) * slope
    if e.params[SQUARED] == double(0.0):
        # without a direction there is no slope
        factor = double(0.0) if square == 0.0 else slope / double(sqrt(square))
    if factor != double(0.0):
        differences(offset(x, i * n), offset(x, j * n), n, v)
        add_direction(v, n, factor, offset(g, i * n))
        add_direction(v, n, -factor, offset(g, j * n))
    return 0


@noinline
def one_triplet(
    e: Examples, x: Reals, i: Int, near: Int, far: Int, squares: Reals, share: Double, g: Doubles
) -> Double:
    """The loss of a vector, one that ought to be near and one that ought to be far; its slopes times a share."""
    a = squares[near]
    b = squares[far]
    if e.params[SQUARED] == double(0.0):
        a = sqrt(a)
        b = sqrt(b)
    gap = a - b
    loss = softplus(gap)
    slope = sigmoid(gap)
    if e.params[SOFT] == double(0.0):
        gap = gap + real(e.params[MARGIN])
        # NaN stays NaN
        loss = 0.0 if gap <= 0.0 else gap
        slope = 0.0 if gap <= 0.0 else 1.0
    if gap != gap:
        slope = gap
    if e.mode > 0:
        add_pull(e, x, i, near, squares[near], share * double(slope), g)
        add_pull(e, x, i, far, squares[far], -share * double(slope), g)
    return double(loss)


@noinline
def triplets_counted(e: Examples, labels: Ints) -> Int:
    """How many vectors, or pairs of a label, have something to be told apart from."""
    rows = e.sizes[VECTORS]
    total = 0
    for i in range(rows):
        alike = 0
        for j in range(rows):
            alike = alike + (1 if labels[j] == labels[i] else 0)
        if alike < rows:
            total = total + (alike - 1 if e.params[MINING] == double(1.0) else 1 if alike > 1 else 0)
    return total


@noinline
def triplets_of(
    e: Examples, x: Reals, i: Int, labels: Ints, squares: Reals, others: Reals, share: Double, g: Doubles
) -> Double:
    """The losses of the triplets that begin with a vector, added up."""
    rows = e.sizes[VECTORS]
    far = nearest_other(squares, labels, i, rows)
    near = farthest_alike(squares, labels, i, rows)
    if far < 0 or near < 0:
        return double(0.0)
    if e.params[MINING] == double(0.0):
        return one_triplet(e, x, i, near, far, squares, share, g)
    total = double(0.0)
    buffer = offset(others, sixteens(rows))
    unknown = 1 if squares[far] != squares[far] else 0
    keep_others(squares, labels, i, rows, others)
    farthest = run_maximum(others, rows)
    for j in range(rows):
        if labels[j] == labels[i] and j != i:
            if unknown == 0:
                far = nearest_beyond(others, farthest, rows, squares[j], buffer)
            total = total + one_triplet(e, x, i, j, far, squares, share, g)
    return total


@noinline
def triplets_of_batch(e: Examples, k: Int) -> Double:
    """The loss of a batch; its gradient."""
    rows = e.sizes[VECTORS]
    n = e.sizes[ENTRIES]
    x = offset(reals(e.inputs[0]), k * rows * n)
    labels = offset(ints(e.inputs[1]), k * rows)
    squares = offset(reals(e.reals), sixteens(n))
    others = offset(squares, sixteens(rows))
    turned = offset(others, 2 * sixteens(rows))
    g = doubles(e.doubles)
    transposed(x, rows, n, turned)
    if e.mode > 0:
        spread_double(g, rows * n, double(0.0))
    counted = triplets_counted(e, labels)
    share = double(1.0) / double(counted if counted > 0 else 1)
    total = double(0.0)
    for i in range(rows):
        squares_from(offset(x, i * n), turned, rows, n, squares)
        total = total + triplets_of(e, x, i, labels, squares, others, share, g)
    if e.mode > 0:
        narrowed(g, rows * n, offset(reals(e.slopes[0]), k * rows * n))
    return total * share


def batch_triplets_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n batches."""
    for k in range(n):
        doubles(e.losses)[k] = triplets_of_batch(e, k)
    return 0
