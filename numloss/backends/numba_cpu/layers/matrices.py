"""What stands around the products of matrices: gradients of biases, rows of a table, and sums of arrays.

Rows shorter than 512 entries are taken several at a time, as one stretch of memory with a tile of 512 entries that
repeats the columns: a loop over 16 channels alone would cost more to enter than to run.
"""

from __future__ import annotations

from ....loops.headers import Layer, Result
from ....loops.language import Int, array_data, doubles, ints, offset, stack_doubles, will_need
from .blocks import add_blocks, array, count, fold, part, sum_columns


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
    rows = count(c, block)
    for row in range(rows):
        # rows lie anywhere: what a CPU reads ahead by itself ends with each of them
        will_need(offset(array(c, 2), places[row + 1 if row + 1 < rows else row] * width), width)
        source = offset(array(c, 2), places[row] * width)
        for i in range(width):
            batch[i] = source[i]
        batch = offset(batch, width)
    return 0


def take_labels(c: Layer, partial: Result, block: Int) -> Int:
    """The entries of a table of integers at these places; arrays batch, places, table."""
    batch = offset(ints(array_data(c.arrays[0])), block * c.per_block)
    places = offset(ints(array_data(c.arrays[1])), block * c.per_block)
    table = ints(array_data(c.arrays[2]))
    for row in range(count(c, block)):
        batch[row] = table[places[row]]
    return 0


def copy(c: Layer, partial: Result, block: Int) -> Int:
    """y = x; arrays y, x."""
    y = part(c, 0, block, 1)
    x = part(c, 1, block, 1)
    for i in range(count(c, block)):
        y[i] = x[i]
    return 0


def add(c: Layer, partial: Result, block: Int) -> Int:
    """y = a + b; arrays y, a, b."""
    y = part(c, 0, block, 1)
    a = part(c, 1, block, 1)
    b = part(c, 2, block, 1)
    for i in range(count(c, block)):
        y[i] = a[i] + b[i]
    return 0


def multiply(c: Layer, partial: Result, block: Int) -> Int:
    """y = a b; arrays y, a, b."""
    y = part(c, 0, block, 1)
    a = part(c, 1, block, 1)
    b = part(c, 2, block, 1)
    for i in range(count(c, block)):
        y[i] = a[i] * b[i]
    return 0


def affine(c: Layer, partial: Result, block: Int) -> Int:
    """y = x scale + shift in every row; arrays y, x, scale, shift."""
    width = c.width
    y = part(c, 0, block, width)
    x = part(c, 1, block, width)
    scale = array(c, 2)
    shift = array(c, 3)
    for _ in range(count(c, block)):
        for i in range(width):
            y[i] = x[i] * scale[i] + shift[i]
        y = offset(y, width)
        x = offset(x, width)
    return 0


def scale_rows(c: Layer, partial: Result, block: Int) -> Int:
    """y = y scale in every row; arrays y, scale."""
    width = c.width
    y = part(c, 0, block, width)
    scale = array(c, 1)
    for _ in range(count(c, block)):
        for i in range(width):
            y[i] = y[i] * scale[i]
        y = offset(y, width)
    return 0
