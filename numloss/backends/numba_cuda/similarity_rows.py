"""The kernels of the similarity family that add nothing up over the threads of a block.

What is known of each row is in similarity_kernels.py.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types

from . import blocks, jit, reading
from .elementwise_codegen import NO_COMPLAINT

BAD_WEIGHT = 15


def _belonging_text(dtype: str) -> Any:
    words, threads = jit.words_of(dtype), jit.THREADS
    real, reals, ints, one = words["real"], words["reals"], words["ints"], getattr(np, dtype)(1.0)
    read = reading.operand_texts(words, jit.jitable)["read"]

    def belonging(c, factor):  # type: ignore[no-untyped-def]
        """A thread for each row of c: 0 rows   1 rows of the batch   2 how far partners are apart, where there are no
        labels   3 weighted   4 weight: an operand   7 addresses of kinds, or 0, partners, shares and others.

        The partner is the next of the same label, the first after the last; who has none has -1."""
        row = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if row < c[0]:
            w = read(c[4], c[5], c[6], one, row % c[1]) if c[3] == 1 else one
            reals(c[9])[row] = w * real(factor)
            partner = (row + c[2]) % c[0]
            if c[7] != 0:
                kinds = ints(c[7])
                own = kinds[row]
                before, after, others = c[0], c[0], row - row
                for j in range(c[0]):
                    if kinds[j] == own and j != row:
                        others += 1
                        before = min(before, j)
                        after = min(after, j if j > row else c[0])
                partner = after if after < c[0] else before
                partner = partner if others > 0 else -1
                ints(c[10])[row] = others
            ints(c[8])[row] = partner

    return belonging


@functools.cache
def belonging_kernel(dtype: str) -> Any:
    """Whom each row ought to find, and what it counts with."""
    signature = (types.UniTuple(int64, 11), float64)
    return jit.kernel(_belonging_text(dtype), signature, (jit.THREADS, 2))


def _sharing_text(dtype: str) -> Any:
    words, threads, number = jit.words_of(dtype), jit.THREADS, getattr(np, dtype)
    real, reals, ints, zero, one = words["real"], words["reals"], words["ints"], number(0.0), number(1.0)
    item = np.dtype(dtype).itemsize

    def sharing(c):  # type: ignore[no-untyped-def]
        """c as in `hiding`: what pulls a row to its partner is spread over all others of its label."""
        thread = int64(cuda.threadIdx.x)
        row = c[1] + int64(cuda.blockIdx.x)
        slopes = reals(c[2] + int64(cuda.blockIdx.x) * c[0] * item)
        kinds, share, others = ints(c[3]), reals(c[5])[row], ints(c[6])[row]
        if others > 1 and share > zero:
            each = one / real(others)
            for j in range(thread, c[0], threads):
                if kinds[j] == kinds[row] and j != row:
                    slopes[j] += share * ((one if j == ints(c[4])[row] else zero) - each)

    return sharing


@functools.cache
def sharing_kernel(dtype: str) -> Any:
    """What happens to slopes after the cross-entropy; a block each row."""
    return jit.kernel(_sharing_text(dtype), (types.UniTuple(int64, 8),), (jit.THREADS, 2))


def _closing_text(dtype: str) -> Any:
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    double, reals, ints = words["double"], words["reals"], words["ints"]
    operands, texts = reading.operand_texts(words, jit.jitable), blocks.block_texts(dtype)
    read, write, within, close_block = operands["read"], operands["write"], texts["within"], texts["close_block"]
    zero, one, infinite, nothing = number(0.0), number(1.0), number(np.inf), np.float64(0.0)

    def closing(c):  # type: ignore[no-untyped-def]
        """c: 0 rows   1 rows of a block   2 address of the partial results   3 weighted   4 addresses of losses, of
        what is added to them, or 0, and of others, or 0: who has none counts nothing   7 nor who has all for others
        8 weight   11 values: operands, the address of values 0 for none."""
        totals = cuda.shared.array(threads, float64)
        weights = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        first, total, weight = NO_COMPLAINT, nothing, nothing
        if thread == 0:
            worst[0] = NO_COMPLAINT
        start = int64(cuda.blockIdx.x) * c[1]
        for row in range(start + thread, min(start + c[1], c[0]), threads):
            w = one
            if c[3] == 1:
                w = read(c[8], c[9], c[10], zero, row)
                first = within(w, zero, infinite, row, BAD_WEIGHT, first)
            value = reals(c[4])[row]
            if c[5] != 0:
                value += reals(c[5])[row]
            others = ints(c[6])[row] if c[6] != 0 else c[0]
            if others > 0 and (c[7] == 0 or others + 1 < c[0]):
                weight += double(w)
            total += double(value)
            if c[11] != 0:
                write(c[11], c[13], row, value)
        totals[thread] = total
        weights[thread] = weight
        close_block(c[2], cuda.blockIdx.x, threads, thread, totals, weights, worst, first)

    return closing


@functools.cache
def closing_kernel(dtype: str) -> Any:
    """The sum of the losses and of what they count with."""
    return jit.kernel(_closing_text(dtype), (types.UniTuple(int64, 14),), (jit.THREADS, 2))
