"""Sums over the tokens of sequences on a device; a block of threads for each sequence."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda, float64, int64

from ...loops.codes import WEIGHT_OPERAND
from ...loops.headers import Packed
from ...loops.packed import OLD
from ..packing.packed import header_of
from . import blocks, checks, jit, reading
from .call import Call
from .checks import NO_COMPLAINT, position_of

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...calls.tokens import Tokens

FLOAT64 = np.dtype(np.float64)


@functools.cache
def packed_kernel() -> Any:
    """The kernel; sequences are summed in the order of threads."""
    words, texts = jit.words_of("float64"), reading.texts_of("float64")
    doubles, ints, read, write = words["doubles"], words["ints"], texts["read"], texts["write"]
    shared_texts, block_sum, threads = blocks.block_texts("float64"), blocks.sum_texts()["block_sum"], jit.THREADS
    within, close_checks = shared_texts["within"], shared_texts["close_checks"]
    zero, one = np.float64(0.0), np.float64(1.0)

    def packed(c, partials):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread, s = int64(cuda.threadIdx.x), int64(cuda.blockIdx.x)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        first = NO_COMPLAINT
        start, stop = ints(c.pointers)[s], ints(c.pointers)[s + 1]
        total = found = zero
        for at in range(start + thread, stop, threads):
            w = read(c.weight, one, at)
            first = within(w, zero, c.most, at, WEIGHT_OPERAND, first)
            w *= c.scale
            total += w
            if c.own.array != 0:
                old = read(c.old, zero, at)
                first = within(old, c.bounds.low, c.bounds.high, at, OLD, first)
                found += (old - read(c.own, zero, at)) * w if w != zero else zero
        total, found = block_sum(shared, thread, total), block_sum(shared, thread, found)
        if thread == 0:
            doubles(c.sums)[s] = total
        below = total if total > zero else one
        mean = found / below if total > zero else zero
        for at in range(start + thread, stop, threads):
            if c.shares.array != 0:
                write(c.shares, at, read(c.weight, one, at) * c.scale / below)
            if c.means.array != 0:
                write(c.means, at, mean)
        close_checks(partials, s, thread, worst, first)

    return jit.kernel(packed, (jit.header_type(Packed, "float64", {}), int64), (jit.THREADS, 2))


def summed(request: Request, tokens: Tokens) -> tuple[np.ndarray[Any, Any], Any, Any]:
    """The sums of weights of sequences, which the host must know; shares and means of sequences at each token."""
    call = Call(request)
    with call.library.current():
        library, count = call.library, len(tokens.pointers) - 1
        shares = library.empty(tokens.shape, FLOAT64) if tokens.spread else None
        means = library.empty(tokens.shape, FLOAT64) if tokens.shared else None
        sums = library.empty((count,), FLOAT64)
        seen = tuple(None if array is None else library.describe(array) for array in (shares, means))
        pointers = library.table(tokens.pointers.astype(np.int64), call.kept)
        header = header_of(tokens, (0, pointers, library.describe(sums).address), (seen[0], seen[1]), call.kept)
        if count:
            partials = call.workspace(4 * count)
            packed_kernel().launch(call.stream, count, jit.THREADS, header, partials)
            note = call.finish(partials, count, 0.0)
            complaint = int(library.download(note))
            if complaint < NO_COMPLAINT and complaint != checks.NOT_FINITE:
                tokens.complain(*position_of(complaint))
        return library.download(sums), shares, means
