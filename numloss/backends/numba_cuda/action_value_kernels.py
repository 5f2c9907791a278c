"""The kernel of the action_value family: a law of one chosen entry of each row and of a target from the next row.

A thread works on a row. The header of a problem is ActionValue, whose strides are bytes here; a kernel takes the
addresses of what blocks leave, and of the scale or 0, too.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ...loops import action_value, elementwise
from ...loops.codes import (
    ACTION_OPERAND,
    DONE_OPERAND,
    NEXT_ACTION_OPERAND,
    REWARD_OPERAND,
    UNWEIGHTED,
    WEIGHT_OPERAND,
    WEIGHTED,
)
from ...loops.headers import ActionValue
from . import blocks, jit, reading
from .checks import NO_COMPLAINT


def bellman_texts(dtype: str) -> dict[str, Any]:
    """The value that follows a row, and writing one entry of a row among others."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, reals, operands, shared = words["real"], words["reals"], reading.texts_of(dtype), blocks.block_texts(dtype)
    read, read_label, element = operands["read"], operands["read_label"], operands["element"]
    within, index_below = shared["within"], shared["index_below"]
    larger, aim_of = jit.of_loop(action_value.larger_or_nan, dtype), jit.of_loop(action_value.aim_of, dtype)
    zero, one, infinite = number(0.0), number(1.0), number(np.inf)

    @jit.jitable
    def next_entry(c, row, j):  # type: ignore[no-untyped-def]
        at = c.next_q.array + row * c.next_q_strides.row + j * c.next_q_strides.action
        return element(at, c.next_q.kind, j - j)

    @jit.jitable
    def bellman(c, row, first):  # type: ignore[no-untyped-def]
        """What the value of the chosen action of a row ought to be, and the first complaint."""
        reward, done = read(c.reward, zero, row), read(c.done, zero, row)
        first = within(reward, -infinite, infinite, row, REWARD_OPERAND, first)
        first = within(done, zero, one, row, DONE_OPERAND, first)
        if c.next_action.array != 0:
            chosen = read_label(c.next_action, row)
            chosen, first = index_below(chosen, c.next_actions, row, NEXT_ACTION_OPERAND, first)
            best = next_entry(c, row, chosen)
        else:
            best = next_entry(c, row, row - row)
            for j in range(1, c.next_actions):
                best = larger(best, next_entry(c, row, j))
        return aim_of(reward, done, real(c.discount), best), first

    @jit.jitable
    def place_among(o, strides, actions, row, chosen, value, other):  # type: ignore[no-untyped-def]
        at = o.array + row * strides.row
        for j in range(actions):
            reals(at + j * strides.action)[0] = value if j == chosen else other

    return {"bellman": bellman, "place_among": place_among, **operands, **shared}


def _text(law: Any, params: int, dtype: str, mode: int) -> Any:
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, double, reals, doubles = words["real"], words["double"], words["reals"], words["doubles"]
    texts = bellman_texts(dtype)
    bellman, place_among, within = texts["bellman"], texts["place_among"], texts["within"]
    read, write, read_label = texts["read"], texts["write"], texts["read_label"]
    index_below, close_block = texts["index_below"], texts["close_block"]
    times_weight = jit.of_loop(action_value.times_weight, dtype)
    weight_factor = jit.of_loop(elementwise.weight_factor, dtype)
    apply = blocks.applied(law, 2, params, 0, dtype)
    zero, one, infinite = number(0.0), number(1.0), number(np.inf)

    def chosen_values(c, partials, scale_found):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(threads, float64)
        weights = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        scale = c.scale if scale_found == 0 else doubles(scale_found)[0]
        first = NO_COMPLAINT
        total = double(zero)
        weight = double(zero)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        start = cuda.blockIdx.x * c.block
        for row in range(start + thread, min(start + c.block, c.elements), threads):
            chosen, first = index_below(read_label(c.action, row), c.actions, row, ACTION_OPERAND, first)
            aim, first = bellman(c, row, first)
            w = one
            if c.weighted != UNWEIGHTED:
                w = read(c.weight, zero, row)
            if c.weighted == WEIGHTED:
                first = within(w, zero, infinite, row, WEIGHT_OPERAND, first)
            x = reals(c.q.array + row * c.q_strides.row + chosen * c.q_strides.action)[0]
            value, slope, bend = apply(x, aim, c.params)
            # as the loops of the host have it: the sum is of products in float64
            total += double(value) * double(w) if w != zero else double(zero)
            value = value * w if w != zero else zero
            weight += double(w)
            if c.values.array != 0:
                write(c.values, row, value)
            factor = weight_factor(w, scale)
            if mode > 0:
                slope = times_weight(slope, w, factor)
                place_among(c.gradient, c.gradient_strides, c.actions, row, chosen, slope, zero)
            if mode > 1:
                other = zero
                if c.bound == 1:
                    other = real(c.least)
                    bend = other if bend < other else bend
                bend, other = times_weight(bend, w, factor), times_weight(other, w, factor)
                place_among(c.curvature, c.curvature_strides, c.actions, row, chosen, bend, other)
        totals[thread] = total
        weights[thread] = weight
        close_block(partials, cuda.blockIdx.x, threads, thread, totals, weights, worst, first)

    return chosen_values


@functools.cache
def action_value_kernel(law: Any, params: int, dtype: str, mode: int) -> Any:
    """The kernel of a law."""
    signature = (jit.header_type(ActionValue, "float64", {"params": params}), int64, int64)
    return jit.kernel(_text(law, params, dtype, mode), signature, (jit.THREADS, 2))
