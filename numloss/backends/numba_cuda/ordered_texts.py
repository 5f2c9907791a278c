"""The errors of the ordered family as integers that are sorted, and what several threads count together.

An entry is one pixel of one class. Its key grows as its error falls: NaN has 0, what is not positive the largest of 31
or 63 bits, and a pixel that is ignored 1, which no error has. What is sorted is an entry's word: twice its key, plus 1
where the pixel belongs to the class; for float64 with the sign moved so that it fits into an int64. So an error and its
pixel's class are read off a word, and equal errors stay in the order of the pixels, whose places are moved along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import int64, uint32

from ...loops.headers import Header, Int
from . import jit
from .blocks import LANES

# Entries that each thread takes of a tile. Odd: neighbours then read from different banks of shared memory.
EACH = 9


@dataclass
class Stretches(Header):
    """Words of several regions, and the places of their pixels, 0 for those in which the words lie.

    A region has so many entries, and a block of threads a stretch of `part` of them, one of `parts`.
    """

    words: Int
    places: Int
    entries: Int
    part: Int
    parts: Int


def tile_entries() -> int:
    """Entries that a block of threads takes at a time."""
    return EACH * jit.THREADS


def word_type(dtype: str) -> Any:
    """How words lie in memory."""
    return uint32 if dtype == "float32" else int64


def word_texts(dtype: str) -> dict[str, Any]:
    """Making words of errors and reading them."""
    words = jit.words_of(dtype)
    integer, bits_of, of_bits = words["integer"], words["bits_of"], words["of_bits"]
    memory = words["uint32s"] if dtype == "float32" else words["int64s"]
    most, lowest = (1 << 31) - 1, 0
    if dtype == "float64":
        most, lowest = (1 << 63) - 1, -(1 << 63)
    half = lowest // 2
    ignored, zero = 2 * (1 + half), getattr(np, dtype)(0.0)

    @jit.jitable
    def word_of(error, member):  # type: ignore[no-untyped-def]
        key = most
        if error > zero:
            key = most - bits_of(error)
        elif error != error:
            key = 0
        return 2 * (key + half) + member

    @jit.jitable
    def error_of(word):  # type: ignore[no-untyped-def]
        return of_bits(most - ((word >> 1) - half))

    @jit.jitable
    def kind_of(word):  # type: ignore[no-untyped-def]
        """Whether the pixel belongs to the class, and whether it counts and does not."""
        member = word & 1
        return member, 0 if word == ignored else 1 - member

    @jit.jitable
    def digit_of(word, shift, mask):  # type: ignore[no-untyped-def]
        """Digits of words that are sorted: of the words less the lowest there is."""
        return ((word >> shift) - (lowest >> shift)) & mask

    @jit.jitable
    def get(address, at):  # type: ignore[no-untyped-def]
        return integer(memory(address)[at])

    @jit.jitable
    def put(address, at, word):  # type: ignore[no-untyped-def]
        memory(address)[at] = word

    texts = {"word_of": word_of, "error_of": error_of, "kind_of": kind_of, "digit_of": digit_of}
    return texts | {"get": get, "put": put, "ignored": ignored}


def scan_text() -> Any:
    """`block_scan`: the sum of x over the threads before this one, and over all.

    `shared` has LANES places more than there are threads; a barrier must come before it is used again.
    """
    threads = jit.THREADS
    run = threads // LANES
    words = jit.words_of("float64")
    integer, barrier = words["integer"], words["barrier"]

    @jit.jitable
    def block_scan(shared, thread, x):  # type: ignore[no-untyped-def]
        shared[thread] = x
        barrier()
        if thread < LANES:
            passed = x - x
            for k in range(run * thread, run * thread + run):
                other = integer(shared[k])
                shared[k] = passed
                passed += other
            shared[threads + thread] = passed
        barrier()
        before, total = integer(shared[thread]), x - x
        for k in range(LANES):
            part = integer(shared[threads + k])
            if k < thread // run:
                before += part
            total += part
        return before, total

    return block_scan
