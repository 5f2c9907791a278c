"""A gain of a list that is sorted softly: NeuralNDCG.

Row i of a matrix is how much each document is that of rank i: the softmax of ``((n - 1 - 2 i) s - A) / temperature``,
where A is how far a score is from all others, scaled to sums of 1 by columns and by rows in turn (Sinkhorn). The matrix
itself stays as it is, with a 1 in each row; iterations are two vectors of factors each, kept for the way back, where
their slopes are vectors, too. It lies in memory by rows and by columns, in whole eights, so that every product is a sum
of rows times numbers. Factors and their slopes are float64.
"""

from __future__ import annotations

from .headers import Examples, Result
from .lambdarank import discount
from .language import (
    Double,
    Doubles,
    Int,
    Reals,
    apart,
    double,
    doubles,
    integer,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_ints,
)
from .log_sums import largest_of, terms_below

# The places of sizes, arrays and parameters in the declaration.
DOCUMENTS = 0
PRED = 0
TARGET = 1
LENGTHS = 2
TEMPERATURE = 0
ITERATIONS = 1
RANKS = 2
# Vectors of scratch before those of iterations.
VECTORS = 13


def eights(n: Int) -> Int:
    """The next multiple of 8."""
    return (n + 7) // 8 * 8


@noinline
def vector(e: Examples, k: Int) -> Doubles:
    """Vector k of scratch."""
    return offset(doubles(e.doubles), k * eights(e.sizes[DOCUMENTS]))


@apart
def add_four(rows: Reals, width: Int, v: Doubles, out: Doubles) -> Int:
    """Add four rows of a matrix, times a number each."""
    second = offset(rows, width)
    third = offset(second, width)
    fourth = offset(third, width)
    for j in range(width):
        left = v[0] * double(rows[j]) + v[1] * double(second[j])
        out[j] = out[j] + (left + (v[2] * double(third[j]) + v[3] * double(fourth[j])))
    return 0


