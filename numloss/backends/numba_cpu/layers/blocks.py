"""What a block of a kernel of the layers is, and sums of columns; its header is Layer of numloss/loops/headers.

Texts are written in the language of numloss/loops. Sums over rows go block by block: each block leaves what it found
in the scratch, and a last text adds the blocks up in their order.
"""

from __future__ import annotations

from ....loops.headers import Layer
from ....loops.language import Double, Doubles, Int, Reals, array_data, double, doubles, offset, real, reals

# Entries of a block; a function of nothing, so that sums do not depend on threads.
BLOCK = 16384


def array(c: Layer, k: Int) -> Reals:
    """The data of array k."""
    return reals(array_data(c.arrays[k]))


def part(c: Layer, k: Int, block: Int, entries: Int) -> Reals:
    """Where a block of array k begins, which has so many entries for each unit."""
    return offset(array(c, k), block * c.per_block * entries)


def count(c: Layer, block: Int) -> Int:
    """Units of a block."""
    left = c.units - block * c.per_block
    return c.per_block if left > c.per_block else left


def number(c: Layer, k: Int) -> Double:
    """Number k of the call."""
    return c.numbers[k]


def spread(source: Reals, start: Int, width: Int, times: Int, tile: Reals) -> Int:
    """Write `width` entries of the source `times` times in a row."""
    for k in range(times):
        for i in range(width):
            tile[k * width + i] = source[start + i]
    return 0


def stretch(rows: Int, row: Int, n: Int, times: Int) -> Int:
    """Entries that a step of a walk over columns takes at once: so many rows of n entries, or one of more columns."""
    return n if times == 1 else n * (times if rows - row > times else rows - row)


def sum_columns(x: Reals, rows: Int, width: Int, n: Int, times: Int, lanes: Doubles) -> Int:
    """Add up n columns of rows of so many entries, in lanes of which `times` stand for the same column."""
    for i in range(n * times):
        lanes[i] = double(0.0)
    row = 0
    while row < rows:
        at = offset(x, row * width)
        for i in range(stretch(rows, row, n, times)):
            lanes[i] = lanes[i] + double(at[i])
        row = row + times
    return 0


def fold(lanes: Doubles, width: Int, times: Int, out: Doubles) -> Int:
    """Add up lanes that stand for the same column."""
    for i in range(width):
        out[i] = lanes[i]
    for k in range(1, times):
        for i in range(width):
            out[i] = out[i] + lanes[k * width + i]
    return 0


def add_blocks(c: Layer, vector: Int, vectors: Int, out: Reals) -> Int:
    """Add up a vector of features over the blocks, each of which left so many of them in the scratch."""
    width = c.width
    for j in range(width):
        total = double(0.0)
        at = offset(doubles(c.scratch), vector * width + j)
        for block in range(c.blocks):
            total = total + at[block * vectors * width]
        out[j] = real(total)
    return 0
