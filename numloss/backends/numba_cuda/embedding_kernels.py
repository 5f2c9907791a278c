"""The kernel of the embedding family: a law of the squared distance of two vectors, a team of threads for each pair.

Header of the problem c, in integers:

    0 pairs   1 pairs of a block   2 address of the partial results   3 address of the scale, or 0   4 dimensions
    5 weighted   6 values wanted   7 first vectors   10 second   13 gradient of the first   16 of the second:
    address, bytes from row to row, bytes from entry to entry
    19 target   22 weight   25 values: operands over the pairs, as in reading.py

Numbers r, in float64: scale, lowest and highest target, then the parameters of the law.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types

from . import blocks, reading, target
from .walk import NO_COMPLAINT

FIRST, SECOND, FIRST_GRADIENT, SECOND_GRADIENT = 7, 10, 13, 16
TARGET, WEIGHT, VALUES = 19, 22, 25
INTEGERS, PARAMS_AT = 28, 3
BAD_TARGET, BAD_WEIGHT = 2, 15


def _vector_texts(dtype: str, team: int) -> dict[str, Any]:
    words, number = target.words_of(dtype), getattr(np, dtype)
    double, reals = words["double"], words["reals"]
    zero, two = number(0.0), number(2.0)

    @target.jitable
    def difference(c, row, j):  # type: ignore[no-untyped-def]
        a = reals(c[FIRST] + row * c[FIRST + 1] + j * c[FIRST + 2])[0]
        return a - reals(c[SECOND] + row * c[SECOND + 1] + j * c[SECOND + 2])[0]

    @target.jitable
    def squares(c, row, lane):  # type: ignore[no-untyped-def]
        """A thread's share of the squared distance."""
        total = double(zero)
        for j in range(lane, c[4], team):
            d = difference(c, row, j)
            total += double(d * d)
        return total

    @target.jitable
    def pull_apart(c, row, lane, slope):  # type: ignore[no-untyped-def]
        """Gradients of both vectors: 2 * slope * (a - b), and its negative."""
        for j in range(lane, c[4], team):
            pull = two * slope * difference(c, row, j)
            at, other = row * c[FIRST_GRADIENT + 1], row * c[SECOND_GRADIENT + 1]
            reals(c[FIRST_GRADIENT] + at + j * c[FIRST_GRADIENT + 2])[0] = pull
            reals(c[SECOND_GRADIENT] + other + j * c[SECOND_GRADIENT + 2])[0] = -pull

    return {"squares": squares, "pull_apart": pull_apart}


def _text(law: Any, params: int, dtype: str, mode: int, team: int) -> Any:
    words, number, threads = target.words_of(dtype), getattr(np, dtype), target.THREADS
    real, double, doubles = words["real"], words["double"], words["doubles"]
    operands, shared_texts = reading.operand_texts(words, target.jitable), blocks.block_texts(dtype)
    read, write, within = operands["read"], operands["write"], shared_texts["within"]
    team_total, close_block = shared_texts["team_total"], shared_texts["close_block"]
    vectors, apply = _vector_texts(dtype, team), blocks.applied(law, params, PARAMS_AT, dtype)
    squares, pull_apart = vectors["squares"], vectors["pull_apart"]
    zero, one, infinite = number(0.0), number(1.0), number(np.inf)

    def embedding(c, r):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(threads, float64)
        weights = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        lane = thread % team
        scale = real(r[0] if c[3] == 0 else doubles(c[3])[0])
        first = NO_COMPLAINT
        total = double(zero)
        weight = double(zero)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        start = cuda.blockIdx.x * c[1]
        stop = min(start + c[1], c[0])
        # a team without a pair repeats another, so that all meet at the barriers
        while start < stop:
            row = min(start + thread // team, stop - 1)
            mine = start + thread // team < stop
            totals[thread] = squares(c, row, lane)
            cuda.syncthreads()
            squared = real(team_total(totals, thread - lane, team))
            cuda.syncthreads()
            known = read(c[TARGET], c[TARGET + 1], c[TARGET + 2], zero, row)
            first = within(known, real(r[1]), real(r[2]), row, BAD_TARGET, first)
            w = one
            if c[5] == 1:
                w = read(c[WEIGHT], c[WEIGHT + 1], c[WEIGHT + 2], zero, row)
                first = within(w, zero, infinite, row, BAD_WEIGHT, first)
            value, slope, _ = apply(squared, known, r)
            value = value * w if w > zero else zero
            if mine and lane == 0:
                total += double(value)
                weight += double(w)
                if c[6] == 1:
                    write(c[VALUES], c[VALUES + 2], row, value)
            if mode > 0 and mine:
                pull_apart(c, row, lane, slope * (w * scale) if w > zero else zero)
            start += threads // team
        totals[thread] = total
        weights[thread] = weight
        cuda.syncthreads()
        if first < NO_COMPLAINT:
            cuda.atomic.min(worst, 0, first)
        cuda.syncthreads()
        if thread == 0:
            close_block(c[2], cuda.blockIdx.x, threads, totals, weights, worst)

    return embedding


@functools.cache
def embedding_kernel(law: Any, params: int, dtype: str, mode: int, team: int) -> Any:
    """The kernel of a law."""
    signature = (types.UniTuple(int64, INTEGERS), types.UniTuple(float64, PARAMS_AT + params))
    return target.kernel(_text(law, params, dtype, mode, team), signature, (target.THREADS, 2))
