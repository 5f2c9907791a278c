"""The kernels of the similarity family beside the products and the rowwise kernel.

A block of threads works on a row of vectors or of scores; what is known of each row of the batch lies side by side:
kinds, partners and others as int64 (its label, whom it ought to find, how many others have its label), shares and
losses in the dtype of the data, inverse lengths in float64.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types

from ... import scalar
from . import blocks, jit, reading
from .similarity_texts import circle_texts


def _directions_text(dtype: str) -> Any:
    words, threads, block_sum = jit.words_of(dtype), jit.THREADS, blocks.sum_texts()["block_sum"]
    real, double, reals, doubles, ints = (words[k] for k in ("real", "double", "reals", "doubles", "ints"))
    read_label = reading.operand_texts(words, jit.jitable)["read_label"]
    sqrt, zero, one = jit.words_of("float64")["sqrt"], np.float64(0.0), np.float64(1.0)

    def directions(c):  # type: ignore[no-untyped-def]
        """c: 0 entries of a vector   1 vectors: address, bytes from row to row and from entry to entry   4 addresses of
        the directions, the inverse lengths, slopes to be cleared, or 0, and kinds, or 0   8 labels: an operand."""
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = int64(cuda.blockIdx.x)
        vector = c[1] + row * c[2]
        square = zero
        for j in range(thread, c[0], threads):
            x = double(reals(vector + j * c[3])[0])
            square += x * x
        length = sqrt(block_sum(shared, thread, square))
        inverse = zero if length == zero else one / length
        for j in range(thread, c[0], threads):
            reals(c[4])[row * c[0] + j] = real(double(reals(vector + j * c[3])[0]) * inverse)
            if c[6] != 0:
                reals(c[6])[row * c[0] + j] = real(zero)
        if thread == 0:
            doubles(c[5])[row] = inverse
            if c[7] != 0:
                ints(c[7])[row] = read_label(c[8], c[9], c[10], row)

    return directions


@functools.cache
def directions_kernel(dtype: str) -> Any:
    """Vectors divided by their lengths; a block each."""
    return jit.kernel(_directions_text(dtype), (types.UniTuple(int64, 11),), (jit.THREADS, 2))


def _hiding_text(dtype: str, labelled: bool) -> Any:
    words, threads, number = jit.words_of(dtype), jit.THREADS, getattr(np, dtype)
    real, double, reals, ints = words["real"], words["double"], words["reals"], words["ints"]
    block_sum, zero, nothing = blocks.sum_texts()["block_sum"], number(0.0), np.float64(0.0)
    lowest, item = number(-np.inf), np.dtype(dtype).itemsize

    def hiding(c):  # type: ignore[no-untyped-def]
        """c: 0 columns   1 first row   2 addresses of the scores, kinds, partners, shares, others, and by what the loss
        of a row that has several to find differs from that of its partner. Nobody is told apart from himself."""
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = c[1] + int64(cuda.blockIdx.x)
        scores = reals(c[2] + int64(cuda.blockIdx.x) * c[0] * item)
        if labelled:
            kinds, others = ints(c[3]), ints(c[6])[row]
            total = nothing
            if others > 1:
                for j in range(thread, c[0], threads):
                    if kinds[j] == kinds[row] and j != row:
                        total += double(scores[j])
                total = double(scores[ints(c[4])[row]]) - block_sum(shared, thread, total) / others
            if thread == 0:
                share = reals(c[5])[row]
                reals(c[7])[row] = real(double(share) * total) if share > zero else zero
        if thread == 0:
            scores[row] = lowest

    return hiding


@functools.cache
def hiding_kernel(dtype: str, labelled: bool) -> Any:
    """What happens to scores before the cross-entropy; a block each row."""
    return jit.kernel(_hiding_text(dtype, labelled), (types.UniTuple(int64, 8),), (jit.THREADS, 2))


def _pairs_text(law: Any, params: int, dtype: str, mode: int) -> Any:
    words, threads, number = jit.words_of(dtype), jit.THREADS, getattr(np, dtype)
    real, double, reals = words["real"], words["double"], words["reals"]
    block_sum, apply = blocks.sum_texts()["block_sum"], blocks.applied(law, 2, params, 0, dtype)
    zero, one, nothing, item = number(0.0), number(1.0), np.float64(0.0), np.dtype(dtype).itemsize

    def pairs(c, r):  # type: ignore[no-untyped-def]
        """c: 0 columns   1 first row   2 addresses of the scores, shares and losses. Each pair by itself."""
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = c[1] + int64(cuda.blockIdx.x)
        scores = reals(c[2] + int64(cuda.blockIdx.x) * c[0] * item)
        share = reals(c[3])[row]
        total = nothing
        for j in range(thread, c[0], threads):
            value, slope, _ = apply(scores[j], one if j == row else zero, r)
            total += double(value)
            if mode > 0:
                scores[j] = slope * share if share > zero else zero
        total = block_sum(shared, thread, total)
        if thread == 0:
            reals(c[4])[row] = real(double(share) * total) if share > zero else zero

    return pairs


@functools.cache
def pairs_kernel(law: Any, params: int, dtype: str, mode: int) -> Any:
    """A law of each score; a block each row."""
    signature = (types.UniTuple(int64, 5), types.UniTuple(float64, params))
    return jit.kernel(_pairs_text(law, params, dtype, mode), signature, (jit.THREADS, 2))


def _circle_text(dtype: str, mode: int) -> Any:
    words, threads = jit.words_of(dtype), jit.THREADS
    real, double, reals, ints = words["real"], words["double"], words["reals"], words["ints"]
    block_sum, block_top = (blocks.sum_texts()[k] for k in ("block_sum", "block_top"))
    peaks_of, sums_of, put_slopes = circle_texts(dtype)
    sigmoid, softplus = jit.typed(scalar.sigmoid, dtype), jit.typed(scalar.softplus, dtype)
    log, zero, item = jit.typed(scalar.log, "float64"), getattr(np, dtype)(0.0), np.dtype(dtype).itemsize

    def circle(c, r):  # type: ignore[no-untyped-def]
        """c: 0 columns   1 first row   2 addresses of scores, kinds, shares, others and losses; r: gamma, margin."""
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = c[1] + int64(cuda.blockIdx.x)
        scores = reals(c[2] + int64(cuda.blockIdx.x) * c[0] * item)
        kinds, share, others = ints(c[3]), reals(c[4])[row], ints(c[5])[row]
        gamma, margin = real(r[0]), real(r[1])
        if others > 0 and others + 1 < c[0]:
            near, far = peaks_of(scores, kinds, c[0], row, thread, gamma, margin)
            near = real(block_top(shared, thread, double(near)))
            far = real(block_top(shared, thread, double(far)))
            tops = near, far
            near_sum, far_sum = sums_of(scores, kinds, c[0], row, thread, gamma, margin, tops)
            near_sum = block_sum(shared, thread, near_sum)
            far_sum = block_sum(shared, thread, far_sum)
            total = real(log(near_sum) + double(near) + (log(far_sum) + double(far)))
            if mode > 0:
                pull = double(share * sigmoid(total))
                inverses = real(pull / near_sum), real(pull / far_sum)
                put_slopes(scores, kinds, c[0], row, thread, gamma, margin, tops, inverses)
            if thread == 0:
                reals(c[6])[row] = share * softplus(total)
        else:
            if mode > 0:
                for j in range(thread, c[0], threads):
                    scores[j] = zero
            if thread == 0:
                reals(c[6])[row] = zero

    return circle


@functools.cache
def circle_kernel(dtype: str, mode: int) -> Any:
    """What belongs together and is not near, times what does not and is; a block each row."""
    signature = (types.UniTuple(int64, 7), types.UniTuple(float64, 2))
    return jit.kernel(_circle_text(dtype, mode), signature, (jit.THREADS, 2))


def _turning_text(dtype: str) -> Any:
    words, threads, block_sum = jit.words_of(dtype), jit.THREADS, blocks.sum_texts()["block_sum"]
    real, double, reals, doubles = words["real"], words["double"], words["reals"], words["doubles"]
    nothing, one = np.float64(0.0), np.float64(1.0)

    def turning(c):  # type: ignore[no-untyped-def]
        """c: 0 entries of a vector   1 addresses of directions, slopes with respect to these, inverse lengths, and the
        scale, or 0   5 gradient: address, bytes from row to row and from entry to entry."""
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = int64(cuda.blockIdx.x)
        along = nothing
        for j in range(thread, c[0], threads):
            at = row * c[0] + j
            along += double(reals(c[1])[at]) * double(reals(c[2])[at])
        along = block_sum(shared, thread, along)
        factor = doubles(c[3])[row] * (one if c[4] == 0 else doubles(c[4])[0])
        for j in range(thread, c[0], threads):
            at = row * c[0] + j
            slope = double(reals(c[2])[at]) - along * double(reals(c[1])[at])
            reals(c[5] + row * c[6] + j * c[7])[0] = real(slope * factor)

    return turning


@functools.cache
def turning_kernel(dtype: str) -> Any:
    """Gradients from directions to vectors; a block each."""
    return jit.kernel(_turning_text(dtype), (types.UniTuple(int64, 8),), (jit.THREADS, 2))
