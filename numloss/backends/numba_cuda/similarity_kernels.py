"""The kernels of the similarity family beside the products and the rowwise kernel.

A block of threads works on a row of vectors or of scores, which are so many columns from the row `first` on; what is
known of each row of the batch is Known of similarity_rows.py. Inverse lengths are float64.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types

from ... import scalar
from ...loops.headers import Operand
from . import blocks, jit, reading
from .products_kernels import Strided
from .similarity_rows import Known
from .similarity_texts import circle_texts

# Squares beyond these are of vectors that are brought nearer to 1 first, by this power of two or its inverse.
SMALLEST, LARGEST, LARGE = np.float64(2.0**-900), np.float64(2.0**900), np.float64(2.0**600)


@functools.cache
def directions_kernel(dtype: str) -> Any:
    """Vectors divided by their lengths; a block each."""
    words, threads, block_sum = jit.words_of(dtype), jit.THREADS, blocks.sum_texts()["block_sum"]
    real, double, reals, doubles, ints = (words[k] for k in ("real", "double", "reals", "doubles", "ints"))
    read_label = reading.texts_of(dtype)["read_label"]
    sqrt, zero, one = jit.words_of("float64")["sqrt"], np.float64(0.0), np.float64(1.0)

    def directions(entries, vectors, unit, inverses, slopes, kinds, labels):  # type: ignore[no-untyped-def]
        """Slopes are cleared and kinds written unless their address is 0."""
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = int64(cuda.blockIdx.x)
        vector = vectors.address + row * vectors.down
        square = zero
        for j in range(thread, entries, threads):
            x = double(reals(vector + j * vectors.across)[0])
            square += x * x
        square = block_sum(shared, thread, square)
        # squares overflow or vanish in float64, too: entries times a power of two; all threads know it
        scale = LARGE if square < SMALLEST else one / LARGE if square > LARGEST else one
        if scale != one:
            square = zero
            for j in range(thread, entries, threads):
                x = double(reals(vector + j * vectors.across)[0]) * scale
                square += x * x
            square = block_sum(shared, thread, square)
        length = sqrt(square)
        inverse = zero if length == zero else one / length
        for j in range(thread, entries, threads):
            reals(unit)[row * entries + j] = real(double(reals(vector + j * vectors.across)[0]) * scale * inverse)
            if slopes != 0:
                reals(slopes)[row * entries + j] = real(zero)
        if thread == 0:
            doubles(inverses)[row] = inverse * scale
            if kinds != 0:
                ints(kinds)[row] = read_label(labels, row)

    signature = (int64, Strided, *[int64] * 4, Operand)
    return jit.kernel(directions, signature, (jit.THREADS, 2))


@functools.cache
def hiding_kernel(dtype: str, labelled: bool) -> Any:
    """What happens to scores before the cross-entropy; a block each row."""
    words, threads, number = jit.words_of(dtype), jit.THREADS, getattr(np, dtype)
    real, double, reals, ints = words["real"], words["double"], words["reals"], words["ints"]
    block_sum, zero, nothing = blocks.sum_texts()["block_sum"], number(0.0), np.float64(0.0)
    lowest, item = number(-np.inf), np.dtype(dtype).itemsize

    def hiding(columns, first, scores_at, c):  # type: ignore[no-untyped-def]
        """Nobody is told apart from himself."""
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = first + int64(cuda.blockIdx.x)
        scores = reals(scores_at + int64(cuda.blockIdx.x) * columns * item)
        if labelled:
            kinds, others = ints(c.kinds), ints(c.others)[row]
            total = nothing
            if others > 1:
                for j in range(thread, columns, threads):
                    if kinds[j] == kinds[row] and j != row:
                        total += double(scores[j])
                total = double(scores[ints(c.partners)[row]]) - block_sum(shared, thread, total) / others
            if thread == 0:
                share = reals(c.shares)[row]
                reals(c.beyond)[row] = real(double(share) * total) if share != zero else zero
        if thread == 0:
            scores[row] = lowest

    return jit.kernel(hiding, (*[int64] * 3, Known), (jit.THREADS, 2))


@functools.cache
def pairs_kernel(law: Any, params: int, dtype: str, mode: int) -> Any:
    """A law of each score; a block each row."""
    words, threads, number = jit.words_of(dtype), jit.THREADS, getattr(np, dtype)
    real, double, reals, doubles = words["real"], words["double"], words["reals"], words["doubles"]
    block_sum, apply = blocks.sum_texts()["block_sum"], blocks.applied(law, 2, params, 0, dtype)
    zero, one, nothing, item = number(0.0), number(1.0), np.float64(0.0), np.dtype(dtype).itemsize

    def pairs(columns, first, scores_at, shares, losses, pushes, params):  # type: ignore[no-untyped-def]
        """Each pair by itself; the sums of slopes are left at `pushes` unless it is 0."""
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = first + int64(cuda.blockIdx.x)
        scores = reals(scores_at + int64(cuda.blockIdx.x) * columns * item)
        share = reals(shares)[row]
        total, push = nothing, nothing
        for j in range(thread, columns, threads):
            value, slope, _ = apply(scores[j], one if j == row else zero, params)
            total += double(value)
            if mode > 0:
                scores[j] = slope * share if share != zero else zero
                push += double(scores[j])
        total = block_sum(shared, thread, total)
        if pushes != 0:
            push = block_sum(shared, thread, push)
            if thread == 0:
                doubles(pushes)[row] = push
        if thread == 0:
            reals(losses)[row] = real(double(share) * total) if share != zero else zero

    signature = (*[int64] * 6, types.UniTuple(float64, params))
    return jit.kernel(pairs, signature, (jit.THREADS, 2))


@functools.cache
def circle_kernel(dtype: str, mode: int) -> Any:
    """What belongs together and is not near, times what does not and is; a block each row."""
    words, threads = jit.words_of(dtype), jit.THREADS
    real, double, reals, ints = words["real"], words["double"], words["reals"], words["ints"]
    block_sum, block_top = (blocks.sum_texts()[k] for k in ("block_sum", "block_top"))
    peaks_of, sums_of, put_slopes = circle_texts(dtype)
    sigmoid, softplus = jit.typed(scalar.sigmoid, dtype), jit.typed(scalar.softplus, dtype)
    log, zero, item = jit.typed(scalar.log, "float64"), getattr(np, dtype)(0.0), np.dtype(dtype).itemsize

    def circle(columns, first, scores_at, c, losses, gamma, margin):  # type: ignore[no-untyped-def]
        """What belongs together and is not near, times what does not and is."""
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = first + int64(cuda.blockIdx.x)
        scores = reals(scores_at + int64(cuda.blockIdx.x) * columns * item)
        kinds, share, others = ints(c.kinds), reals(c.shares)[row], ints(c.others)[row]
        gamma, margin = real(gamma), real(margin)
        if others > 0 and others + 1 < columns:
            near, far = peaks_of(scores, kinds, columns, row, thread, gamma, margin)
            near = real(block_top(shared, thread, double(near)))
            far = real(block_top(shared, thread, double(far)))
            tops = near, far
            near_sum, far_sum = sums_of(scores, kinds, columns, row, thread, gamma, margin, tops)
            near_sum = block_sum(shared, thread, near_sum)
            far_sum = block_sum(shared, thread, far_sum)
            total = real(log(near_sum) + double(near) + (log(far_sum) + double(far)))
            if mode > 0:
                pull = double(share * sigmoid(total))
                inverses = real(pull / near_sum), real(pull / far_sum)
                put_slopes(scores, kinds, columns, row, thread, gamma, margin, tops, inverses)
            if thread == 0:
                reals(losses)[row] = share * softplus(total)
        else:
            if mode > 0:
                for j in range(thread, columns, threads):
                    scores[j] = zero
            if thread == 0:
                reals(losses)[row] = zero

    signature = (*[int64] * 3, Known, int64, float64, float64)
    return jit.kernel(circle, signature, (jit.THREADS, 2))


@functools.cache
def multi_kernel(dtype: str, mode: int) -> Any:
    """What belongs together and is far, and by itself what does not and is near; a block each row."""
    words, threads, number = jit.words_of(dtype), jit.THREADS, getattr(np, dtype)
    real, double, reals, ints = words["real"], words["double"], words["reals"], words["ints"]
    block_sum, block_top = (blocks.sum_texts()[k] for k in ("block_sum", "block_top"))
    exp, log = jit.typed(scalar.exp, dtype), jit.typed(scalar.log, "float64")
    wide_exp, item = jit.typed(scalar.exp, "float64"), np.dtype(dtype).itemsize
    zero, nothing = number(0.0), np.float64(0.0)

    @jit.jitable
    def exponent_of(score, same, alpha, beta, base):  # type: ignore[no-untyped-def]
        return -alpha * (score - base) if same else beta * (score - base)

    def multi(columns, first, scores_at, c, losses, alpha, beta, base):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = first + int64(cuda.blockIdx.x)
        scores = reals(scores_at + int64(cuda.blockIdx.x) * columns * item)
        kinds, share = ints(c.kinds), reals(c.shares)[row]
        alpha, beta, base = real(alpha), real(beta), real(base)
        near, far = zero, zero
        for j in range(thread, columns, threads):
            same = kinds[j] == kinds[row]
            x = exponent_of(scores[j], same, alpha, beta, base)
            near = x if same and j != row and not x <= near else near
            far = x if not same and not x <= far else far
        near = real(block_top(shared, thread, double(near)))
        far = real(block_top(shared, thread, double(far)))
        pull, push = nothing, nothing
        for j in range(thread, columns, threads):
            same = kinds[j] == kinds[row]
            e = double(exp(exponent_of(scores[j], same, alpha, beta, base) - (near if same else far)))
            pull += e if same and j != row else nothing
            push += nothing if same else e
        pull = block_sum(shared, thread, pull) + wide_exp(-double(near))
        push = block_sum(shared, thread, push) + wide_exp(-double(far))
        if mode > 0:
            for j in range(thread, columns, threads):
                same = kinds[j] == kinds[row]
                e = exp(exponent_of(scores[j], same, alpha, beta, base) - (near if same else far))
                e = -e / real(pull) if same else e / real(push)
                scores[j] = zero if j == row or share == zero else share * e
        if thread == 0:
            total = (log(pull) + double(near)) / double(alpha) + (log(push) + double(far)) / double(beta)
            reals(losses)[row] = real(double(share) * total) if share != zero else zero

    signature = (*[int64] * 3, Known, int64, *[float64] * 3)
    return jit.kernel(multi, signature, (jit.THREADS, 2))


@functools.cache
def turning_kernel(dtype: str) -> Any:
    """Gradients from directions to vectors; a block each."""
    words, threads, block_sum = jit.words_of(dtype), jit.THREADS, blocks.sum_texts()["block_sum"]
    real, double, reals, doubles = words["real"], words["double"], words["reals"], words["doubles"]
    nothing, one = np.float64(0.0), np.float64(1.0)

    def turning(entries, unit, slopes, inverses, scale, alongs, gradient):  # type: ignore[no-untyped-def]
        """Take the slopes by a direction to its vector; the address of the scale may be 0.

        What slopes have along their directions is left at `alongs` unless that is 0.
        """
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = int64(cuda.blockIdx.x)
        along = nothing
        for j in range(thread, entries, threads):
            at = row * entries + j
            along += double(reals(unit)[at]) * double(reals(slopes)[at])
        along = block_sum(shared, thread, along)
        if thread == 0 and alongs != 0:
            doubles(alongs)[row] = along
        factor = doubles(inverses)[row] * (one if scale == 0 else doubles(scale)[0])
        for j in range(thread, entries, threads):
            at = row * entries + j
            slope = double(reals(slopes)[at]) - along * double(reals(unit)[at])
            reals(gradient.address + row * gradient.down + j * gradient.across)[0] = real(slope * factor)

    return jit.kernel(turning, (*[int64] * 6, Strided), (jit.THREADS, 2))


@functools.cache
def adding_kernel() -> Any:
    """The sum of numbers of rows, times a factor and a scale, whose address may be 0; one block."""
    doubles, threads, block_sum = jit.words_of("float64")["doubles"], jit.THREADS, blocks.sum_texts()["block_sum"]
    nothing, one = np.float64(0.0), np.float64(1.0)

    def adding(rows, numbers, scale, total_at, factor):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        total = nothing
        for row in range(thread, rows, threads):
            total += doubles(numbers)[row]
        total = block_sum(shared, thread, total)
        if thread == 0:
            doubles(total_at)[0] = total * factor * (one if scale == 0 else doubles(scale)[0])

    return jit.kernel(adding, (*[int64] * 4, float64), (jit.THREADS, 2))
