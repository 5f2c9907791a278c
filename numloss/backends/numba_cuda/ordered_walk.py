"""The kernels of the ordered family that walk over sorted words, and the one that closes a region.

Header of the walk, in integers:

    0 words   1 places of their pixels   2 slopes, or 0   3 tallies of the blocks: members and others (int64)   4 words
    of a region   5 words of a block   6 blocks of a region   7 losses of the blocks (float64)   8 errors are those of a
    softmax

and of the close:

    0 regions   1 regions of a block   2 address of the partial results   3 losses of the blocks   4 blocks of a region
    5 tallies of the blocks   6 what regions count   7 a region without members counts nothing   8 weight and 11 values:
    operands over the regions, or zeros
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int32, int64, types

from . import jit, reading
from .blocks import LANES, block_texts
from .elementwise_codegen import NO_COMPLAINT
from .ordered_texts import EACH, scan_text, tile_entries, word_texts, word_type

WEIGHT, VALUES = 8, 11
WALK_INTEGERS, CLOSE_INTEGERS = 9, 14
BAD_WEIGHT = 15
# Threads of a block that closes regions.
CLOSE_LANES = 32
# Two counts of a tile share an integer: the second is so many times itself.
SHARED = 1 << 16


def _tally_text(dtype: str) -> Any:
    texts, ints, threads = word_texts(dtype), jit.words_of(dtype)["ints"], jit.THREADS
    get, kind_of, block_scan, places = texts["get"], texts["kind_of"], scan_text(), threads + LANES

    def tally_words(c):  # type: ignore[no-untyped-def]
        sums = cuda.shared.array(places, int32)
        thread = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        begin, part = block // c[6] * c[4], block % c[6]
        members, others = thread - thread, thread - thread
        for i in range(part * c[5] + thread, min((part + 1) * c[5], c[4]), threads):
            member, other = kind_of(get(c[0], begin + i))
            members += member
            others += other
        _, members = block_scan(sums, thread, members)
        cuda.syncthreads()
        _, others = block_scan(sums, thread, others)
        if thread == 0:
            ints(c[3])[2 * block] = members
            ints(c[3])[2 * block + 1] = others

    return tally_words


def _gain_text(dtype: str) -> Any:
    """What the Jaccard index loses when one more pixel is wrong; counts are exact in float64 alone."""
    double = jit.words_of(dtype)["double"]
    one = np.float64(1.0)

    @jit.jitable
    def gain_of(held, hits, others, member):  # type: ignore[no-untyped-def]
        union = double(held + others)
        if member == 1:
            return one / union
        if held + others == 0:
            return one
        return double(held - hits) / (union * (union + one))

    return gain_of


def _walk_text(dtype: str) -> Any:
    words, number, word, threads = jit.words_of(dtype), getattr(np, dtype), word_type(dtype), jit.THREADS
    real, double, integer, reals = words["real"], words["double"], words["integer"], words["reals"]
    ints, doubles, int32s = words["ints"], words["doubles"], words["int32s"]
    texts, gain_of, barrier = word_texts(dtype), _gain_text(dtype), words["barrier"]
    block_scan = scan_text()
    get, kind_of, error_of, ignored = texts["get"], texts["kind_of"], texts["error_of"], texts["ignored"]
    zero, tile_size, places = number(0.0), tile_entries(), threads + LANES

    @jit.jitable
    def counted_before(c, region, part, sums, thread):  # type: ignore[no-untyped-def]
        """The members of a region, and the members and the others of the blocks before this one."""
        held, hits, others = thread - thread, thread - thread, thread - thread
        for k in range(thread, c[6], threads):
            members = ints(c[3])[2 * (region * c[6] + k)]
            held += members
            if k < part:
                hits += members
                others += ints(c[3])[2 * (region * c[6] + k) + 1]
        _, held = block_scan(sums, thread, held)
        barrier()
        _, hits = block_scan(sums, thread, hits)
        barrier()
        _, others = block_scan(sums, thread, others)
        return held, hits, others

    @jit.jitable
    def put_slope(c, at, error, gain, member):  # type: ignore[no-untyped-def]
        """The slope of a region's loss by what an error was made of."""
        slope = real(gain)
        if error != error:
            slope = error
        elif c[8] == 0 and not error > zero:
            slope = zero
        reals(c[2])[at] = -slope if member == 1 else slope

    @jit.jitable
    def walk_run(c, tile, begin, first, n, thread, held, hits, others):  # type: ignore[no-untyped-def]
        """A thread's words of a tile; what they add to the loss."""
        value = double(zero)
        for i in range(EACH * thread, min(EACH * thread + EACH, n)):
            word = integer(tile[i])
            member, other = kind_of(word)
            if word != ignored:
                error, gain = error_of(word), gain_of(held, hits, others, member)
                if error > zero or error != error:
                    value += double(error) * gain
                if c[2] != 0:
                    put_slope(c, begin + integer(int32s(c[1])[begin + first + i]), error, gain, member)
            hits += member
            others += other
        return value

    def walk_words(c):  # type: ignore[no-untyped-def]
        tile = cuda.shared.array(tile_size, word)
        sums = cuda.shared.array(places, int32)
        totals = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        region, part = block // c[6], block % c[6]
        begin, stop = region * c[4], min((part + 1) * c[5], c[4])
        held, hits, others = counted_before(c, region, part, sums, thread)
        value = double(zero)
        for first in range(part * c[5], stop, tile_size):
            n = min(stop - first, tile_size)
            for i in range(thread, n, threads):
                tile[i] = get(c[0], begin + first + i)
            cuda.syncthreads()
            own = thread - thread
            for i in range(EACH * thread, min(EACH * thread + EACH, n)):
                member, other = kind_of(integer(tile[i]))
                own += member + SHARED * other
            before, own = block_scan(sums, thread, own)
            mine, theirs = hits + before % SHARED, others + before // SHARED
            value += walk_run(c, tile, begin, first, n, thread, held, mine, theirs)
            hits += own % SHARED
            others += own // SHARED
            cuda.syncthreads()
        totals[thread] = value
        cuda.syncthreads()
        if thread < LANES:
            for other in range(thread + LANES, threads, LANES):
                totals[thread] += totals[other]
        cuda.syncthreads()
        if thread == 0:
            value = totals[0]
            for k in range(1, LANES):
                value += totals[k]
            doubles(c[7])[block] = value

    return walk_words


