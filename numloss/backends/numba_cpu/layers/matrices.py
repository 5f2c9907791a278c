"""What stands around the products of matrices: biases, their gradients, and the rows of an embedding.

Rows shorter than 512 entries are taken several at a time, as one stretch of memory with a tile of 512 entries that
repeats the columns: a loop over 16 channels alone would cost more to enter than to run.
"""

from __future__ import annotations

from ....loops.headers import Layer, Result
from ....loops.language import Int, array_data, doubles, ints, offset, stack_doubles, stack_reals
from .blocks import add_blocks, array, count, fold, part, spread, stretch, sum_columns


def add_bias(c: Layer, partial: Result, block: Int) -> Int:
    """y += bias in every row."""
    width = c.width
    rows = count(c, block)
    y = part(c, 0, block, width)
    tile = stack_reals(512)
    start = 0
    while start < width:
        n = width - start if width - start < 512 else 512
        times = 512 // n if n == width else 1
        spread(array(c, 1), start, n, times, tile)
        row = 0
        while row < rows:
            at = offset(y, row * width + start)
            for i in range(stretch(rows, row, n, times)):
                at[i] = at[i] + tile[i]
            row = row + times
        start = start + n
    return 0


def column_sums(c: Layer, partial: Result, block: Int) -> Int:
    """The sums over the rows of a block."""
    width = c.width
    rows = count(c, block)
    x = part(c, 0, block, width)
    out = offset(doubles(c.scratch), block * width)
    lanes = stack_doubles(512)
    start = 0
    while start < width:
        n = width - start if width - start < 512 else 512
        times = 512 // n if n == width else 1
        sum_columns(offset(x, start), rows, width, n, times, lanes)
        fold(lanes, n, times, offset(out, start))
        start = start + n
    return 0


def column_sums_end(c: Layer, partial: Result, block: Int) -> Int:
    """The sums over all blocks."""
    return add_blocks(c, 0, 1, array(c, 1))


def scatter_rows(c: Layer, partial: Result, block: Int) -> Int:
    """Add each row to the row of the table that its label names."""
    width = c.width
    slope = array(c, 0)
    labels = ints(array_data(c.arrays[1]))
    for row in range(c.units):
        target = offset(array(c, 2), labels[row] * width)
        for i in range(width):
            target[i] = target[i] + slope[i]
        slope = offset(slope, width)
    return 0


def take_rows(c: Layer, partial: Result, block: Int) -> Int:
    """The rows of a table at these places; arrays batch, places, table."""
    width = c.width
    batch = part(c, 0, block, width)
    places = offset(ints(array_data(c.arrays[1])), block * c.per_block)
    for row in range(count(c, block)):
        source = offset(array(c, 2), places[row] * width)
        for i in range(width):
            batch[i] = source[i]
        batch = offset(batch, width)
    return 0
