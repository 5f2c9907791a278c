"""Sums with one order of additions: 32 lanes, each of every 32nd number of a block, then the lanes in order.

Values and weights are added in float64 from the first addition on: those of float32 neither overflow nor cancel. The
terms of a softmax, which are all between 0 and 1, are halved in the dtype of the data, a tile at a time, and lose
nothing by it.
"""

from __future__ import annotations

from .headers import Many, Result
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    add32,
    double,
    noinline,
    real,
    run_sum,
    run_sum_wide,
    stack_doubles,
)

TILE = 512
LANES = 32


def block_stop(count: Int, size: Int, block: Int) -> Int:
    """The first of so many elements or rows that is beyond a block of a size."""
    stop = (block + 1) * size
    return stop if stop < count else count


def tile_length(done: Int, n: Int) -> Int:
    """How many of n the tile has that begins after `done` of them."""
    return n - done if n - done < 512 else 512


def sixteens(n: Int) -> Int:
    """The next multiple of 16."""
    return (n + 15) // 16 * 16


def begin_block(partial: Result) -> Int:
    """Nothing summed, nothing to report."""
    partial.value = double(0.0)
    partial.weight = double(0.0)
    partial.bad_at = -1
    partial.bad_in = 0
    return 0


def clear(lanes: Doubles) -> Int:
    """Set the 32 lanes to zero."""
    for i in range(32):
        lanes[i] = double(0.0)
    return 0


def sixteen(values: Reals, i: Int) -> Real:
    """The sum of the 16 values of a tile that lie 32 apart from i, as halving the tile would add them."""
    first = (values[i] + values[i + 256]) + (values[i + 128] + values[i + 384])
    second = (values[i + 64] + values[i + 320]) + (values[i + 192] + values[i + 448])
    third = (values[i + 32] + values[i + 288]) + (values[i + 160] + values[i + 416])
    fourth = (values[i + 96] + values[i + 352]) + (values[i + 224] + values[i + 480])
    return (first + second) + (third + fourth)


@noinline
def add_tile(values: Reals, n: Int, lanes: Doubles) -> Int:
    """Add n <= 512 terms to the lanes; those of a tile that is not full by sixteen lanes of their own to the first."""
    if n < 512:
        lanes[0] = lanes[0] + double(run_sum(values, n))
        return 0
    for i in range(32):
        lanes[i] = lanes[i] + double(sixteen(values, i))
    return 0


@noinline
def add_values(values: Reals, n: Int, lanes: Doubles) -> Int:
    """Add n <= 512 values or weights to the lanes, in float64."""
    whole = n - n % 32
    add32(values, n // 32, lanes)
    for i in range(n - whole):
        lanes[i] = lanes[i] + double(values[whole + i])
    return 0


@noinline
def add_weighted(values: Reals, weights: Reals, n: Int, lanes: Doubles) -> Int:
    """Add n <= 512 values times their weights to the lanes; what has weight 0 counts nothing, even where it is inf."""
    whole = n - n % 32
    for start in range(0, whole, 32):
        for i in range(32):
            k = start + i
            product = double(values[k]) * double(weights[k])
            lanes[i] = lanes[i] + (product if weights[k] != 0.0 else double(0.0))
    for i in range(n - whole):
        k = whole + i
        product = double(values[k]) * double(weights[k])
        lanes[i] = lanes[i] + (product if weights[k] != 0.0 else double(0.0))
    return 0


@noinline
def add_up(values: Doubles, n: Int) -> Double:
    """The sum of n <= 512 values by halving. The 512 values are overwritten."""
    for i in range(n, 512):
        values[i] = double(0.0)
    half = 256
    while half > 0:
        for i in range(half):
            values[i] = values[i] + values[i + half]
        half = half // 2
    return values[0]


def fold(lanes: Doubles) -> Double:
    """The sum of the lanes."""
    for i in range(16):
        lanes[i] = lanes[i] + lanes[i + 16]
    for i in range(8):
        lanes[i] = lanes[i] + lanes[i + 8]
    for i in range(4):
        lanes[i] = lanes[i] + lanes[i + 4]
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])


@noinline
def values_sum(values: Reals, n: Int) -> Double:
    """The sum of n <= 512 values, in float64: of few one after the other, of many in sixteen lanes."""
    if n >= 16:
        return run_sum_wide(values, n)
    total = double(0.0)
    for i in range(n):
        total = total + double(values[i])
    return total


def few_sum(values: Reals, n: Int) -> Real:
    """The sum of n <= 512 terms in their dtype: of few one after the other, of many in sixteen lanes."""
    if n >= 16:
        return run_sum(values, n)
    total = real(0.0)
    for i in range(n):
        total = total + values[i]
    return total


@noinline
def tile_sum(values: Reals, n: Int) -> Double:
    """The sum of n <= 512 terms, in the order of `add_tile`."""
    if n < 512:
        return double(run_sum(values, n))
    lanes = stack_doubles(32)
    clear(lanes)
    add_tile(values, n, lanes)
    return fold(lanes)


def report(partial: Result, position: Int, operand: Int) -> Int:
    """Note a value outside its domain; the first one is kept."""
    if partial.bad_at < 0:
        partial.bad_at = position
        partial.bad_in = operand
    return 0


def combine(results: Many[Result], blocks: Int, total: Result) -> Int:
    """Add up the results of the blocks, in order; the first report of them is that of all."""
    begin_block(total)
    for b in range(blocks):
        partial = results[b]
        total.value = total.value + partial.value
        total.weight = total.weight + partial.weight
        if partial.bad_at >= 0:
            report(total, partial.bad_at, partial.bad_in)
    return 0