def _close_text(dtype: str) -> Any:
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), block_texts(dtype)
    real, double, ints, doubles = words["real"], words["double"], words["ints"], words["doubles"]
    operands = reading.operand_texts(words, jit.jitable)
    read, write, within = operands["read"], operands["write"], texts["within"]
    zero, infinite, nothing, one = number(0.0), number(np.inf), np.float64(0.0), np.float64(1.0)

    @jit.jitable
    def share_of(c, region, held, first):  # type: ignore[no-untyped-def]
        """What a region counts, and the first complaint."""
        share = one
        if c[WEIGHT] != 0:
            w = read(c[WEIGHT], c[WEIGHT + 1], c[WEIGHT + 2], zero, region)
            first = within(w, zero, infinite, region, BAD_WEIGHT, first)
            share = double(w)
        if c[7] == 1 and held == nothing:
            share = nothing
        return share, first

    def close_regions(c):  # type: ignore[no-untyped-def]
        losses = cuda.shared.array(CLOSE_LANES, float64)
        members = cuda.shared.array(CLOSE_LANES, float64)
        lane = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        total, count, first = nothing, nothing, NO_COMPLAINT
        for region in range(block * c[1], min(block * c[1] + c[1], c[0])):
            loss, held = nothing, nothing
            for part in range(region * c[4] + lane, region * c[4] + c[4], CLOSE_LANES):
                loss += doubles(c[3])[part]
                held += double(ints(c[5])[2 * part])
            losses[lane] = loss
            members[lane] = held
            cuda.syncthreads()
            if lane == 0:
                for k in range(1, CLOSE_LANES):
                    loss += losses[k]
                    held += members[k]
                share, first = share_of(c, region, held, first)
                term = share * loss if share > nothing else nothing
                total += term
                count += share
                doubles(c[6])[region] = share
                if c[VALUES] != 0:
                    write(c[VALUES], c[VALUES + 2], region, real(term))
            cuda.syncthreads()
        if lane == 0:
            partial = doubles(c[2] + 32 * block)
            partial[0] = total
            partial[1] = count
            partial[2] = double(first)

    return close_regions


@functools.cache
def tally_kernel(dtype: str) -> Any:
    """The kernel that counts members: a block for each stretch of a region."""
    return jit.kernel(_tally_text(dtype), (types.UniTuple(int64, WALK_INTEGERS),), (jit.THREADS, 4))


@functools.cache
def walk_kernel(dtype: str) -> Any:
    """The kernel of losses and slopes: a block for each stretch of a region."""
    return jit.kernel(_walk_text(dtype), (types.UniTuple(int64, WALK_INTEGERS),), (jit.THREADS, 2))


@functools.cache
def close_kernel(dtype: str) -> Any:
    """The kernel that closes regions; blocks of CLOSE_LANES threads."""
    return jit.kernel(_close_text(dtype), (types.UniTuple(int64, CLOSE_INTEGERS),), (CLOSE_LANES, 1))
