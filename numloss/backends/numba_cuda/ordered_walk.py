"""The kernels of the ordered family that walk over sorted words, and the one that closes a region.

The header c of the walk is Stretches of ordered_texts.py. tallies: members and others of each block (int64); losses:
of each block (float64).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, float64, int32, int64

from ...loops.codes import UNWEIGHTED, WEIGHT_OPERAND, WEIGHTED
from ...loops.headers import Header, Int, Operand
from . import jit, reading
from .blocks import LANES, block_texts
from .checks import NO_COMPLAINT
from .ordered_texts import EACH, Stretches, scan_text, tile_entries, word_texts, word_type

# Threads of a block that closes regions.
CLOSE_LANES = 32
# Two counts of a tile share an integer: the second is so many times itself.
SHARED = 1 << 16


@dataclass
class Closing(Header):
    """Regions that are closed, so many a block: losses and tallies of their stretches, what they count, and more.

    present: a region without members counts nothing.
    """

    regions: Int
    block: Int
    losses: Int
    parts: Int
    tallies: Int
    shares: Int
    present: Int
    weighted: Int
    weight: Operand
    values: Operand


@functools.cache
def tally_kernel(dtype: str) -> Any:
    """The kernel that counts members: a block for each stretch of a region."""
    texts, ints, threads = word_texts(dtype), jit.words_of(dtype)["ints"], jit.THREADS
    get, kind_of, block_scan, places = texts["get"], texts["kind_of"], scan_text(), threads + LANES

    def tally_words(c, tallies):  # type: ignore[no-untyped-def]
        sums = cuda.shared.array(places, int32)
        thread = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        begin, part = block // c.parts * c.entries, block % c.parts
        members, others = thread - thread, thread - thread
        for i in range(part * c.part + thread, min((part + 1) * c.part, c.entries), threads):
            member, other = kind_of(get(c.words, begin + i))
            members += member
            others += other
        _, members = block_scan(sums, thread, members)
        cuda.syncthreads()
        _, others = block_scan(sums, thread, others)
        if thread == 0:
            ints(tallies)[2 * block] = members
            ints(tallies)[2 * block + 1] = others

    return jit.kernel(tally_words, (Stretches, int64), (jit.THREADS, 4))


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


@functools.cache
def walk_kernel(dtype: str) -> Any:
    """The kernel of losses and slopes: a block for each stretch of a region."""
    words, number, word, threads = jit.words_of(dtype), getattr(np, dtype), word_type(dtype), jit.THREADS
    real, double, integer, reals = words["real"], words["double"], words["integer"], words["reals"]
    ints, doubles, int32s = words["ints"], words["doubles"], words["int32s"]
    texts, gain_of, barrier = word_texts(dtype), _gain_text(dtype), words["barrier"]
    block_scan = scan_text()
    get, kind_of, error_of, ignored = texts["get"], texts["kind_of"], texts["error_of"], texts["ignored"]
    zero, tile_size, places = number(0.0), tile_entries(), threads + LANES

    @jit.jitable
    def counted_before(c, tallies, region, part, sums, thread):  # type: ignore[no-untyped-def]
        """The members of a region, and the members and the others of the blocks before this one."""
        held, hits, others = thread - thread, thread - thread, thread - thread
        for k in range(thread, c.parts, threads):
            members = ints(tallies)[2 * (region * c.parts + k)]
            held += members
            if k < part:
                hits += members
                others += ints(tallies)[2 * (region * c.parts + k) + 1]
        _, held = block_scan(sums, thread, held)
        barrier()
        _, hits = block_scan(sums, thread, hits)
        barrier()
        _, others = block_scan(sums, thread, others)
        return held, hits, others

    @jit.jitable
    def put_slope(slopes, softmax, at, error, gain, member):  # type: ignore[no-untyped-def]
        """The slope of a region's loss by what an error was made of."""
        slope = real(gain)
        if error != error:
            slope = error
        elif softmax == 0 and not error > zero:
            slope = zero
        reals(slopes)[at] = -slope if member == 1 else slope

    @jit.jitable
    def walk_run(c, slopes, softmax, tile, begin, first, n, thread, held, hits, others):  # type: ignore[no-untyped-def]
        """A thread's words of a tile; what they add to the loss."""
        value = double(zero)
        for i in range(EACH * thread, min(EACH * thread + EACH, n)):
            word = integer(tile[i])
            member, other = kind_of(word)
            if word != ignored:
                error, gain = error_of(word), gain_of(held, hits, others, member)
                if error > zero or error != error:
                    value += double(error) * gain
                if slopes != 0:
                    at = begin + integer(int32s(c.places)[begin + first + i])
                    put_slope(slopes, softmax, at, error, gain, member)
            hits += member
            others += other
        return value

    def walk_words(c, tallies, slopes, softmax, losses):  # type: ignore[no-untyped-def]
        tile = cuda.shared.array(tile_size, word)
        sums = cuda.shared.array(places, int32)
        totals = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        region, part = block // c.parts, block % c.parts
        begin, stop = region * c.entries, min((part + 1) * c.part, c.entries)
        held, hits, others = counted_before(c, tallies, region, part, sums, thread)
        value = double(zero)
        for first in range(part * c.part, stop, tile_size):
            n = min(stop - first, tile_size)
            for i in range(thread, n, threads):
                tile[i] = get(c.words, begin + first + i)
            cuda.syncthreads()
            own = thread - thread
            for i in range(EACH * thread, min(EACH * thread + EACH, n)):
                member, other = kind_of(integer(tile[i]))
                own += member + SHARED * other
            before, own = block_scan(sums, thread, own)
            mine, theirs = hits + before % SHARED, others + before // SHARED
            value += walk_run(c, slopes, softmax, tile, begin, first, n, thread, held, mine, theirs)
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
            doubles(losses)[block] = value

    return jit.kernel(walk_words, (Stretches, *[int64] * 4), (jit.THREADS, 2))


