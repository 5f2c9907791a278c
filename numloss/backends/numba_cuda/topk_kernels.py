"""Rows that stand for those whose target names classes, as numloss/loops/topk.py makes them; a block for each row."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ... import scalar
from ...calls.topk import INDEX_OPERAND, LOG_OPERAND
from ...loops import operands, topk
from ...loops.codes import CURVATURE, LOGITS, REST_DROPPED, REST_OF_BOTH, SCORES
from ...loops.headers import Operand, Steps, Topk
from . import blocks, jit, reading
from .checks import NO_COMPLAINT, key
from .rowwise_texts import Plan, row_texts


def row_words(dtype: str) -> dict[str, Any]:
    """Where rows and their entries lie."""
    return row_texts(Plan(LOGITS, SCORES, True, 0, jit.THREADS), dtype)


@functools.cache
def gather_kernel(dtype: str) -> Any:
    """The named classes, checked and in order, and the rows that stand for those of the call."""
    words, texts, threads = jit.words_of(dtype), reading.texts_of(dtype), jit.THREADS
    reals, ints, doubles, double, barrier = (words[name] for name in ("reals", "ints", "doubles", "double", "barrier"))
    row_of, entry = (row_words(dtype)[name] for name in ("row_of", "entry"))
    label, left_of = jit.of_loop(operands.label, dtype), jit.of_loop(topk.left_of, dtype)
    exp, log = jit.typed(scalar.exp, "float64"), jit.typed(scalar.log, "float64")
    read, read_label, complaint = texts["read"], texts["read_label"], jit.jitable(key)
    block_sum, block_top = (blocks.sum_texts()[name] for name in ("block_sum", "block_top"))
    close_checks = blocks.block_texts(dtype)["close_checks"]
    zero, nothing, unit, lowest = getattr(np, dtype)(0.0), np.float64(0.0), np.float64(1.0), np.float64(-np.inf)
    least = getattr(np, dtype)(-np.inf)

    @jit.jitable
    def rest_of(c, x, ordered, shared, thread):  # type: ignore[no-untyped-def]
        """The logarithm of the sum of e^(score / T) of the classes that are not named."""
        step, inverse, count = c.rows.pred_steps.classes, unit / c.rows.temperature, c.count
        top, k = least, thread - thread
        for j in range(thread, c.rows.classes, threads):
            while k < count and ordered[k] < j:
                k += 1
            z = least if k < count and ordered[k] == j else reals(x + j * step)[0]
            top = z if z > top else top
        highest = block_top(shared, thread, double(top))
        base = highest * inverse if highest > lowest else nothing
        total, k = nothing, thread - thread
        for j in range(thread, c.rows.classes, threads):
            while k < count and ordered[k] < j:
                k += 1
            z = least if k < count and ordered[k] == j else reals(x + j * step)[0]
            total += exp(double(z) * inverse - base)
        return base + log(block_sum(shared, thread, total))

    def gather(c, indices, steps, logs, log_steps, labels, weight, counts, ignored, partials):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread, row = int64(cuda.threadIdx.x), int64(cuda.blockIdx.x)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        first, count = NO_COMPLAINT, c.count
        x = row_of(c.rows, c.rows.pred, c.rows.pred_steps, row)
        names = row_of(c.rows, indices, steps, row)
        beside = (row_of(c.rows, logs, log_steps, row), logs.kind, log_steps.classes)
        named, ordered = ints(c.indices + 8 * row * count), ints(c.ordered + 8 * row * count)
        own, given = doubles(c.own + 8 * row * (count + 1)), doubles(c.given + 8 * row * (count + 1))
        for k in range(thread, count, threads):
            j = label(names + k * steps.classes, indices.kind, k - k)
            if j < -1 or j >= c.rows.classes:
                first = min(first, complaint(row * count + k, INDEX_OPERAND))
                j = thread - thread - 1
            named[k] = j
        barrier()
        for k in range(thread, count, threads):
            j, place = named[k], thread - thread
            for other in range(count):
                before = named[other] < j or (named[other] == j and other < k)
                place += 1 if before else 0
                if named[other] == j and other < k and j >= 0:
                    first = min(first, complaint(row * count + k, INDEX_OPERAND))
            ordered[place] = j
            own[k], given[k] = lowest, lowest
            if j >= 0:
                y = double(entry(beside, k))
                own[k] = double(reals(x + j * c.rows.pred_steps.classes)[0]) / c.rows.temperature
                given[k] = y
                if y != y:
                    first = min(first, complaint(row * count + k, LOG_OPERAND))
        barrier()
        rest = lowest
        if c.rest != REST_DROPPED:
            rest = rest_of(c, x, ordered, shared, thread)
        if thread == 0:
            own[count] = rest
            given[count] = left_of(given, named, count, c.rows.classes) if c.rest == REST_OF_BOTH else lowest
            if counts != 0:
                w = double(read(weight, zero, row)) if weight.array != 0 else unit
                doubles(counts)[row] = nothing if read_label(labels, row) == ignored else w
        close_checks(partials, row, thread, worst, first)

    headers = tuple(jit.header_type(kind, "float64", {}) for kind in (Topk, *(Operand, Steps) * 2, *(Operand,) * 2))
    return jit.kernel(gather, (*headers, int64, int64, int64), (jit.THREADS, 2))


@functools.cache
def scatter_kernel(dtype: str) -> Any:
    """Gradients and curvatures of rows, from those of the rows that stand for them."""
    words, threads, number = jit.words_of(dtype), jit.THREADS, getattr(np, dtype)
    reals, ints, doubles, double, real, barrier = (
        words[name] for name in ("reals", "ints", "doubles", "double", "real", "barrier")
    )
    row_of, exp = row_words(dtype)["row_of"], jit.typed(scalar.exp, dtype)
    bend_of_other = jit.of_loop(topk.bend_of_other, dtype)
    zero, unit, nothing, lowest = number(0.0), np.float64(1.0), np.float64(0.0), np.float64(-np.inf)

    @jit.jitable
    def put(address, value, keep):  # type: ignore[no-untyped-def]
        """A number beside what is kept of the one that is there."""
        old = reals(address)[0] * real(keep) if keep > nothing else zero
        reals(address)[0] = value + old

    def scatter(c):  # type: ignore[no-untyped-def]
        thread, row = int64(cuda.threadIdx.x), int64(cuda.blockIdx.x)
        count, inverse, curved = c.count, unit / c.rows.temperature, c.rows.mode == CURVATURE
        x = row_of(c.rows, c.rows.pred, c.rows.pred_steps, row)
        g = row_of(c.rows, c.rows.gradient, c.rows.gradient_steps, row)
        h = row_of(c.rows, c.rows.curvature, c.rows.curvature_steps, row) if curved else g
        step, bends = c.rows.gradient_steps.classes, c.rows.curvature_steps.classes
        named = ints(c.indices + 8 * row * count)
        ordered = ints(c.ordered + 8 * row * count)
        at = 8 * row * (count + 1)
        rest, slope = doubles(c.own + at)[count], doubles(c.slopes + at)[count] * c.factor * inverse
        bend = doubles(c.bends + at)[count] * c.factor * inverse * inverse
        k = thread - thread
        for j in range(thread, c.rows.classes, threads):
            while k < count and ordered[k] < j:
                k += 1
            w = zero
            if rest > lowest and not (k < count and ordered[k] == j):
                w = exp(real(double(reals(x + j * c.rows.pred_steps.classes)[0]) * inverse - rest))
            put(g + j * step, real(slope) * w, c.keep)
            if curved:
                put(h + j * bends, bend_of_other(c.rows.bound, w, real(slope * inverse), real(bend)), c.keep)
        barrier()
        for i in range(thread, count, threads):
            if named[i] >= 0:
                put(g + named[i] * step, real(doubles(c.slopes + at)[i] * c.factor * inverse), unit)
                if curved:
                    own = doubles(c.bends + at)[i] * c.factor * inverse * inverse
                    put(h + named[i] * bends, real(own), unit)

    return jit.kernel(scatter, (jit.header_type(Topk, "float64", {}),), (jit.THREADS, 2))


@functools.cache
def mixed_kernel(dtype: str) -> Any:
    """Values of divergences and of labels together: of rows, or a sum of them."""
    words, write = jit.words_of(dtype), reading.texts_of(dtype)["write"]
    reals, doubles, double, real = (words[name] for name in ("reals", "doubles", "double", "real"))
    nothing = np.float64(0.0)

    def mixed(count, soft, hard, factor, share, values, total):  # type: ignore[no-untyped-def]
        at = int64(cuda.blockIdx.x) * int64(cuda.blockDim.x) + int64(cuda.threadIdx.x)
        if at < count:
            found = factor * doubles(soft)[at]
            if share > nothing:
                found += share * (doubles(hard)[at] if total != 0 else double(reals(hard)[at]))
            if total != 0:
                doubles(total)[at] = found
            else:
                write(values, at, real(found))

    signature = (int64, int64, int64, float64, float64, jit.header_type(Operand, "float64", {}), int64)
    return jit.kernel(mixed, signature, (jit.THREADS, 2))
