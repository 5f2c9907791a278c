"""Rows stored in numbers of 16 bits: a block of them is widened into memory that stays in the cache, a loop of the
family works on it, and what it wrote is rounded.

So loops read and write numbers of the data's dtype alone, and memory is read and written in 16 bits.
"""

from __future__ import annotations

from .codes import NO_MEMORY
from .headers import Result, StoredRows
from .language import (
    Int,
    address,
    call_loop,
    give_back,
    ints,
    noinline,
    place_array,
    reals,
    take_memory,
)
from .operands import deliver, fetch
from .sums import begin_block, block_stop, report

# bytes of the object of an array, and of a line of the cache
HEAD = 64


def stretch_of(c: StoredRows, k: Int) -> Int:
    """Bytes of a block of an array, in whole lines and one more: loops may read to the end of theirs."""
    return (c.arrays[k].entries * c.block * c.itemsize + 2 * HEAD - 1) // HEAD * HEAD


@noinline
def widen_rows(c: StoredRows, start: Int, n: Int, memory: Int) -> Int:
    """Copy the header to memory, with arrays of its own behind it that hold n rows of those stored."""
    given = ints(c.header)
    header = ints(memory)
    for i in range(c.numbers):
        header[i] = given[i]
    head = memory + (8 * c.numbers + HEAD - 1) // HEAD * HEAD
    data = head + c.array_count * HEAD
    for k in range(c.array_count):
        array = c.arrays[k]
        place_array(head, data - start * array.entries * c.itemsize)
        header[array.number] = head
        if array.written == 0:
            fetch(array.stored, c.itemsize, 0.0, start * array.entries, n * array.entries, reals(data))
        head = head + HEAD
        data = data + stretch_of(c, k)
    return 0


@noinline
def narrow_rows(c: StoredRows, start: Int, n: Int, memory: Int) -> Int:
    """Bring n rows of what was written to where it is stored."""
    data = memory + (8 * c.numbers + HEAD - 1) // HEAD * HEAD + c.array_count * HEAD
    for k in range(c.array_count):
        array = c.arrays[k]
        if array.written == 1:
            deliver(array.stored, start * array.entries, n * array.entries, reals(data), 0)
        data = data + stretch_of(c, k)
    return 0


def stored_block(c: StoredRows, partial: Result, block: Int) -> Int:
    """Run a block of rows by the loop of another header."""
    begin_block(partial)
    start = block * c.block
    n = block_stop(c.rows, c.block, block) - start
    size = 8 * c.numbers + (c.array_count + 2) * HEAD
    for k in range(c.array_count):
        size = size + stretch_of(c, k)
    taken = take_memory(size)
    if taken == 0:
        report(partial, start, NO_MEMORY)
        return 0
    memory = (taken + HEAD - 1) // HEAD * HEAD
    widen_rows(c, start, n, memory)
    call_loop(c.loop, memory, address(partial), block)
    # nothing is written once something is wrong: the value that the error names is still there
    if partial.bad_at < 0:
        narrow_rows(c, start, n, memory)
    give_back(taken)
    return 0
