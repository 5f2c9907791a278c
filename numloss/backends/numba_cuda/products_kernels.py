"""The product of matrices on a device: ``y = alpha * a @ b + onto``, tile by tile.

A block of threads makes a square tile of y. It takes DEPTH features at a time of a's rows and of b's columns into
shared memory, and reads the next while it multiplies; a thread keeps a number of entries of y in registers. Sums are
taken in the dtype of the data over STRETCH features, and those of the stretches one after the other. Where y has few
tiles, parts of the features have blocks of their own, which leave the parts of y one below the other for `added`. All
of this follows from the shapes alone, and so do the bits. Header of the problem c, in integers:

    0 rows   1 columns   2 features   3 address of how many rows of a batch count, or 0   4 the first of them here
    5 whether these are the rows (1) or the features (2): what is beyond the last is not computed
    6 a   9 b: address, bytes from one row, or column, to the next, bytes from feature to feature
    12 y   15 onto, address 0 for nothing: address, bytes from row to row, bytes from column to column
    18 features of a part
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ...loops.headers import Header, Int
from . import jit

LIVE_ROWS, LIVE_FEATURES = 1, 2
DEPTH, STRETCH = 8, 256
# The threads of a block beside each other, by what a thread works on in columns.
ACROSS = 8 if jit.SIMULATED else 16
DOWN = jit.THREADS // ACROSS


@dataclass
class Strided(Header):
    """A matrix: its address, 0 for none, and bytes from row to row and from column to column."""

    address: Int
    down: Int
    across: Int


@dataclass
class Multiplied(Header):
    """The sizes of a product, and the features of a part.

    live: address of how many rows of a batch count, or 0; first: that of them which is first here; live_are: whether
    these are the rows or the features. What is beyond the last is not computed.
    """

    rows: Int
    columns: Int
    features: Int
    span: Int
    live: Int
    first: Int
    live_are: Int


def lanes_of(dtype: str) -> int:
    """Numbers in 128 bits."""
    return 16 // np.dtype(dtype).itemsize


def side_of(dtype: str) -> int:
    """Rows and columns of a tile: each thread reads 128 bits of either matrix at a time."""
    return jit.THREADS * lanes_of(dtype) // DEPTH


def _fetch_text(dtype: str, along: bool, wide: bool) -> Any:
    """`fetch`, what a thread reads of a matrix, and `put`, which leaves it in shared memory, features first.

    along: the features, not the rows, lie side by side in memory; wide: 128 bits may be read at once.
    """
    words, lanes, side = jit.words_of(dtype), lanes_of(dtype), side_of(dtype)
    beside = (DEPTH if along else side) // lanes
    own, other = ("k", "i") if along else ("i", "k")
    limit = {"k": "stop", "i": "most"}
    lines = ["def fetch(matrix, first, most, begin, stop, thread):", "    address, cross, step = matrix"]
    lines += [f"    {own} = {'begin' if along else 'first'} + thread % {beside} * {lanes}"]
    lines += [f"    {other} = {'first' if along else 'begin'} + thread // {beside}"]
    if wide:
        lines += [f"    if {other} < {limit[other]} and {own} + {lanes} <= {limit[own]}:"]
        lines += [f"        return load_vector(reals(address + {other} * {'cross' if along else 'step'}), {own})"]
    places = [f"i{f' + {n}' if not along else ''}, k{f' + {n}' if along else ''}".split(", ") for n in range(lanes)]
    parts = [
        f"(reals(address + ({i}) * cross + ({k}) * step)[0] if {i} < most and {k} < stop else zero)" for i, k in places
    ]
    lines += [f"    return {', '.join(parts)}", ""]
    scope = {"__name__": f"{dtype}, {along}, {wide}", "zero": getattr(np, dtype)(0.0), **words}
    return jit.generated("\n".join(lines), "fetch", scope)


def _put_text(dtype: str, along: bool) -> Any:
    lanes, side, row = lanes_of(dtype), side_of(dtype), side_of(dtype) + lanes_of(dtype)
    beside = (DEPTH if along else side) // lanes
    lines = ["def put(tile, numbers, thread):"]
    if along:
        lines += [f"    at = thread % {beside} * {lanes * row} + thread // {beside}"]
    else:
        lines += [f"    at = thread // {beside} * {row} + thread % {beside} * {lanes}"]
    lines += [f"    tile[at + {n * row if along else n}] = numbers[{n}]" for n in range(lanes)]
    scope = {"__name__": f"{dtype}, {along}"}
    return jit.generated("\n".join([*lines, ""]), "put", scope)


def _sum_texts(dtype: str) -> tuple[Any, Any, Any]:
    """`multiply`, which adds the products of a tile to the sums of a thread; `join`, which adds these up; `write`."""
    row = side_of(dtype) + lanes_of(dtype)
    high, broad = side_of(dtype) // DOWN, side_of(dtype) // ACROSS
    sums = [f"s{i}_{j}" for i in range(high) for j in range(broad)]
    names = ", ".join(sums) + ","
    lines = ["def multiply(a, b, sums, down, across):", f"    {names} = sums", f"    for k in range({DEPTH}):"]
    lines += [f"        a{i} = a[k * {row} + down + {i * DOWN}]" for i in range(high)]
    lines += [f"        b{j} = b[k * {row} + across + {j * ACROSS}]" for j in range(broad)]
    lines += [f"        s{i}_{j} = fma(a{i}, b{j}, s{i}_{j})" for i in range(high) for j in range(broad)]
    scope: dict[str, Any] = {"__name__": dtype, **jit.words_of(dtype)}
    multiply = jit.generated("\n".join([*lines, f"    return ({names})", ""]), "multiply", scope)
    lines = ["def join(totals, sums):"]
    lines += [f"    return ({', '.join(f'totals[{n}] + sums[{n}]' for n in range(len(sums)))},)", ""]
    join = jit.generated("\n".join(lines), "join", scope)
    lines = ["def write(c, y, onto, alpha, totals, row, column, rows, lift):", f"    {names} = totals"]
    lines += [f"    column{j} = column + {j * ACROSS}" for j in range(broad)]
    for i in range(high):
        lines += [f"    place = row + {i * DOWN}", "    if place < rows:"]
        lines += [f"        put_entry(c, y, onto, alpha, s{i}_{j}, place, column{j}, lift)" for j in range(broad)]
    scope["put_entry"] = _entry_text(dtype)
    return multiply, join, jit.generated("\n".join([*lines, ""]), "write", scope)


def _entry_text(dtype: str) -> Any:
    """`put_entry`, which writes one entry of y, or of the part of it that lies so many rows below."""
    reals = jit.words_of(dtype)["reals"]

    @jit.jitable
    def put_entry(c, y, onto, alpha, total, row, column, lift):  # type: ignore[no-untyped-def]
        if column < c.columns:
            total = alpha * total
            if onto.address != 0:
                total += reals(onto.address + row * onto.down + column * onto.across)[0]
            reals(y.address + (row + lift) * y.down + column * y.across)[0] = total

    return put_entry


@functools.cache
def product_kernel(dtype: str, along: tuple[bool, bool], wide: tuple[bool, bool]) -> Any:
    """The kernel for matrices whose features lie side by side or not, and which may be read by 128 bits or not."""
    words, number, side = jit.words_of(dtype), getattr(np, dtype), side_of(dtype)
    real, ints = words["real"], words["ints"]
    fetch_a, fetch_b = (_fetch_text(dtype, *facts) for facts in zip(along, wide, strict=True))
    put_a, put_b = (_put_text(dtype, each) for each in along)
    multiply, join, write = _sum_texts(dtype)
    shared_size = DEPTH * (side + lanes_of(dtype))
    zeros = (number(0.0),) * (side // DOWN * (side // ACROSS))

    @jit.jitable
    def extent(c):  # type: ignore[no-untyped-def]
        """Rows and features that count."""
        rows, features = c.rows, c.features
        if c.live != 0:
            live = max(ints(c.live)[0] - c.first, c.first - c.first)
            if c.live_are == LIVE_ROWS:
                rows = min(rows, live)
            else:
                features = min(features, live)
        return rows, features

    def product(c, a, b, y, onto, alpha):  # type: ignore[no-untyped-def]
        a_tile = cuda.shared.array(shared_size, number)
        b_tile = cuda.shared.array(shared_size, number)
        thread = int64(cuda.threadIdx.x)
        down, across = thread // ACROSS, thread % ACROSS
        rows, features = extent(c)
        high, broad = (c.rows + side - 1) // side, (c.columns + side - 1) // side
        tile, part = int64(cuda.blockIdx.x) % (high * broad), int64(cuda.blockIdx.x) // (high * broad)
        row, column = tile % high * side, tile // high * side
        end = min(features, (part + 1) * c.span)
        totals = zeros
        if row < rows:
            for begin in range(part * c.span, end, STRETCH):
                stop = min(begin + STRETCH, end)
                sums = zeros
                from_a = fetch_a(a, row, rows, begin, stop, thread)
                from_b = fetch_b(b, column, c.columns, begin, stop, thread)
                for k in range(begin, stop, DEPTH):
                    put_a(a_tile, from_a, thread)
                    put_b(b_tile, from_b, thread)
                    cuda.syncthreads()
                    from_a = fetch_a(a, row, rows, k + DEPTH, stop, thread)
                    from_b = fetch_b(b, column, c.columns, k + DEPTH, stop, thread)
                    sums = multiply(a_tile, b_tile, sums, down, across)
                    cuda.syncthreads()
                totals = join(totals, sums)
            write(c, y, onto, real(alpha), totals, row + down, column + across, rows, part * c.rows)

    matrices = [Strided] * 4
    signature = (Multiplied, *matrices, float64)
    return jit.kernel(product, signature, (jit.THREADS, 1))


@functools.cache
def added_kernel(dtype: str) -> Any:
    """The sum of the parts of a product, in their order."""
    reals, threads = jit.words_of(dtype)["reals"], jit.THREADS

    def added(rows, columns, parts, made, y, onto):  # type: ignore[no-untyped-def]
        """A thread for each entry of y, whose parts lie one below the other."""
        at = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if at < rows * columns:
            total = reals(made)[at]
            for part in range(1, parts):
                total += reals(made)[part * rows * columns + at]
            row, column = at // columns, at % columns
            if onto.address != 0:
                total += reals(onto.address + row * onto.down + column * onto.across)[0]
            reals(y.address + row * y.down + column * y.across)[0] = total

    return jit.kernel(added, (*[int64] * 4, Strided, Strided), (jit.THREADS, 2))
