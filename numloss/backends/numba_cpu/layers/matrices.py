"""What stands around the products of matrices: biases, their gradients, and the rows of an embedding.

Rows shorter than 512 entries are taken several at a time, as one stretch of memory with a tile of 512 entries that
repeats the columns: a loop over 16 channels alone would cost more to enter than to run.
"""

from __future__ import annotations

from ....loops.language import Doubles, Int, Ints, array_data, double, doubles, ints, offset, stack_doubles, stack_reals
from .blocks import add_blocks, array, count, fold, part, spread


def add_bias(c: Ints, partial: Doubles, block: Int) -> Int:
    """y += bias in every row."""
    width = c[1]
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
            length = n * times if rows - row > times else n * (rows - row)
            if times == 1:
                length = n
            for i in range(length):
                at[i] = at[i] + tile[i]
            row = row + times
        start = start + n
    return 0


def column_sums(c: Ints, partial: Doubles, block: Int) -> Int:
    """The sums over the rows of a block."""
    width = c[1]
    rows = count(c, block)
    x = part(c, 0, block, width)
    out = offset(doubles(c[5]), block * width)
    lanes = stack_doubles(512)
    start = 0
    while start < width:
        n = width - start if width - start < 512 else 512
        times = 512 // n if n == width else 1
        for i in range(n * times):
            lanes[i] = double(0.0)
        row = 0
        while row < rows:
            at = offset(x, row * width + start)
            length = n * times if rows - row > times else n * (rows - row)
            if times == 1:
                length = n
            for i in range(length):
                lanes[i] = lanes[i] + double(at[i])
            row = row + times
        fold(lanes, n, times, offset(out, start))
        start = start + n
    return 0


def column_sums_end(c: Ints, partial: Doubles, block: Int) -> Int:
    """The sums over all blocks."""
    return add_blocks(c, 0, 1, array(c, 1))


def scatter_rows(c: Ints, partial: Doubles, block: Int) -> Int:
    """Add each row to the row of the table that its label names."""
    width = c[1]
    slope = array(c, 0)
    labels = ints(array_data(c[7]))
    for row in range(c[0]):
        target = offset(array(c, 2), labels[row] * width)
        for i in range(width):
            target[i] = target[i] + slope[i]
        slope = offset(slope, width)
    return 0
