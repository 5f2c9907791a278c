"""The kernels of the head family beside the products: which rows count, their gathering, and where gradients go.

The positions of a batch are those of the rows that count, in their order, then those of all others; in front of them is
how many count, which is known on the device alone.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, int64, types

from . import jit, reading


def _positions_text(dtype: str) -> Any:
    words, threads = jit.words_of(dtype), jit.THREADS
    operands = reading.operand_texts(words, jit.jitable)
    read, read_label, ints = operands["read"], operands["read_label"], words["ints"]
    zero = getattr(np, dtype)(0.0)

    @jit.jitable
    def counts(c, row):  # type: ignore[no-untyped-def]
        """Whether a row has a label that is not ignored and a weight; bad ones are complained about elsewhere."""
        label = read_label(c[6], c[7], c[8], row)
        weighted = c[5] == 0 or read(c[9], c[10], c[11], zero, row) > zero
        return weighted and label >= 0 and label < c[1] and not (c[3] == 1 and label == c[4])

    def positions(c):  # type: ignore[no-untyped-def]
        """c: 0 rows   1 classes   2 positions   3 a label is ignored   4 which   5 weighted   6 labels   9 weight:
        operands, as in reading.py. One block, each thread with a part of the rows."""
        found = cuda.shared.array(threads, int64)
        thread = int64(cuda.threadIdx.x)
        each = (c[0] + threads - 1) // threads
        begin = min(thread * each, c[0])
        end = min(begin + each, c[0])
        own = begin - begin
        for row in range(begin, end):
            own += 1 if counts(c, row) else 0
        found[thread] = own
        cuda.syncthreads()
        before = begin - begin
        total = begin - begin
        for k in range(threads):
            before += found[k] if k < thread else 0
            total += found[k]
        ordered = ints(c[2])
        if thread == 0:
            ordered[0] = total
        after = 1 + total + begin - before
        before += 1
        for row in range(begin, end):
            if counts(c, row):
                ordered[before] = row
                before += 1
            else:
                ordered[after] = row
                after += 1

    return positions


@functools.cache
def positions_kernel(dtype: str) -> Any:
    """Which rows count; one block."""
    return jit.kernel(_positions_text(dtype), (types.UniTuple(int64, 12),), (jit.THREADS, 1))


def _gather_text(dtype: str) -> Any:
    words, threads = jit.words_of(dtype), jit.THREADS
    operands = reading.operand_texts(words, jit.jitable)
    read, read_label, ints, reals = operands["read"], operands["read_label"], words["ints"], words["reals"]
    zero, one = getattr(np, dtype)(0.0), getattr(np, dtype)(1.0)

    def gather(c):  # type: ignore[no-untyped-def]
        """A block for each row of c: 0 rows of the batch   1 features   2 positions   3 first   4 weighted
        5 hidden: address, bytes from row to row and from feature to feature   8 labels   11 weight: operands
        14 addresses of hidden, labels and weights side by side; what does not count has weight 0."""
        thread = int64(cuda.threadIdx.x)
        here = int64(cuda.blockIdx.x)
        if c[3] + here < ints(c[2])[0]:
            row = ints(c[2])[1 + c[3] + here]
            for j in range(thread, c[1], threads):
                reals(c[14])[here * c[1] + j] = reals(c[5] + row * c[6] + j * c[7])[0]
            if thread == 0:
                ints(c[15])[here] = read_label(c[8], c[9], c[10], row)
                reals(c[16])[here] = read(c[11], c[12], c[13], zero, row) if c[4] == 1 else one
        elif thread == 0:
            ints(c[15])[here] = here - here
            reals(c[16])[here] = zero

    return gather


@functools.cache
def gather_kernel(dtype: str) -> Any:
    """Rows that count, side by side; a block each."""
    return jit.kernel(_gather_text(dtype), (types.UniTuple(int64, 17),), (jit.THREADS, 2))


def _scatter_text(dtype: str) -> Any:
    words, threads = jit.words_of(dtype), jit.THREADS
    ints, reals, zero = words["ints"], words["reals"], getattr(np, dtype)(0.0)
    write = reading.operand_texts(words, jit.jitable)["write"]

    def scatter(c):  # type: ignore[no-untyped-def]
        """A block for each row of c: 0 rows of the batch   1 features   2 positions   3 first   4 gradient of the rows
        side by side   5 of hidden: address, 0 for none, bytes from row to row and from feature to feature
        8 losses side by side   9 values: an operand, address 0 for none. What does not count is 0."""
        thread = int64(cuda.threadIdx.x)
        here = int64(cuda.blockIdx.x)
        if c[3] + here < c[0]:
            live = c[3] + here < ints(c[2])[0]
            row = ints(c[2])[1 + c[3] + here]
            if c[5] != 0:
                for j in range(thread, c[1], threads):
                    reals(c[5] + row * c[6] + j * c[7])[0] = reals(c[4])[here * c[1] + j] if live else zero
            if c[9] != 0 and thread == 0:
                write(c[9], c[11], row, reals(c[8])[here] if live else zero)

    return scatter


@functools.cache
def scatter_kernel(dtype: str) -> Any:
    """What was found for rows, where it belongs; a block each."""
    return jit.kernel(_scatter_text(dtype), (types.UniTuple(int64, 12),), (jit.THREADS, 2))


def _columns_text(dtype: str) -> Any:
    words, threads = jit.words_of(dtype), jit.THREADS
    ints, reals, real, double = words["ints"], words["reals"], words["real"], words["double"]
    zero = np.float64(0.0)

    def columns(c):  # type: ignore[no-untyped-def]
        """A thread for each column of c: 0 rows   1 columns   2 positions   3 first   4 address of the numbers, row by
        row   5 address of the sums   6 bytes from one to the next   7 they are added to. Only rows that count."""
        j = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if j < c[1]:
            place = reals(c[5] + j * c[6])
            total = double(place[0]) if c[7] == 1 else zero
            for row in range(min(c[0], ints(c[2])[0] - c[3])):
                total += double(reals(c[4])[row * c[1] + j])
            place[0] = real(total)

    return columns


@functools.cache
def columns_kernel(dtype: str) -> Any:
    """Sums of columns, each by a thread."""
    return jit.kernel(_columns_text(dtype), (types.UniTuple(int64, 8),), (jit.THREADS, 2))
