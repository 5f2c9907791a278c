"""The kernel of the embedding family: a law of sums over the entries of two or three vectors, a team of threads a row.

Its header c is Embedding of numloss/loops/headers.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numba import cuda, float64, int64

from ...loops import elementwise, embedding, embedding_sums, operands
from ...loops.codes import NOTHING, OWN_SQUARES, PRODUCTS, SQUARES, UNCHECKED, UNWEIGHTED, WEIGHT_OPERAND, WEIGHTED
from ...loops.headers import Embedding
from . import blocks, jit, reading
from .checks import NO_COMPLAINT, key

MOST_SUMS = 3


class Kind(NamedTuple):
    """What a kernel depends on besides its law and dtype: the sums, each as its kind and its two vectors, how many
    vectors there are, how what is known of a row is checked, parameters of the law, gradients, threads of a row, and
    whether the law takes the units of its sums."""

    sums: tuple[tuple[int, int, int], ...]
    vectors: int
    check: int
    params: int
    mode: int
    team: int
    units: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """How many the header has of what there may be many of."""
        gradients = self.vectors * self.mode
        return {"vectors": self.vectors, "gradients": gradients, "sums": len(self.sums), "params": self.params}


def _share_text(kind: Kind) -> str:
    """Source of `share`: what a thread adds to the sum number s of a row, of entries in two units."""
    lines = ["def share(c, s, row, lane, first, second):", "    total = double(zero)"]
    lines += ["    first, second = one / first, one / second"]
    for k, (term, one, other) in enumerate(kind.sums):
        x, y = (f"entry(c.vectors[{v}], row, j) * {unit}" for v, unit in ((one, "first"), (other, "second")))
        end = "0" if term == NOTHING else "c.entries"
        lines += [f"    if s == {k}:", f"        for j in range(lane, {end}, {kind.team}):"]
        lines.append(f"            total += double(term({term}, {x}, {y}))")
    return "\n".join([*lines, "    return total\n"])


def _units_text(kind: Kind) -> str:
    """Source of `units_of`: both units of each of three sums, as numloss/loops/embedding.py has them."""
    squares = [k for k, (term, one, other) in enumerate(kind.sums) if one == other or term == SQUARES]
    lines = ["def units_of(c, s0, s1, s2):"]
    lines += [f"    u{k} = {f'unit_of(s{k}, c.itemsize)' if k in squares else 'one'}" for k in range(MOST_SUMS)]
    own = {one: k for k, (_, one, other) in enumerate(kind.sums) if one == other}
    units = [f"u{k}, u{k}" for k in range(MOST_SUMS)]
    for k, (term, one, other) in enumerate(kind.sums):
        if term == PRODUCTS:
            units[k] = f"u{own[one]}, u{own[other]}"
        elif term not in (SQUARES, OWN_SQUARES):
            units[k] = "one, one"
    return "\n".join([*lines, f"    return {', '.join(units)}\n"])


def _pulls(kind: Kind, vector: int) -> list[str]:
    """What each sum adds to the gradient of a vector; p and q are the inverse units of its two vectors."""
    terms = []
    for k, (term, one, other) in enumerate(kind.sums):
        if term != NOTHING and vector in (one, other):
            beside, (mine, its) = (other, (f"p{k}", f"q{k}")) if vector == one else (one, (f"q{k}", f"p{k}"))
            factor = f"two * s{k}" if one == other else f"s{k}"
            x, y = f"x{vector} * {mine}", f"x{beside} * {its}"
            pulled = f"pull({PRODUCTS if term == OWN_SQUARES else term}, {factor}, {x}, {y})"
            terms.append(f"{pulled} * {mine}" if term == PRODUCTS else pulled)
    return terms


UNITS = "p0, q0, p1, q1, p2, q2"


def _spread_text(kind: Kind) -> str:
    """Source of `spread`: the gradients of the vectors of a row, from the slopes of its sums."""
    lines = [f"def spread(c, row, lane, s0, s1, s2, {UNITS}):", f"    for j in range(lane, c.entries, {kind.team}):"]
    lines += [f"        x{v} = entry(c.vectors[{v}], row, j)" for v in range(kind.vectors)]
    for v in range(kind.vectors):
        lines.append(f"        put(c.gradients[{v}], row, j, {' + '.join(_pulls(kind, v))})")
    return "\n".join([*lines, ""])


def _law_text(kind: Kind) -> str:
    """Source of `evaluate`: the value of the law and its slopes by three sums, those that there are not 0."""
    count = len(kind.sums)
    units = [f"p{k}" for k in range(count)] if kind.units else []
    given = ", ".join([f"s{k}" for k in range(count)] + units + ["known"] * (kind.check != UNCHECKED))
    slopes = ", ".join(f"d{k}" for k in range(count))
    unpack = slopes if count == 1 else f"({slopes})"
    head = "def evaluate(s0, s1, s2, p0, p1, p2, known, params):\n"
    rest = ", zero" * (MOST_SUMS - count)
    return f"{head}    value, {unpack}, _ = apply({given}, params)\n    return value, {slopes}{rest}\n"


def _texts(law: Any, dtype: str, kind: Kind) -> list[Any]:
    words, number = jit.words_of(dtype), getattr(np, dtype)
    reals, item = words["reals"], np.dtype(dtype).itemsize

    @jit.jitable
    def entry(o, row, j):  # type: ignore[no-untyped-def]
        return reals(o.operand.array + item * (row * o.per_row + j * o.per_entry))[0]

    @jit.jitable
    def put(o, row, j, value):  # type: ignore[no-untyped-def]
        reals(o.operand.array + item * (row * o.per_row + j * o.per_entry))[0] = value

    inputs = len(kind.sums) * (1 + kind.units) + (kind.check != UNCHECKED)
    scope = {
        "__name__": f"{law.__name__} in {dtype}",
        **{"entry": entry, "put": put, "double": words["double"], "zero": number(0.0)},
        **{"one": number(1.0), "two": number(2.0)},
        **{text.__name__: jit.of_loop(text, dtype) for text in (embedding_sums.term, embedding_sums.pull)},
        "unit_of": jit.of_loop(embedding.unit_of, dtype),
        "apply": blocks.applied(law, inputs, kind.params, 0, dtype),
    }
    texts = {"share": _share_text(kind), "evaluate": _law_text(kind), "units_of": _units_text(kind)}
    empty = f"def spread(c, row, lane, s0, s1, s2, {UNITS}):\n    return\n"
    texts["spread"] = _spread_text(kind) if kind.mode else empty
    return [jit.generated(texts[name], name, scope) for name in ("share", "spread", "evaluate", "units_of")]


@functools.cache
def embedding_kernel(law: Any, dtype: str, kind: Kind) -> Any:
    """The kernel of a law of these sums."""
    words, number, threads, count = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, len(kind.sums)
    real, double, doubles = words["real"], words["double"], words["doubles"]
    texts, shared_texts = reading.texts_of(dtype), blocks.block_texts(dtype)
    read, write, within = texts["read"], texts["write"], shared_texts["within"]
    team_total, close_block = shared_texts["team_total"], shared_texts["close_block"]
    share, spread, evaluate, units_of = _texts(law, dtype, kind)
    outside, complaint = jit.of_loop(operands.outside, dtype), jit.jitable(key)
    weight_factor = jit.of_loop(elementwise.weight_factor, dtype)
    zero, one, infinite, mode, team, check = number(0.0), number(1.0), number(np.inf), kind.mode, kind.team, kind.check

    def embedding(c, partials, scale_found):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(threads, float64)
        weights = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        lane = thread % team
        scale = double(c.scale) if scale_found == 0 else doubles(scale_found)[0]
        first = NO_COMPLAINT
        total = double(zero)
        weight = double(zero)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        start = cuda.blockIdx.x * c.block
        stop = min(start + c.block, c.elements)
        # a team without a row repeats another, so that all meet at the barriers
        while start < stop:
            row = min(start + thread // team, stop - 1)
            mine = start + thread // team < stop
            s0 = s1 = s2 = zero
            p0 = q0 = p1 = q1 = p2 = q2 = one
            again = True
            measured = False
            # once more in units of their own, if the squares of any row overflow or vanish
            while again:
                for s in range(count):
                    p, q = (p0, q0) if s == 0 else (p1, q1) if s == 1 else (p2, q2)
                    totals[thread] = share(c, s, row, lane, p, q)
                    cuda.syncthreads()
                    added = real(team_total(totals, thread - lane, team))
                    cuda.syncthreads()
                    s0, s1, s2 = (added, s1, s2) if s == 0 else (s0, added, s2) if s == 1 else (s0, s1, added)
                if measured:
                    again = False
                else:
                    p0, q0, p1, q1, p2, q2 = units_of(c, s0, s1, s2)
                    plain = p0 == one and q0 == one and p1 == one and q1 == one and p2 == one and q2 == one
                    again = cuda.syncthreads_or(0 if plain else 1) != 0
                    measured = True
            known = zero
            if check != UNCHECKED:
                known = read(c.known, zero, row)
                if outside(known, check, c.bounds.low, c.bounds.high) == 1:
                    first = min(first, complaint(row, c.vector_count))
            w = one
            if c.weighted != UNWEIGHTED:
                w = read(c.weight, zero, row)
            if c.weighted == WEIGHTED:
                first = within(w, zero, infinite, row, WEIGHT_OPERAND, first)
            value, d0, d1, d2 = evaluate(s0, s1, s2, p0, p1, p2, known, c.params)
            # as the loops of the host have it: the sum is of products in float64
            product = double(value) * double(w) if w != zero else double(zero)
            value = value * w if w != zero else zero
            if mine and lane == 0:
                total += product
                weight += double(w)
                if c.unreduced == 1:
                    write(c.values, row, value)
            if mode > 0 and mine:
                factor = weight_factor(w, scale)
                counts = w != zero
                spread(
                    c, row, lane, d0 * factor if counts else zero, d1 * factor if counts else zero,
                    d2 * factor if counts else zero, one / p0, one / q0, one / p1, one / q1, one / p2, one / q2,
                )  # fmt: skip
            start += threads // team
        totals[thread] = total
        weights[thread] = weight
        close_block(partials, cuda.blockIdx.x, threads, thread, totals, weights, worst, first)

    signature = (jit.header_type(Embedding, dtype, kind.counts), int64, int64)
    return jit.kernel(embedding, signature, (jit.THREADS, 1))
