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
from . import blocks, reading, target
from .walk import NO_COMPLAINT

BAD_WEIGHT = 15
# Numbers that are left of those of the threads before all of these add them up.
LANES = 16


def block_texts() -> dict[str, Any]:
    """`block_sum` and `block_top`: of one number of each thread, known to all of them, in one order.

    The simulator knows barriers in the module of the kernel alone.
    """
    threads = target.THREADS

    @target.jitable
    def block_sum(shared, thread, x):  # type: ignore[no-untyped-def]
        shared[thread] = x
        cuda.syncthreads()
        if thread < LANES:
            for other in range(thread + LANES, threads, LANES):
                shared[thread] += shared[other]
        cuda.syncthreads()
        total = shared[0]
        for k in range(1, LANES):
            total += shared[k]
        cuda.syncthreads()
        return total

    @target.jitable
    def block_top(shared, thread, x):  # type: ignore[no-untyped-def]
        shared[thread] = x
        cuda.syncthreads()
        top = shared[0]
        for k in range(1, threads):
            top = max(top, shared[k])
        cuda.syncthreads()
        return top

    return {"block_sum": block_sum, "block_top": block_top}


def _directions_text(dtype: str) -> Any:
    words, threads, block_sum = target.words_of(dtype), target.THREADS, block_texts()["block_sum"]
    real, double, reals, doubles, ints = (words[k] for k in ("real", "double", "reals", "doubles", "ints"))
    read_label = reading.operand_texts(words, target.jitable)["read_label"]
    sqrt, zero, one = target.words_of("float64")["sqrt"], np.float64(0.0), np.float64(1.0)

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
    return target.kernel(_directions_text(dtype), (types.UniTuple(int64, 11),), (target.THREADS, 2))


def _belonging_text(dtype: str) -> Any:
    words, threads = target.words_of(dtype), target.THREADS
    real, reals, ints, one = words["real"], words["reals"], words["ints"], getattr(np, dtype)(1.0)
    read = reading.operand_texts(words, target.jitable)["read"]

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
    return target.kernel(_belonging_text(dtype), signature, (target.THREADS, 2))


def _hiding_text(dtype: str, labelled: bool) -> Any:
    words, threads, number = target.words_of(dtype), target.THREADS, getattr(np, dtype)
    real, double, reals, ints = words["real"], words["double"], words["reals"], words["ints"]
    block_sum, zero, nothing = block_texts()["block_sum"], number(0.0), np.float64(0.0)
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
    return target.kernel(_hiding_text(dtype, labelled), (types.UniTuple(int64, 8),), (target.THREADS, 2))


def _sharing_text(dtype: str) -> Any:
    words, threads, number = target.words_of(dtype), target.THREADS, getattr(np, dtype)
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
    return target.kernel(_sharing_text(dtype), (types.UniTuple(int64, 8),), (target.THREADS, 2))


def _pairs_text(law: Any, params: int, dtype: str, mode: int) -> Any:
    words, threads, number = target.words_of(dtype), target.THREADS, getattr(np, dtype)
    real, double, reals = words["real"], words["double"], words["reals"]
    block_sum, apply = block_texts()["block_sum"], blocks.applied(law, 2, params, 0, dtype)
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
    return target.kernel(_pairs_text(law, params, dtype, mode), signature, (target.THREADS, 2))


def _circle_texts(dtype: str) -> tuple[Any, Any]:
    """`pulled`, what a score is multiplied by, and the exponent that this gives."""
    number = getattr(np, dtype)
    zero, one = number(0.0), number(1.0)

    @target.jitable
    def factor_of(score, same, gamma, margin):  # type: ignore[no-untyped-def]
        if same:
            return -gamma * max(one + margin - score, zero)
        return gamma * max(score + margin, zero)

    @target.jitable
    def exponent_of(score, same, gamma, margin):  # type: ignore[no-untyped-def]
        return factor_of(score, same, gamma, margin) * (score - (one - margin if same else margin))

    return factor_of, exponent_of


def _circle_text(dtype: str, mode: int) -> Any:
    words, threads, number = target.words_of(dtype), target.THREADS, getattr(np, dtype)
    real, double, reals, ints = words["real"], words["double"], words["reals"], words["ints"]
    block_sum, block_top = (block_texts()[k] for k in ("block_sum", "block_top"))
    factor_of, exponent_of = _circle_texts(dtype)
    exp, log = target.typed(scalar.exp, dtype), target.typed(scalar.log, "float64")
    sigmoid, softplus = target.typed(scalar.sigmoid, dtype), target.typed(scalar.softplus, dtype)
    zero, lowest, nothing, item = number(0.0), number(-np.inf), np.float64(0.0), np.dtype(dtype).itemsize

    @target.jitable
    def peaks_of(scores, kinds, columns, row, thread, gamma, margin):  # type: ignore[no-untyped-def]
        """The largest exponents that a thread sees: of those that belong together, and of the others."""
        near, far = lowest, lowest
        for j in range(thread, columns, threads):
            same = kinds[j] == kinds[row]
            x = exponent_of(scores[j], same, gamma, margin)
            if same and j != row:
                near = max(near, x)
            elif not same:
                far = max(far, x)
        return near, far

    @target.jitable
    def sums_of(scores, kinds, columns, row, thread, gamma, margin, tops):  # type: ignore[no-untyped-def]
        near, far = nothing, nothing
        for j in range(thread, columns, threads):
            same = kinds[j] == kinds[row]
            e = double(exp(exponent_of(scores[j], same, gamma, margin) - (tops[0] if same else tops[1])))
            if same and j != row:
                near += e
            elif not same:
                far += e
        return near, far

    @target.jitable
    def put_slopes(scores, kinds, columns, row, thread, gamma, margin, tops, inverses):  # type: ignore[no-untyped-def]
        for j in range(thread, columns, threads):
            same = kinds[j] == kinds[row]
            x = exponent_of(scores[j], same, gamma, margin) - (tops[0] if same else tops[1])
            p = exp(x) * (inverses[0] if same else inverses[1])
            scores[j] = zero if j == row else p * factor_of(scores[j], same, gamma, margin)

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
    return target.kernel(_circle_text(dtype, mode), signature, (target.THREADS, 2))


def _closing_text(dtype: str) -> Any:
    words, number, threads = target.words_of(dtype), getattr(np, dtype), target.THREADS
    double, reals, ints = words["double"], words["reals"], words["ints"]
    operands, texts = reading.operand_texts(words, target.jitable), blocks.block_texts(dtype)
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
        cuda.syncthreads()
        if first < NO_COMPLAINT:
            cuda.atomic.min(worst, 0, first)
        cuda.syncthreads()
        if thread == 0:
            close_block(c[2], cuda.blockIdx.x, threads, totals, weights, worst)

    return closing


@functools.cache
def closing_kernel(dtype: str) -> Any:
    """The sum of the losses and of what they count with."""
    return target.kernel(_closing_text(dtype), (types.UniTuple(int64, 14),), (target.THREADS, 2))


def _turning_text(dtype: str) -> Any:
    words, threads, block_sum = target.words_of(dtype), target.THREADS, block_texts()["block_sum"]
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
    return target.kernel(_turning_text(dtype), (types.UniTuple(int64, 8),), (target.THREADS, 2))
