"""The kernel of the embedding family: a law of sums over the entries of two or three vectors, a team of threads a row.

Header of the problem c, in integers:

    0 rows   1 rows of a block   2 address of the partial results   3 address of the scale, or 0   4 dimensions
    5 weighted   6 values wanted   7, 10, 13 vectors   16, 19, 22 their gradients: address, bytes from row to row, bytes
    from entry to entry
    25 what is known   28 weight   31 values: operands over the rows, as in reading.py

Numbers r, in float64: scale, lowest and highest of what is known, then the parameters of the law.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types

from ... import scalar
from ...loops.codes import DISTANCES, NOTHING, PRODUCTS
from . import blocks, jit, reading
from .elementwise_codegen import NO_COMPLAINT

VECTORS, GRADIENTS, MOST_VECTORS = 7, 16, 3
KNOWN, WEIGHT, VALUES = 25, 28, 31
INTEGERS, PARAMS_AT = 34, 3
BAD_KNOWN, BAD_WEIGHT = 2, 15

Sums = tuple[tuple[int, int, int], ...]


def _share_text(sums: Sums, team: int) -> str:
    """Source of `share`: what a thread adds to the sum number s of a row."""
    lines = ["def share(c, s, row, lane):", "    total = double(zero)"]
    for k, (kind, one, other) in enumerate(sums):
        x, y = (f"entry(c, {VECTORS + 3 * place}, row, j)" for place in (one, other))
        terms = {PRODUCTS: "x * y", DISTANCES: "abs(x - y)"}
        lines += [f"    if s == {k}:", f"        for j in range(lane, {'0' if kind == NOTHING else 'c[4]'}, {team}):"]
        lines += [f"            x, y = {x}, {y}", "            d = x - y"]
        lines.append(f"            total += double({terms.get(kind, 'd * d')})")
    return "\n".join([*lines, "    return total\n"])


def _pulls(sums: Sums, vector: int) -> list[str]:
    """What each sum adds to the gradient of a vector."""
    terms = []
    for k, (kind, one, other) in enumerate(sums):
        if kind == NOTHING or vector not in (one, other):
            continue
        beside = other if vector == one else one
        if kind == PRODUCTS:
            terms.append(f"two * s{k} * x{vector}" if one == other else f"s{k} * x{beside}")
        elif kind == DISTANCES:
            terms.append(f"s{k} * sign(x{vector} - x{beside})")
        else:
            terms.append(f"two * s{k} * (x{vector} - x{beside})")
    return terms


def _spread_text(sums: Sums, vectors: int, team: int) -> str:
    """Source of `spread`: the gradients of the vectors of a row, from the slopes of its sums."""
    lines = ["def spread(c, row, lane, s0, s1, s2):", f"    for j in range(lane, c[4], {team}):"]
    lines += [f"        x{v} = entry(c, {VECTORS + 3 * v}, row, j)" for v in range(vectors)]
    for v in range(vectors):
        lines.append(f"        put(c, {GRADIENTS + 3 * v}, row, j, {' + '.join(_pulls(sums, v))})")
    return "\n".join([*lines, ""])


def _law_text(sums: Sums, known: bool) -> str:
    """Source of `evaluate`: the value of the law and its slopes by three sums, those that there are not 0."""
    count = len(sums)
    given = ", ".join([f"s{k}" for k in range(count)] + ["known"] * known)
    slopes = ", ".join(f"d{k}" for k in range(count))
    rest = ", zero" * (MOST_VECTORS - count)
    unpack = slopes if count == 1 else f"({slopes})"
    head = "def evaluate(s0, s1, s2, known, r):\n"
    return f"{head}    value, {unpack}, _ = apply({given}, r)\n    return value, {slopes}{rest}\n"


def _texts(law: Any, params: int, dtype: str, sums: Sums, vectors: int, known: bool, team: int) -> list[Any]:
    words, number = jit.words_of(dtype), getattr(np, dtype)
    reals = words["reals"]

    @jit.jitable
    def entry(c, at, row, j):  # type: ignore[no-untyped-def]
        return reals(c[at] + row * c[at + 1] + j * c[at + 2])[0]

    @jit.jitable
    def put(c, at, row, j, value):  # type: ignore[no-untyped-def]
        reals(c[at] + row * c[at + 1] + j * c[at + 2])[0] = value

    scope = {
        "__name__": f"{law.__name__} in {dtype}",
        **{"entry": entry, "put": put, "double": words["double"], "zero": number(0.0), "two": number(2.0)},
        "sign": jit.typed(scalar.sign, dtype),
        "apply": blocks.applied(law, len(sums) + known, params, PARAMS_AT, dtype),
    }
    texts = {"share": _share_text(sums, team), "spread": _spread_text(sums, vectors, team)}
    texts["evaluate"] = _law_text(sums, known)
    return [jit.generated(text, name, scope) for name, text in texts.items()]


def _text(
    law: Any, params: int, dtype: str, sums: Sums, vectors: int, known_check: int, mode: int, team: int
) -> Any:
    words, number, threads, count = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, len(sums)
    real, double, doubles = words["real"], words["double"], words["doubles"]
    operands, shared_texts = reading.operand_texts(words, jit.jitable), blocks.block_texts(dtype)
    read, write, within = operands["read"], operands["write"], shared_texts["within"]
    team_total, close_block = shared_texts["team_total"], shared_texts["close_block"]
    share, spread, evaluate = _texts(law, params, dtype, sums, vectors, known_check > 0, team)
    rint = jit.typed(scalar.rint, dtype)
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
        # a team without a row repeats another, so that all meet at the barriers
        while start < stop:
            row = min(start + thread // team, stop - 1)
            mine = start + thread // team < stop
            s0 = s1 = s2 = zero
            for s in range(count):
                totals[thread] = share(c, s, row, lane)
                cuda.syncthreads()
                added = real(team_total(totals, thread - lane, team))
                cuda.syncthreads()
                s0, s1, s2 = (added, s1, s2) if s == 0 else (s0, added, s2) if s == 1 else (s0, s1, added)
            known = zero
            if known_check > 0:
                known = read(c[KNOWN], c[KNOWN + 1], c[KNOWN + 2], zero, row)
                first = within(known, real(r[1]), real(r[2]), row, BAD_KNOWN, first)
                if known_check == 2:
                    first = within(abs(known - rint(known)), zero, zero, row, BAD_KNOWN, first)
            w = one
            if c[5] == 1:
                w = read(c[WEIGHT], c[WEIGHT + 1], c[WEIGHT + 2], zero, row)
                first = within(w, zero, infinite, row, BAD_WEIGHT, first)
            value, d0, d1, d2 = evaluate(s0, s1, s2, known, r)
            value = value * w if w > zero else zero
            if mine and lane == 0:
                total += double(value)
                weight += double(w)
                if c[6] == 1:
                    write(c[VALUES], c[VALUES + 2], row, value)
            if mode > 0 and mine:
                factor = w * scale
                counts = w > zero
                spread(c, row, lane, d0 * factor if counts else zero, d1 * factor if counts else zero,
                       d2 * factor if counts else zero)  # fmt: skip
            start += threads // team
        totals[thread] = total
        weights[thread] = weight
        close_block(c[2], cuda.blockIdx.x, threads, thread, totals, weights, worst, first)

    return embedding


@functools.cache
def embedding_kernel(
    law: Any, params: int, dtype: str, sums: Sums, vectors: int, known_check: int, mode: int, team: int
) -> Any:
    """The kernel of a law of these sums."""
    signature = (types.UniTuple(int64, INTEGERS), types.UniTuple(float64, PARAMS_AT + params))
    text = _text(law, params, dtype, sums, vectors, known_check, mode, team)
    return jit.kernel(text, signature, (jit.THREADS, 1))
