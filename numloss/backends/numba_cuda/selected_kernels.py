"""The kernel of the selected family: a law of one chosen entry of each row and of a target from the next row.

A thread works on a row. Header of the problem c, in integers:

    0 rows   1 rows of a block   2 address of the partial results   3 address of the scale, or 0   4 actions
    5 next actions   6 weighted   7 values wanted   8 bound   9 the next action is given
    10 q   14 next q   18 gradient   22 curvature: address, dtype, bytes from row to row, bytes from entry to entry
    26 action   29 reward   32 done   35 next action   38 weight   41 values: operands over the rows, as in reading.py

Numbers r, in float64: scale, least curvature, discount, then the parameters of the law.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types

from . import blocks, jit, reading
from .elementwise_codegen import NO_COMPLAINT

Q, NEXT_Q, GRADIENT, CURVATURE = 10, 14, 18, 22
ACTION, REWARD, DONE, NEXT_ACTION, WEIGHT, VALUES = 26, 29, 32, 35, 38, 41
INTEGERS, PARAMS_AT = 44, 3
# What a complaint is about, as in numloss/loops/selected.py.
BAD_ACTION, BAD_REWARD, BAD_DONE, BAD_NEXT_ACTION, BAD_WEIGHT = 1, 2, 4, 5, 15


def bellman_texts(dtype: str) -> dict[str, Any]:
    """The value that follows a row, and writing one entry of a row among others."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, reals = words["real"], words["reals"]
    operands, shared = reading.operand_texts(words, jit.jitable), blocks.block_texts(dtype)
    read, convert, read_label = operands["read"], operands["convert"], operands["read_label"]
    within, index_below = shared["within"], shared["index_below"]
    zero, one, infinite = number(0.0), number(1.0), number(np.inf)

    @jit.jitable
    def next_entry(c, row, j):  # type: ignore[no-untyped-def]
        return convert(c[NEXT_Q] + row * c[NEXT_Q + 2] + j * c[NEXT_Q + 3], c[NEXT_Q + 1], j - j)

    @jit.jitable
    def bellman(c, r, row, first):  # type: ignore[no-untyped-def]
        """reward + discount * (1 - done) * best, and the first complaint; nothing follows a finished episode."""
        reward = read(c[REWARD], c[REWARD + 1], c[REWARD + 2], zero, row)
        first = within(reward, -infinite, infinite, row, BAD_REWARD, first)
        done = read(c[DONE], c[DONE + 1], c[DONE + 2], zero, row)
        first = within(done, zero, one, row, BAD_DONE, first)
        if c[9] == 1:
            chosen = read_label(c[NEXT_ACTION], c[NEXT_ACTION + 1], c[NEXT_ACTION + 2], row)
            chosen, first = index_below(chosen, c[5], row, BAD_NEXT_ACTION, first)
            best = next_entry(c, row, chosen)
        else:
            best = next_entry(c, row, row - row)
            for j in range(1, c[5]):
                x = next_entry(c, row, j)
                if x > best or x != x:
                    best = x
        following = real(r[2]) * (one - done) * best
        return reward + (zero if done >= one else following), first

    @jit.jitable
    def place_among(c, k, row, chosen, value, other):  # type: ignore[no-untyped-def]
        at = c[k] + row * c[k + 2]
        for j in range(c[4]):
            reals(at + j * c[k + 3])[0] = value if j == chosen else other

    return {"bellman": bellman, "place_among": place_among, **operands, **shared}


def _text(law: Any, params: int, dtype: str, mode: int) -> Any:
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, double, reals, doubles = words["real"], words["double"], words["reals"], words["doubles"]
    texts = bellman_texts(dtype)
    bellman, place_among, within = texts["bellman"], texts["place_among"], texts["within"]
    read, write, read_label = texts["read"], texts["write"], texts["read_label"]
    index_below, close_block = texts["index_below"], texts["close_block"]
    apply = blocks.applied(law, 2, params, PARAMS_AT, dtype)
    zero, one, infinite = number(0.0), number(1.0), number(np.inf)

    def selected(c, r):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(threads, float64)
        weights = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        scale = real(r[0] if c[3] == 0 else doubles(c[3])[0])
        first = NO_COMPLAINT
        total = double(zero)
        weight = double(zero)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        start = cuda.blockIdx.x * c[1]
        for row in range(start + thread, min(start + c[1], c[0]), threads):
            chosen = read_label(c[ACTION], c[ACTION + 1], c[ACTION + 2], row)
            chosen, first = index_below(chosen, c[4], row, BAD_ACTION, first)
            aim, first = bellman(c, r, row, first)
            w = one
            if c[6] == 1:
                w = read(c[WEIGHT], c[WEIGHT + 1], c[WEIGHT + 2], zero, row)
                first = within(w, zero, infinite, row, BAD_WEIGHT, first)
            value, slope, bend = apply(reals(c[Q] + row * c[Q + 2] + chosen * c[Q + 3])[0], aim, r)
            value = value * w if w > zero else zero
            total += double(value)
            weight += double(w)
            if c[7] == 1:
                write(c[VALUES], c[VALUES + 2], row, value)
            if mode > 0:
                place_among(c, GRADIENT, row, chosen, slope * (w * scale) if w > zero else zero, zero)
            if mode > 1:
                other = zero
                if c[8] == 1:
                    other = real(r[1])
                    bend = other if bend < other else bend
                factor = w * scale
                bend = bend * factor if w > zero else zero
                place_among(c, CURVATURE, row, chosen, bend, other * factor if w > zero else zero)
        totals[thread] = total
        weights[thread] = weight
        close_block(c[2], cuda.blockIdx.x, threads, thread, totals, weights, worst, first)

    return selected


@functools.cache
def selected_kernel(law: Any, params: int, dtype: str, mode: int) -> Any:
    """The kernel of a law."""
    signature = (types.UniTuple(int64, INTEGERS), types.UniTuple(float64, PARAMS_AT + params))
    return jit.kernel(_text(law, params, dtype, mode), signature, (jit.THREADS, 2))