@functools.cache
def close_kernel(dtype: str) -> Any:
    """The kernel that closes regions; blocks of CLOSE_LANES threads."""
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), block_texts(dtype)
    real, double, ints, doubles = words["real"], words["double"], words["ints"], words["doubles"]
    read, write = (reading.texts_of(dtype)[name] for name in ("read", "write"))
    within, leave = texts["within"], texts["leave"]
    zero, infinite, nothing, one = number(0.0), number(np.inf), np.float64(0.0), np.float64(1.0)

    @jit.jitable
    def share_of(c, region, held, first):  # type: ignore[no-untyped-def]
        """What a region counts, and the first complaint."""
        share = one
        if c.weighted != UNWEIGHTED:
            w = read(c.weight, zero, region)
            if c.weighted == WEIGHTED:
                first = within(w, zero, infinite, region, WEIGHT_OPERAND, first)
            share = double(w)
        if c.present == 1 and held == nothing:
            share = nothing
        return share, first

    def close_regions(c, partials):  # type: ignore[no-untyped-def]
        losses = cuda.shared.array(CLOSE_LANES, float64)
        members = cuda.shared.array(CLOSE_LANES, float64)
        lane = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        total, count, first = nothing, nothing, NO_COMPLAINT
        for region in range(block * c.block, min(block * c.block + c.block, c.regions)):
            loss, held = nothing, nothing
            for part in range(region * c.parts + lane, region * c.parts + c.parts, CLOSE_LANES):
                loss += doubles(c.losses)[part]
                held += double(ints(c.tallies)[2 * part])
            losses[lane] = loss
            members[lane] = held
            cuda.syncthreads()
            if lane == 0:
                for k in range(1, CLOSE_LANES):
                    loss += losses[k]
                    held += members[k]
                share, first = share_of(c, region, held, first)
                term = share * loss if share != nothing else nothing
                total += term
                count += share
                doubles(c.shares)[region] = share
                if c.values.array != 0:
                    write(c.values, region, real(term))
            cuda.syncthreads()
        if lane == 0:
            leave(partials, block, total, count, first)

    return jit.kernel(close_regions, (Closing, int64), (CLOSE_LANES, 1))
