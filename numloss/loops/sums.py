"""Sums with one order of additions: a tile by halving, then 32 lanes in float64, then the lanes in order."""

from __future__ import annotations

from .language import Double, Doubles, Int, Reals, apart, double

TILE = 512
LANES = 32


def clear(lanes: Doubles) -> Int:
    """Set the 32 lanes to zero."""
    for i in range(32):
        lanes[i] = double(0.0)
    return 0


@apart
def add_tile(values: Reals, n: Int, lanes: Doubles) -> Int:
    """Add n values to the lanes. The 512 values of the tile are overwritten."""
    for i in range(n, 512):
        values[i] = 0.0
    for i in range(256):
        values[i] = values[i] + values[i + 256]
    for i in range(128):
        values[i] = values[i] + values[i + 128]
    for i in range(64):
        values[i] = values[i] + values[i + 64]
    for i in range(32):
        lanes[i] = lanes[i] + double(values[i] + values[i + 32])
    return 0


@apart
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


def combine(partials: Doubles, blocks: Int, column: Int) -> Double:
    """Sum one of the four columns of the partial results over the blocks, in order."""
    total = double(0.0)
    for b in range(blocks):
        total = total + partials[4 * b + column]
    return total


def first_bad(partials: Doubles, blocks: Int) -> Double:
    """The first complaint of the blocks, or -1."""
    for b in range(blocks):
        if partials[4 * b + 2] >= double(0.0):
            return partials[4 * b + 2]
    return double(-1.0)
