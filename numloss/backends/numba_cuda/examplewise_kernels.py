"""The kernels of the examplewise family: a thread for each example runs the loop of the host, in scratch of its own.

The header of a problem is Examplewise, with scratch for one example.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ...loops import operands
from ...loops.codes import DATA, IN_ORDER, LENGTHS, NUMBERS, UNCHECKED, UNWEIGHTED, WEIGHT_OPERAND, WEIGHTED
from ...loops.headers import Examples, Examplewise, Operand, Result
from .. import loops
from . import blocks, jit, reading
from .checks import NO_COMPLAINT, key
from .loop_words import whole_loop
from .memory import memory_of

# Threads of a block: examples may be few and long.
THREADS = 32


def _read_texts(dtype: str) -> dict[str, Any]:
    """`read_example`: where the loop finds what an example has, and the first complaint about it."""
    words, texts = jit.words_of(dtype), reading.texts_of(dtype)
    real, reals, ints, integer = words["real"], words["reals"], words["ints"], words["integer"]
    read, read_label, outside = texts["read"], texts["read_label"], jit.of_loop(operands.outside, dtype)
    complaint, zero = jit.jitable(key), getattr(np, dtype)(0.0)

    @jit.jitable
    def read_numbers(c, a, k, start, stop, memory, first):  # type: ignore[no-untyped-def]
        at = memory + a.at
        if a.stored.layout == IN_ORDER and a.stored.kind == DATA:
            at = a.stored.array + start * c.itemsize
        else:
            out = reals(at)
            for j in range(a.entries):
                out[j] = read(a.stored, zero, start + j)
        if a.check != UNCHECKED:
            x = reals(at)
            for j in range(stop):
                if outside(x[j], a.check, real(a.low), real(a.high)) == 1:
                    first = min(first, complaint(start + j, k))
        return at, first

    @jit.jitable
    def read_integers(c, a, k, start, stop, memory, first):  # type: ignore[no-untyped-def]
        x = ints(memory + a.at)
        low, high = integer(a.low), integer(a.high)
        for j in range(a.entries):
            found = read_label(a.stored, start + j)
            if low <= high and (found < low or found > high):
                if j < stop:
                    first = min(first, complaint(start + j, k))
                found = low
            x[j] = found
        return memory + a.at, first

    @jit.jitable
    def read_array(c, e, k, example, memory, first):  # type: ignore[no-untyped-def]
        a = c.arrays[k]
        if a.stored.array == 0:
            return first
        start = a.entries * (0 if a.shared == 1 else example)
        stop = a.entries
        if a.lengths >= 0:
            stop = ints(e.inputs[a.lengths])[0] * a.row
        e.shared[k] = a.shared
        if a.role == NUMBERS:
            e.inputs[k], first = read_numbers(c, a, k, start, stop, memory, first)
        else:
            e.inputs[k], first = read_integers(c, a, k, start, stop, memory, first)
        return first

    @jit.jitable
    def read_example(c, e, example, memory, first):  # type: ignore[no-untyped-def]
        for k in range(c.array_count):
            if c.arrays[k].role == LENGTHS:
                first = read_array(c, e, k, example, memory, first)
        for k in range(c.array_count):
            if c.arrays[k].role != LENGTHS:
                first = read_array(c, e, k, example, memory, first)
        return first

    return {"read_example": read_example, "read": read}


def _slope_texts(dtype: str) -> dict[str, Any]:
    """`place_slopes`: where the loop leaves the gradients of an example; `finish_slopes`: where they belong."""
    words, write = jit.words_of(dtype), reading.texts_of(dtype)["write"]
    real, double, reals, doubles = words["real"], words["double"], words["reals"], words["doubles"]
    zero, one = getattr(np, dtype)(0.0), getattr(np, dtype)(1.0)

    @jit.jitable
    def place_slopes(c, e, example, memory):  # type: ignore[no-untyped-def]
        for k in range(c.slope_count):
            o = c.slopes[k]
            a = c.arrays[o.of]
            e.slopes[k] = memory + o.at
            apart = a.shared == 0 and o.stored.array != a.stored.array
            if apart and o.stored.layout == IN_ORDER and o.stored.kind == DATA:
                e.slopes[k] = o.stored.array + example * a.entries * c.itemsize

    @jit.jitable
    def finish_slopes(c, e, example, factor, counted, sums):  # type: ignore[no-untyped-def]
        own = one if c.scaled == 1 else real(factor)
        for k in range(c.slope_count):
            o = c.slopes[k]
            a = c.arrays[o.of]
            g = reals(e.slopes[k])
            least = real(o.least)
            for j in range(a.entries):
                g[j] = least if g[j] < least else g[j]
                if a.shared == 1:
                    if counted:
                        at = doubles(sums)
                        at[o.sums + j] = at[o.sums + j] + factor * double(g[j])
                else:
                    write(o.stored, example * a.entries + j, g[j] * own if counted else zero)

    return {"place_slopes": place_slopes, "finish_slopes": finish_slopes}


def _text(loop: str, dtype: str) -> Any:
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, double, doubles = words["real"], words["double"], words["doubles"]
    run, texts = whole_loop(loops()[loop], dtype), {**_read_texts(dtype), **_slope_texts(dtype)}
    read, read_example = texts["read"], texts["read_example"]
    place_slopes, finish_slopes = texts["place_slopes"], texts["finish_slopes"]
    closing = blocks.block_texts(dtype)
    within, close_block = closing["within"], closing["close_block"]
    write, complaint = reading.texts_of(dtype)["write"], jit.jitable(key)
    memory_of_examples, memory_of_result = memory_of(Examples), memory_of(Result)
    zero, one, infinite = number(0.0), number(1.0), number(np.inf)

    @jit.jitable
    def begin(c, e, memory, sums):  # type: ignore[no-untyped-def]
        """What the loop is told of all examples; nothing is summed yet."""
        e.mode = c.mode
        e.losses = memory + c.losses
        e.reals = memory + c.reals
        e.doubles = memory + c.doubles
        e.ints = memory + c.ints
        for k in range(8):
            e.inputs[k] = 0
            e.shared[k] = 0
            e.sizes[k] = 0
        for k in range(len(c.sizes)):
            e.sizes[k] = c.sizes[k]
        for k in range(len(c.params)):
            e.params[k] = c.params[k]
        for k in range(c.sum_count):
            doubles(sums)[k] = double(zero)

    @jit.jitable
    def weight_of(c, example, first):  # type: ignore[no-untyped-def]
        w = one
        if c.weighted != UNWEIGHTED:
            w = read(c.weight, zero, example)
        if c.weighted == WEIGHTED:
            first = within(w, zero, infinite, example, WEIGHT_OPERAND, first)
        return w, first

    def examplewise(c, partials, scale_found, scratch):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(THREADS, float64)
        weights = cuda.shared.array(THREADS, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        at = cuda.blockIdx.x * THREADS + thread
        memory, sums = scratch + at * c.memory, c.sums + 8 * at * c.sum_count
        scale = c.scale if scale_found == 0 else doubles(scale_found)[0]
        e, partial = memory_of_examples(), memory_of_result()
        begin(c, e, memory, sums)
        first = NO_COMPLAINT
        total = double(zero)
        weight = double(zero)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        for example in range(at, c.elements, cuda.gridDim.x * THREADS):
            w, first = weight_of(c, example, first)
            first = read_example(c, e, example, memory, first)
            value = double(zero)
            place_slopes(c, e, example, memory)
            if w != zero and first == NO_COMPLAINT:
                partial.bad_at = -1
                e.factor = double(w) * scale
                run(e, partial, 1)
                if partial.bad_at >= 0:
                    first = min(first, complaint(example, partial.bad_in))
                value = double(w) * doubles(e.losses)[0]
            finish_slopes(c, e, example, double(w) * scale, w != zero, sums)
            if c.values.array != 0:
                write(c.values, example, real(value))
            total += value
            weight += double(w)
        totals[thread] = total
        weights[thread] = weight
        close_block(partials, cuda.blockIdx.x, THREADS, thread, totals, weights, worst, first)

    return examplewise


@functools.cache
def examplewise_kernel(loop: str, dtype: str, counts: tuple[tuple[str, int], ...]) -> Any:
    """The kernel of a loss; counts: how many arrays, gradients, sizes and parameters its header has."""
    signature = (jit.header_type(Examplewise, "float64", dict(counts)), int64, int64, int64)
    return jit.kernel(_text(loop, dtype), signature, (THREADS, 1))


@functools.cache
def shared_kernel(dtype: str) -> Any:
    """Adds up what threads left of a gradient by what all examples share, in their order."""
    words, write = jit.words_of(dtype), reading.texts_of(dtype)["write"]
    real, double, doubles = words["real"], words["double"], words["doubles"]

    def shared(o, sums, rows, row, entries):  # type: ignore[no-untyped-def]
        for j in range(cuda.blockIdx.x * THREADS + cuda.threadIdx.x, entries, cuda.gridDim.x * THREADS):
            total = double(0.0)
            for k in range(rows):
                total += doubles(sums)[k * row + j]
            write(o, j, real(total))

    return jit.kernel(shared, (Operand, *[int64] * 4), (THREADS, 1))
