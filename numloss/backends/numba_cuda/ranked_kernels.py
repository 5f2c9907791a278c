"""The kernels of the ranked family: a block of threads works on one list after the other.

The header of a problem is Ranked. A kernel takes the addresses of what blocks leave, and of the scale or 0, too.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ...loops.codes import EVENT_OPERAND, TARGET_OPERAND, UNWEIGHTED, WEIGHT_OPERAND, WEIGHTED
from ...loops.headers import Ranked
from . import blocks, jit
from .checks import NO_COMPLAINT, key
from .ranked_solvers import SOLVERS
from .ranked_texts import list_texts


def sort_texts() -> dict[str, Any]:
    """`sort_block`: the order of a list, largest first, equal ones as they came."""
    threads = jit.THREADS

    @jit.jitable
    def passed_by(keys, low, high, key, equal):  # type: ignore[no-untyped-def]
        """How many of the sorted keys from low to high are above the key, or as large with `equal`."""
        begin = low
        while low < high:
            middle = (low + high) // 2
            if keys[middle] > key or (equal and keys[middle] == key):
                low = middle + 1
            else:
                high = middle
        return low - begin

    @jit.jitable
    def merge_all(keys, order, n, run, to_keys, to_order, thread):  # type: ignore[no-untyped-def]
        """Every entry goes past those of the neighbouring run that come before it."""
        for at in range(thread, n, threads):
            first = at // (2 * run) * (2 * run)
            middle, stop = min(first + run, n), min(first + 2 * run, n)
            place = at
            if at < middle:
                place += passed_by(keys, middle, stop, keys[at], False)
            else:
                place += passed_by(keys, first, middle, keys[at], True) - (middle - first)
            to_keys[place] = keys[at]
            to_order[place] = order[at]
        cuda.syncthreads()

    @jit.jitable
    def sort_block(keys, order, n, spare_keys, spare_order, thread):  # type: ignore[no-untyped-def]
        for i in range(thread, n, threads):
            order[i] = i
        cuda.syncthreads()
        run = 1
        while run < n:
            merge_all(keys, order, n, run, spare_keys, spare_order, thread)
            merge_all(spare_keys, spare_order, n, 2 * run, keys, order, thread)
            run = 4 * run

    return {"sort_block": sort_block}


def _check_text(dtype: str, together: dict[str, Any]) -> Any:
    """`look`: the first complaint about a list, what it counts, and how many of its scores are NaN."""
    double, threads, texts = jit.words_of(dtype)["double"], jit.THREADS, list_texts(dtype)
    read, unfit, block_sum = texts["read"], texts["unfit"], together["block_sum"]
    complaint, zero, one = jit.jitable(key), getattr(np, dtype)(0.0), getattr(np, dtype)(1.0)

    @jit.jitable
    def look(c, begin, n, thread, shared, first):  # type: ignore[no-untyped-def]
        odd, events = double(zero), double(zero)
        for row in range(begin + thread, begin + n, threads):
            x = read(c.pred, zero, row)
            odd += double(one) if x != x else double(zero)
            if unfit(read(c.target, zero, row), c.target_bounds):
                first = min(first, complaint(row, TARGET_OPERAND))
            if c.event.array != 0:
                happened = read(c.event, zero, row)
                events += double(one) if happened > zero else double(zero)
                if unfit(happened, c.event_bounds):
                    first = min(first, complaint(row, EVENT_OPERAND))
        odd = block_sum(shared, thread, odd)
        count = block_sum(shared, thread, events)
        if c.counted == 0:
            count = double(one) if n > 0 else double(zero)
        return first, count, odd

    return look


def _text(loop: str, dtype: str, counting: bool) -> Any:
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, list_texts(dtype)
    real, double, ints, doubles = words["real"], words["double"], words["ints"], words["doubles"]
    read, write, within, close_block = texts["read"], texts["write"], texts["within"], texts["close_block"]
    put_slopes = texts["put_slopes"]
    together = {**blocks.sum_texts(), **sort_texts(), "barrier": jit.words_of(dtype)["barrier"]}
    look, solve = _check_text(dtype, together), SOLVERS[loop](dtype, together)
    zero, one, infinite = number(0.0), number(1.0), number(np.inf)

    @jit.jitable
    def fill(c, begin, n, x, thread):  # type: ignore[no-untyped-def]
        """The same slope and curvature for all of a list."""
        for row in range(begin + thread, begin + n, threads):
            put_slopes(c, row, x, x, double(x - x if x == x else x))

    def ranked(c, partials, scale_found):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(threads, float64)
        weights = cuda.shared.array(threads, float64)
        shared = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        scale = c.scale if scale_found == 0 else doubles(scale_found)[0]
        firsts, pointers = ints(c.firsts), ints(c.pointers)
        first = NO_COMPLAINT
        total = double(zero)
        weight = double(zero)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        for group in range(firsts[cuda.blockIdx.x], firsts[cuda.blockIdx.x + 1]):
            begin = pointers[group]
            n = pointers[group + 1] - begin
            w = one
            if c.weighted != UNWEIGHTED:
                w = read(c.weight, zero, group)
            if c.weighted == WEIGHTED:
                first = within(w, zero, infinite, group, WEIGHT_OPERAND, first)
            first, count, odd = look(c, begin, n, thread, shared, first)
            weight += double(w) * count if w != zero else double(zero)
            if not counting:
                value = double(zero)
                if not (n > 0 and double(w) * scale != double(zero)):
                    fill(c, begin, n, zero, thread)
                elif odd > double(zero):
                    fill(c, begin, n, infinite - infinite, thread)
                    value = double(infinite - infinite)
                else:
                    value = double(w) * solve(c, begin, n, double(w) * scale, thread, shared)
                total += value
                if c.values.array != 0 and thread == 0:
                    write(c.values, group, real(value))
        # all threads have the same sums: those of the first are the block's
        totals[thread] = total if thread == 0 else double(zero)
        weights[thread] = weight if thread == 0 else double(zero)
        close_block(partials, cuda.blockIdx.x, threads, thread, totals, weights, worst, first)

    return ranked


@functools.cache
def ranked_kernel(loop: str, dtype: str, counting: bool) -> Any:
    """The kernel of a loss; with `counting` only what its groups count."""
    signature = (jit.header_type(Ranked, "float64", {}), int64, int64)
    return jit.kernel(_text(loop, dtype, counting), signature, (jit.THREADS, 1))