@noinline
def product(matrix: Reals, width: Int, v: Doubles, out: Doubles) -> Int:
    """The sums of the columns of a matrix, whose rows are multiplied by a number each."""
    for j in range(width):
        out[j] = double(0.0)
    for i in range(width // 4):
        add_four(offset(matrix, 4 * i * width), width, offset(v, 4 * i), out)
    return 0


@noinline
def inverted(v: Doubles, n: Int) -> Int:
    """1 / v, in its place."""
    for j in range(n):
        v[j] = double(1.0) / v[j]
    return 0


def slant(n: Int, rank: Int) -> Double:
    """What scores are multiplied by in the row of a rank, which counts from 0."""
    return double(n - 1 - 2 * rank)


@noinline
def slanted(v: Doubles, n: Int, out: Doubles) -> Int:
    """Numbers of ranks times that."""
    for i in range(n):
        out[i] = slant(n, i) * v[i]
    return 0


@noinline
def distances_of(x: Reals, n: Int, out: Doubles) -> Int:
    """How far each of n scores is from all others together."""
    for j in range(n):
        total = double(0.0)
        for k in range(n):
            total = total + abs(double(x[j]) - double(x[k]))
        out[j] = total
    return 0


@noinline
def permutation(e: Examples, x: Reals, n: Int, away: Doubles, row: Doubles, first: Doubles) -> Int:
    """The matrix, by rows and by columns, and 1 / the sums of its rows."""
    width = eights(e.sizes[DOCUMENTS])
    matrix = reals(e.reals)
    across = offset(matrix, width * width)
    for i in range(2 * width * width):
        matrix[i] = 0.0
    for i in range(n):
        for j in range(n):
            row[j] = (slant(n, i) * double(x[j]) - away[j]) / e.params[TEMPERATURE]
        mine = offset(matrix, i * width)
        first[i] = double(1.0) / terms_below(row, n, largest_of(row, n), mine)
        for j in range(n):
            across[j * width + i] = mine[j]
    return 0


@noinline
def gains_of_labels(labels: Reals, n: Int, ranks: Int, discounts: Doubles, shares: Doubles) -> Int:
    """Discounts of ranks, and the gain of each document as a part of the discounted gain of the best order."""
    counts = stack_ints(32)
    for k in range(32):
        counts[k] = 0
    for i in range(n):
        label = integer(labels[i])
        counts[label] = counts[label] + 1
        discounts[i] = discount(i) if i < ranks else double(0.0)
    best = double(0.0)
    power = double(2147483648.0)
    rank = 0
    for k in range(31):
        for _k in range(counts[31 - k]):
            best = best + (power - double(1.0)) * discounts[rank]
            rank = rank + 1
        power = power * double(0.5)
    for i in range(n):
        power = double(1.0)
        for _k in range(integer(labels[i])):
            power = power + power
        shares[i] = (power - double(1.0)) / best if best > double(0.0) else double(0.0)
    return 0


@noinline
def add_products(v: Doubles, w: Doubles, n: Int, out: Doubles) -> Int:
    """Add products of two vectors."""
    for j in range(n):
        out[j] = out[j] + v[j] * w[j]
    return 0


@noinline
def against_square(v: Doubles, slope: Doubles, n: Int, out: Doubles) -> Int:
    """The slopes of sums whose inverses are v."""
    for j in range(n):
        out[j] = double(0.0) - v[j] * v[j] * slope[j]
    return 0


@noinline
def scores_of_slopes(e: Examples, x: Reals, n: Int, sums: Doubles, slants: Doubles, g: Reals) -> Int:
    """The gradient by scores, of slopes of what the softmax is of: their sums over ranks, and those times slants."""
    for m in range(n):
        total = double(0.0)
        for k in range(n):
            both = sums[m] + sums[k]
            if x[m] > x[k]:
                total = total + both
            elif x[m] < x[k]:
                total = total - both
        g[m] = real((slants[m] - total) / e.params[TEMPERATURE])
    return 0


@noinline
def iterate(e: Examples, n: Int, count: Int) -> Int:
    """Factors of columns and rows, one iteration after the other."""
    width = eights(e.sizes[DOCUMENTS])
    matrix = reals(e.reals)
    across = offset(matrix, width * width)
    for k in range(count):
        columns = vector(e, VECTORS + 2 * k + 1)
        rows = vector(e, VECTORS + 2 * k + 2)
        product(matrix, width, vector(e, VECTORS + 2 * k), columns)
        inverted(columns, n)
        product(across, width, columns, rows)
        inverted(rows, n)
    return 0


@noinline
def way_back(e: Examples, n: Int, count: Int, sums: Doubles, slants: Doubles) -> Int:
    """From the slopes by the last factors of rows and of columns, which lie in two vectors, to the first."""
    width = eights(e.sizes[DOCUMENTS])
    matrix = reals(e.reals)
    across = offset(matrix, width * width)
    by_rows = vector(e, 6)
    by_columns = vector(e, 7)
    pull = vector(e, 8)
    aslant = vector(e, 9)
    out = vector(e, 10)
    for step in range(count):
        k = count - 1 - step
        before = vector(e, VECTORS + 2 * k)
        columns = vector(e, VECTORS + 2 * k + 1)
        against_square(vector(e, VECTORS + 2 * k + 2), by_rows, n, pull)
        product(matrix, width, pull, out)
        add_products(columns, out, n, sums)
        for j in range(n):
            by_columns[j] = by_columns[j] + out[j]
        slanted(pull, n, aslant)
        product(matrix, width, aslant, out)
        add_products(columns, out, n, slants)
        against_square(columns, by_columns, n, pull)
        product(across, width, pull, by_rows)
        for j in range(n):
            sums[j] = sums[j] + pull[j] / columns[j]
            by_columns[j] = double(0.0)
        slanted(before, n, aslant)
        product(matrix, width, aslant, out)
        add_products(pull, out, n, slants)
    against_square(vector(e, VECTORS), by_rows, n, pull)
    product(matrix, width, pull, out)
    slanted(pull, n, aslant)
    product(matrix, width, aslant, by_columns)
    for j in range(n):
        sums[j] = sums[j] + out[j]
        slants[j] = slants[j] + by_columns[j]
    return 0


@noinline
def slopes_of_gain(e: Examples, x: Reals, n: Int, count: Int, g: Reals) -> Int:
    """The gradient, after the gain itself."""
    width = eights(e.sizes[DOCUMENTS])
    matrix = reals(e.reals)
    discounts = vector(e, 2)
    shares = vector(e, 3)
    reached = vector(e, 4)
    last = vector(e, VECTORS + 2 * count)
    columns = vector(e, VECTORS + 2 * count - 1)
    by_rows = vector(e, 6)
    by_columns = vector(e, 7)
    pull = vector(e, 8)
    aslant = vector(e, 9)
    out = vector(e, 10)
    sums = vector(e, 11)
    slants = vector(e, 12)
    for i in range(n):
        by_rows[i] = double(0.0) - discounts[i] * reached[i]
        pull[i] = double(0.0) - discounts[i] * last[i]
    product(matrix, width, pull, out)
    slanted(pull, n, aslant)
    product(matrix, width, aslant, by_columns)
    for j in range(n):
        weighed = columns[j] * shares[j]
        sums[j] = weighed * out[j]
        slants[j] = weighed * by_columns[j]
        by_columns[j] = shares[j] * out[j]
    way_back(e, n, count, sums, slants)
    return scores_of_slopes(e, x, n, sums, slants, g)


@noinline
def list_of_documents(e: Examples, at: Int, n: Int) -> Double:
    """The loss of the first n documents of a list, which begins at an entry, and its gradient."""
    x = offset(reals(e.inputs[PRED]), at)
    labels = offset(reals(e.inputs[TARGET]), at)
    width = eights(e.sizes[DOCUMENTS])
    count = integer(e.params[ITERATIONS])
    ranks = integer(e.params[RANKS])
    kept = VECTORS + 2 * count + 1
    scratch = doubles(e.doubles)
    for j in range(kept * width):
        scratch[j] = double(0.0)
    discounts = vector(e, 2)
    shares = vector(e, 3)
    reached = vector(e, 4)
    weighed = vector(e, 5)
    distances_of(x, n, vector(e, 0))
    permutation(e, x, n, vector(e, 0), vector(e, 1), vector(e, VECTORS))
    gains_of_labels(labels, n, n if ranks == 0 or ranks > n else ranks, discounts, shares)
    iterate(e, n, count)
    last = vector(e, VECTORS + 2 * count)
    columns = vector(e, VECTORS + 2 * count - 1)
    for j in range(n):
        weighed[j] = columns[j] * shares[j]
    product(offset(reals(e.reals), width * width), width, weighed, reached)
    loss = double(0.0)
    for i in range(n):
        loss = loss - discounts[i] * last[i] * reached[i]
    if e.mode > 0:
        slopes_of_gain(e, x, n, count, offset(reals(e.slopes[0]), at))
    return loss


def neural_ndcg_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n lists."""
    size = e.sizes[DOCUMENTS]
    for i in range(n):
        length = size
        if e.inputs[LENGTHS] != 0:
            length = ints(e.inputs[LENGTHS])[i]
        doubles(e.losses)[i] = double(0.0)
        if length > 0:
            doubles(e.losses)[i] = list_of_documents(e, i * size, length)
        if e.mode > 0:
            g = offset(reals(e.slopes[0]), i * size)
            for j in range(length, size):
                g[j] = 0.0
    return 0
