"""The kernels that sort the words of all regions at once: by one digit after the other, the last first.

Each digit takes three launches, or the last alone if a region is one tile. A block counts the digits of its stretch of
a region; a block for each region turns the counts into places; and the blocks go over their stretches once more, tile
by tile, and move the words. What is equal stays in order, so that the next digit finds what this one has done. Counting
adds integers, in whatever order.

The header c is Stretches of ordered_texts.py; `shift` are the bits below the digit. counts: of words, of int32 (blocks,
DIGITS), then of those of the blocks before; or 0: a region is one tile, and needs no counts. starts: where each digit
begins, of int32 (regions, DIGITS).
"""

from __future__ import annotations

import functools
from typing import Any

from numba import cuda, int16, int32, int64

from . import jit
from .blocks import LANES
from .ordered_texts import EACH, Stretches, scan_text, tile_entries, word_texts, word_type

DIGIT_BITS = 8
DIGITS = 1 << DIGIT_BITS
# Inside of a tile a digit is sorted by its two halves.
HALF_BITS = 4
HALVES = 1 << HALF_BITS


@functools.cache
def count_kernel(dtype: str) -> Any:
    """The kernel that counts digits: a block for each stretch of a region."""
    texts, int32s = word_texts(dtype), jit.words_of(dtype)["int32s"]
    get, digit_of, threads = texts["get"], texts["digit_of"], jit.THREADS

    def count_digits(c, shift, counts):  # type: ignore[no-untyped-def]
        found = cuda.shared.array(DIGITS, int32)
        thread = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        for digit in range(thread, DIGITS, threads):
            found[digit] = 0
        cuda.syncthreads()
        begin, part = block // c.parts * c.entries, block % c.parts
        for i in range(part * c.part + thread, min((part + 1) * c.part, c.entries), threads):
            cuda.atomic.add(found, digit_of(get(c.words, begin + i), shift, DIGITS - 1), 1)
        cuda.syncthreads()
        for digit in range(thread, DIGITS, threads):
            int32s(counts)[block * DIGITS + digit] = found[digit]

    return jit.kernel(count_digits, (Stretches, int64, int64), (jit.THREADS, 4))


@functools.cache
def place_kernel() -> Any:
    """The kernel that turns counts into places: a block for each region."""
    words, threads, block_scan = jit.words_of("float64"), jit.THREADS, scan_text()
    integer, int32s = words["integer"], words["int32s"]
    own, places = DIGITS // threads, threads + LANES

    def place_digits(parts, counts, starts):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(DIGITS, int32)
        sums = cuda.shared.array(places, int32)
        thread = int64(cuda.threadIdx.x)
        region = int64(cuda.blockIdx.x)
        for digit in range(thread, DIGITS, threads):
            passed = thread - thread
            for part in range(parts):
                at = (region * parts + part) * DIGITS + digit
                count = integer(int32s(counts)[at])
                int32s(counts)[at] = passed
                passed += count
            totals[digit] = passed
        cuda.syncthreads()
        count = thread - thread
        for digit in range(own * thread, own * thread + own):
            count += integer(totals[digit])
        begin, count = block_scan(sums, thread, count)
        for digit in range(own * thread, own * thread + own):
            int32s(starts)[region * DIGITS + digit] = begin
            begin += integer(totals[digit])

    return jit.kernel(place_digits, (int64,) * 3, (jit.THREADS, 2))


def _split_text(dtype: str) -> Any:
    """Sorting a tile by half of a digit: the threads' own words are counted, and the counts are added up."""
    digit_of, integer = word_texts(dtype)["digit_of"], jit.words_of(dtype)["integer"]
    barrier, threads, block_scan = jit.words_of(dtype)["barrier"], jit.THREADS, scan_text()

    @jit.jitable
    def counter(at):  # type: ignore[no-untyped-def]
        """Where a counter lies: 18 int16 for 16, so that neighbours read theirs from different banks."""
        return at + at // HALVES * 2

    @jit.jitable
    def split(tile, order, turn, n, shift, counters, sums, thread):  # type: ignore[no-untyped-def]
        """Sort order[turn] into the other row."""
        for half in range(HALVES):
            counters[counter(half * threads + thread)] = 0
        for i in range(EACH * thread, min(EACH * thread + EACH, n)):
            half = digit_of(integer(tile[integer(order[turn, i])]), shift, HALVES - 1)
            counters[counter(half * threads + thread)] += 1
        barrier()
        count = thread - thread
        for k in range(HALVES * thread, HALVES * thread + HALVES):
            count += integer(counters[counter(k)])
        before, count = block_scan(sums, thread, count)
        for k in range(HALVES * thread, HALVES * thread + HALVES):
            count = integer(counters[counter(k)])
            counters[counter(k)] = before
            before += count
        barrier()
        for i in range(EACH * thread, min(EACH * thread + EACH, n)):
            half = digit_of(integer(tile[integer(order[turn, i])]), shift, HALVES - 1)
            at = integer(counters[counter(half * threads + thread)])
            counters[counter(half * threads + thread)] = at + 1
            order[1 - turn, at] = order[turn, i]
        barrier()

    return split


