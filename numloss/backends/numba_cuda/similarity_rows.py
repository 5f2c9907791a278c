"""The kernels of the similarity family that add nothing up over the threads of a block."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ...loops.codes import UNWEIGHTED, WEIGHT_OPERAND, WEIGHTED
from ...loops.headers import Header, Int, Operand
from . import blocks, jit, reading
from .checks import NO_COMPLAINT


@dataclass
class Known(Header):
    """Addresses of what is known of each row, side by side, or 0: its label, whom it ought to find, and how many others
    have its label, as int64; what it counts with, and by what the loss of a row that has several to find differs from
    that of its partner, in the dtype of the data."""

    kinds: Int
    partners: Int
    others: Int
    shares: Int
    beyond: Int


@dataclass
class Closing(Header):
    """Losses of rows, so many a block, and addresses of what is added to them and of others, or 0.

    Who has no others counts nothing; `lonely`: nor who has all for others.
    """

    rows: Int
    block: Int
    losses: Int
    beyond: Int
    others: Int
    lonely: Int
    weighted: Int
    weight: Operand
    values: Operand


@functools.cache
def belonging_kernel(dtype: str) -> Any:
    """Whom each row ought to find, and what it counts with."""
    words, threads = jit.words_of(dtype), jit.THREADS
    real, reals, ints, one = words["real"], words["reals"], words["ints"], getattr(np, dtype)(1.0)
    read = reading.texts_of(dtype)["read"]

    def belonging(rows, batch, apart, c, weight, factor):  # type: ignore[no-untyped-def]
        """A thread for each of so many rows; partners are so far apart, where there are no labels.

        The partner is the next of the same label, the first after the last; who has none has -1."""
        row = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if row < rows:
            w = read(weight, one, row % batch) if weight.array != 0 else one
            reals(c.shares)[row] = w * real(factor)
            partner = (row + apart) % rows
            if c.kinds != 0:
                kinds = ints(c.kinds)
                own = kinds[row]
                before, after, others = rows, rows, row - row
                for j in range(rows):
                    if kinds[j] == own and j != row:
                        others += 1
                        before = min(before, j)
                        after = min(after, j if j > row else rows)
                partner = after if after < rows else before
                partner = partner if others > 0 else -1
                ints(c.others)[row] = others
            ints(c.partners)[row] = partner

    signature = (*[int64] * 3, Known, Operand, float64)
    return jit.kernel(belonging, signature, (jit.THREADS, 2))


@functools.cache
def sharing_kernel(dtype: str) -> Any:
    """What happens to slopes after the cross-entropy; a block each row."""
    words, threads, number = jit.words_of(dtype), jit.THREADS, getattr(np, dtype)
    real, reals, ints, zero, one = words["real"], words["reals"], words["ints"], number(0.0), number(1.0)
    item = np.dtype(dtype).itemsize

    def sharing(columns, first, slopes_at, c):  # type: ignore[no-untyped-def]
        """What pulls a row to its partner is spread over all others of its label."""
        thread = int64(cuda.threadIdx.x)
        row = first + int64(cuda.blockIdx.x)
        slopes = reals(slopes_at + int64(cuda.blockIdx.x) * columns * item)
        kinds, share, others = ints(c.kinds), reals(c.shares)[row], ints(c.others)[row]
        if others > 1 and share != zero:
            each = one / real(others)
            for j in range(thread, columns, threads):
                if kinds[j] == kinds[row] and j != row:
                    slopes[j] += share * ((one if j == ints(c.partners)[row] else zero) - each)

    return jit.kernel(sharing, (*[int64] * 3, Known), (jit.THREADS, 2))


@functools.cache
def closing_kernel(dtype: str) -> Any:
    """The sum of the losses and of what they count with."""
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    double, reals, ints = words["double"], words["reals"], words["ints"]
    read, write = (reading.texts_of(dtype)[name] for name in ("read", "write"))
    within, close_block = (blocks.block_texts(dtype)[name] for name in ("within", "close_block"))
    zero, one, infinite, nothing = number(0.0), number(1.0), number(np.inf), np.float64(0.0)

    def closing(c, partials):  # type: ignore[no-untyped-def]
        """Add up losses, and what they count with."""
        totals = cuda.shared.array(threads, float64)
        weights = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        first, total, weight = NO_COMPLAINT, nothing, nothing
        if thread == 0:
            worst[0] = NO_COMPLAINT
        start = int64(cuda.blockIdx.x) * c.block
        for row in range(start + thread, min(start + c.block, c.rows), threads):
            w = one
            if c.weighted != UNWEIGHTED:
                w = read(c.weight, zero, row)
            if c.weighted == WEIGHTED:
                first = within(w, zero, infinite, row, WEIGHT_OPERAND, first)
            value = reals(c.losses)[row]
            if c.beyond != 0:
                value += reals(c.beyond)[row]
            others = ints(c.others)[row] if c.others != 0 else c.rows
            if others > 0 and (c.lonely == 0 or others + 1 < c.rows):
                weight += double(w)
            total += double(value)
            if c.values.array != 0:
                write(c.values, row, value)
        totals[thread] = total
        weights[thread] = weight
        close_block(partials, cuda.blockIdx.x, threads, thread, totals, weights, worst, first)

    return jit.kernel(closing, (Closing, int64), (jit.THREADS, 2))
