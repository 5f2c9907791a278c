"""Numbers of groups on a device; a block of threads for each group."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda, float64, int64

from ...calls.grouped import Groups
from ...loops import centred
from ...loops.codes import WEIGHT_OPERAND
from ...loops.headers import Centred
from ..packing.grouped import header_of
from . import blocks, jit, reading
from .call import Call
from .checks import NO_COMPLAINT

if TYPE_CHECKING:
    from ...calls.request import Request

READS_HALVES = True


@functools.cache
def centred_kernel(dtype: str) -> Any:
    """The kernel of the dtype of the data."""
    words, texts, threads = jit.words_of(dtype), reading.texts_of(dtype), jit.THREADS
    ints, double, real, read, write = words["ints"], words["double"], words["real"], texts["read"], texts["write"]
    shared_texts, block_sum = blocks.block_texts(dtype), blocks.sum_texts()["block_sum"]
    within, close_checks = shared_texts["within"], shared_texts["close_checks"]
    beside_others, inverse_of = (jit.of_loop(text, dtype) for text in (centred.beside_others, centred.inverse_of))
    zero, one, nothing = getattr(np, dtype)(0.0), getattr(np, dtype)(1.0), np.float64(0.0)

    def centre(c, partials):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread, g = int64(cuda.threadIdx.x), int64(cuda.blockIdx.x)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        first = NO_COMPLAINT
        start, stop = ints(c.pointers)[g], ints(c.pointers)[g + 1]
        total = numbers = squares = nothing
        for at in range(start + thread, stop, threads):
            x, w = read(c.given, zero, at), read(c.weight, one, at)
            first = within(double(w), nothing, c.most, at, WEIGHT_OPERAND, first)
            first = within(double(x), -c.most, c.most, at, 0, first)
            total += double(w)
            numbers += double(x) * double(w) if w != zero else nothing
        total, numbers = block_sum(shared, thread, total), block_sum(shared, thread, numbers)
        mean = numbers / total if total > nothing else nothing
        for at in range(start + thread, stop, threads):
            w, distance = read(c.weight, one, at), double(read(c.given, zero, at)) - mean
            squares += distance * distance * double(w) if w != zero else nothing
        squares = block_sum(shared, thread, squares)
        inverse = inverse_of(c.scaled, squares, total, c.epsilon)
        for at in range(start + thread, stop, threads):
            w, distance = read(c.weight, one, at), double(read(c.given, zero, at)) - mean
            made = real(distance * beside_others(c.others, total, double(w)) * inverse)
            write(c.out, at, made if w != zero else zero)
        close_checks(partials, g, thread, worst, first)

    return jit.kernel(centre, (jit.header_type(Centred, "float64", {}), int64), (jit.THREADS, 2))


def compute(request: Request) -> Any:
    """Work on all groups."""
    call = Call(request)
    with call.library.current():
        asked = Groups(call.library, request)
        count = len(asked.pointers) - 1
        if count:
            partials, pointers = call.workspace(4 * count), call.library.table(asked.pointers, call.kept)
            header = header_of(asked, 0, pointers, call.kept)
            centred_kernel(asked.real.name).launch(call.stream, count, jit.THREADS, header, partials)
            call.settle(call.finish(partials, count, 0.0), asked.complain)
        return asked.out.owner