@functools.cache
def move_kernel(dtype: str) -> Any:
    """The kernel that moves words: a block for each stretch of a region."""
    texts, words, word = word_texts(dtype), jit.words_of(dtype), word_type(dtype)
    get, put, digit_of, split = texts["get"], texts["put"], texts["digit_of"], _split_text(dtype)
    integer, int32s, threads, tile_size = words["integer"], words["int32s"], jit.THREADS, tile_entries()
    sums_size, counters_size = threads + LANES, threads * (HALVES + 2)

    @jit.jitable
    def digit_at(tile, order, k, shift):  # type: ignore[no-untyped-def]
        return digit_of(integer(tile[integer(order[0, k])]), shift, DIGITS - 1)

    @jit.jitable
    def mark_starts(tile, order, n, shift, starts, thread):  # type: ignore[no-untyped-def]
        """Where each digit of a sorted tile begins."""
        for k in range(thread, n, threads):
            digit = digit_at(tile, order, k, shift)
            if k == 0 or digit_at(tile, order, k - 1, shift) != digit:
                starts[digit] = k

    @jit.jitable
    def advance_ends(tile, order, n, shift, starts, ends, thread):  # type: ignore[no-untyped-def]
        """Where the next words of each digit go, after a tile."""
        for k in range(thread, n, threads):
            digit = digit_at(tile, order, k, shift)
            if k == n - 1 or digit_at(tile, order, k + 1, shift) != digit:
                ends[digit] += k + 1 - integer(starts[digit])

    def move_words(c, shift, counts, starts, to_words, to_places):  # type: ignore[no-untyped-def]
        tile = cuda.shared.array(tile_size, word)
        order = cuda.shared.array((2, tile_size), int16)
        counters = cuda.shared.array(counters_size, int16)
        sums = cuda.shared.array(sums_size, int32)
        begins = cuda.shared.array(DIGITS, int32)
        ends = cuda.shared.array(DIGITS, int32)
        thread = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        region, part = block // c.parts, block % c.parts
        begin, stop = region * c.entries, min((part + 1) * c.part, c.entries)
        for digit in range(thread, DIGITS if counts != 0 else 0, threads):
            before = integer(int32s(counts)[block * DIGITS + digit])
            ends[digit] = integer(int32s(starts)[region * DIGITS + digit]) + before
        for first in range(part * c.part, stop, tile_size):
            n = min(stop - first, tile_size)
            for i in range(thread, n, threads):
                tile[i] = get(c.words, begin + first + i)
                order[0, i] = i
            cuda.syncthreads()
            for turn in range(2):
                split(tile, order, turn, n, shift + HALF_BITS * turn, counters, sums, thread)
            if counts != 0:
                mark_starts(tile, order, n, shift, begins, thread)
            cuda.syncthreads()
            for k in range(thread, n, threads):
                i, to = integer(order[0, k]), begin + k
                if counts != 0:
                    digit = digit_at(tile, order, k, shift)
                    to += integer(ends[digit]) - integer(begins[digit])
                put(to_words, to, integer(tile[i]))
                if to_places != 0:
                    int32s(to_places)[to] = first + i if c.places == 0 else integer(int32s(c.places)[begin + first + i])
            cuda.syncthreads()
            if counts != 0:
                advance_ends(tile, order, n, shift, begins, ends, thread)
            cuda.syncthreads()

    return jit.kernel(move_words, (Stretches, *[int64] * 5), (jit.THREADS, 2))
