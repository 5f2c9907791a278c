"""The embedding family: a law of the squared distance of two rows of vectors, and of what is known of the pair.

Header of the problem c:

    0 pairs   1 pairs of a block   2 address of the tile   3 dimensions   4 weighted   5 values wanted   6 mode
    7 -   8 -   9 bytes of the data's dtype   10 -   11 parameters of the law
    12-13 strides of the first vectors: row, entry   14-15 of the second   16-17, 18-19 of their gradients
    20-27 the floats   28 onwards: operands first, second, target, weight, values, gradient of first, gradient of second

Floats: scale, lowest and highest target, then the parameters of the law.
"""

from __future__ import annotations

from .elementwise import complaint, weight_tile
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
    call_tile,
    double,
    doubles,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch, first_outside
from .sums import add_tile, clear, end_of_block, fold


@apart
def squared_distance(a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int) -> Double:
    """Sum of squared differences: 32 lanes over at most 512 entries, then in float64."""
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
                    d = a[first + j + k] - b[first + j + k]
                    lanes[k] = lanes[k] + d * d
            else:
                for k in range(32):
                    d = a[(first + j + k) * step_a] - b[(first + j + k) * step_b]
                    lanes[k] = lanes[k] + d * d
            j = j + 32
        for k in range(n - whole):
            d = a[(first + whole + k) * step_a] - b[(first + whole + k) * step_b]
            lanes[k] = lanes[k] + d * d
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
def pull_apart(
    a: Reals, step_a: Int, b: Reals, step_b: Int, size: Int, slope: Real, ga: Reals, to_a: Int, gb: Reals, to_b: Int
) -> Int:
    """Gradients of both vectors: 2 * slope * (a - b), and its negative."""
    twice = 2.0 * slope
    if step_a == 1 and step_b == 1 and to_a == 1 and to_b == 1:
        for j in range(size):
            pull = twice * (a[j] - b[j])
            ga[j] = pull
            gb[j] = -pull
    else:
        for j in range(size):
            pull = twice * (a[j * step_a] - b[j * step_b])
            ga[j * to_a] = pull
            gb[j * to_b] = -pull
    return 0


def embedding_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """Evaluate one block of pairs."""
    f = offset(doubles(address(c)), 20)
    params = stack_reals(16)
    for k in range(c[11]):
        params[k] = real(f[3 + k])
    pointers = stack_ints(8)
    squared = stack_reals(512)
    target = stack_reals(512)
    values = stack_reals(512)
    slopes = stack_reals(512)
    weights = stack_reals(512)
    lanes = stack_doubles(32)
    weight_lanes = stack_doubles(32)
    clear(lanes)
    clear(weight_lanes)
    partial[2] = double(-1.0)
    stop = end_of_block(c, block)
    start = block * c[1]
    while start < stop:
        n = stop - start
        # few enough pairs that their vectors are still in cache when the gradient reads them again
        most = 4096 // c[3] if c[3] < 4096 else 1
        if most > 512:
            most = 512
        if n > most:
            n = most
        known = fetch(c, 34, c[9], 0.0, start, n, target)
        bad = first_outside(known, n, 1, real(f[1]), real(f[2]))
        if bad >= 0 and partial[2] < double(0.0):
            partial[2] = complaint(start + bad, 2)
        for i in range(n):
            a = offset(reals(array_data(c[28])), (start + i) * c[12])
            b = offset(reals(array_data(c[31])), (start + i) * c[14])
            squared[i] = real(squared_distance(a, c[13], b, c[15], c[3]))
        pointers[0] = address(squared)
        pointers[1] = address(known)
        pointers[2] = address(values)
        pointers[3] = address(slopes)
        call_tile(c[2], pointers, params, n)
        w = values
        if c[4] == 1:
            w = weight_tile(c, 37, start, n, weights, weight_lanes, partial)
            for i in range(n):
                values[i] = values[i] * w[i] if w[i] > 0.0 else 0.0
        if c[5] == 1:
            deliver(c, 40, start, n, values, 0)
        if c[6] > 0:
            scale = real(f[0])
            for i in range(n):
                a = offset(reals(array_data(c[28])), (start + i) * c[12])
                b = offset(reals(array_data(c[31])), (start + i) * c[14])
                ga = offset(reals(array_data(c[43])), (start + i) * c[16])
                gb = offset(reals(array_data(c[46])), (start + i) * c[18])
                slope = slopes[i] * scale
                if c[4] == 1:
                    slope = slopes[i] * (w[i] * scale) if w[i] > 0.0 else 0.0
                pull_apart(a, c[13], b, c[15], c[3], slope, ga, c[17], gb, c[19])
        add_tile(values, n, lanes)
        start = start + n
    partial[0] = fold(lanes)
    partial[1] = fold(weight_lanes)
    return 0
