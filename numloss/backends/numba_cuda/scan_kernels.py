"""The kernel of scans: a law of one step, walked over all of them; a thread is a column.

The header of a problem is Scan, as on the host.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, int64

from ...loops import operands
from ...loops.codes import UNCHECKED
from ...loops.headers import Scan
from . import blocks, jit
from .checks import NO_COMPLAINT, key


def strip_texts(dtype: str) -> dict[str, Any]:
    """Reading numbers of arrays of steps and columns, and looking at them."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    reals, real = words["reals"], words["real"]
    element, outside = jit.of_loop(operands.element, dtype), jit.of_loop(operands.outside, dtype)
    complaint, zero, one = jit.jitable(key), number(0.0), number(1.0)

    @jit.jitable
    def read_strip(s, step, column):  # type: ignore[no-untyped-def]
        if s.operand.array == 0:
            return zero
        return element(s.operand.array, s.operand.kind, step * s.step + column * s.column)

    @jit.jitable
    def read_step(c, k, s, step, column, last, pulled):  # type: ignore[no-untyped-def]
        """The k-th input at a step; `last`: it ends a walk, and `pulled`: what is pulled back is there."""
        if k == c.cut and last:
            return one
        if k == c.following and step == c.steps - 1:
            return read_strip(c.beyond, step - step, column)
        return read_strip(s, step + s.shift, column) if k < c.pulled or pulled else zero

    @jit.jitable
    def look(c, k, s, x, step, column, first):  # type: ignore[no-untyped-def]
        """The first complaint, now that x has been seen."""
        here = c.beyond if k == c.following and step == c.steps - 1 else s
        if here.operand.array == 0 or here.bounds.check == UNCHECKED or (k == c.cut and x == one):
            return first
        bad = outside(x, here.bounds.check, real(here.bounds.low), real(here.bounds.high)) == 1
        return min(first, complaint(step * c.columns + column, k)) if bad else first

    @jit.jitable
    def write_strip(s, step, column, value, more):  # type: ignore[no-untyped-def]
        """Write a number, or add it to what is there."""
        at = step * s.step + column * s.column
        out = reals(s.operand.array)
        out[at] = out[at] + value if more else value

    return {"read_strip": read_strip, "read_step": read_step, "look": look, "write_strip": write_strip}


def step_text(law: Any, inputs: int, outputs: int, params: int, dtype: str) -> Any:
    """One step of a column: the next state, what was made, and the first complaint, of a law of so many arrays."""
    names = [f"x{k}" for k in range(inputs)]
    made = ", ".join(f"r{k}" for k in range(outputs))
    lines = ["def step(c, state, at, column, last, pulled, first):"]
    for k, name in enumerate(names):
        lines.append(f"    {name} = read_step(c, {k}, c.inputs[{k}], at, column, last, pulled)")
        lines.append(f"    first = look(c, {k}, c.inputs[{k}], {name}, at, column, first)")
    lines += [f"    state, {made} = apply(state, {', '.join(names)}, c.params)"]
    lines += [f"    return state, ({made},), first", ""]
    scope = {"__name__": f"step of {law.__name__} in {dtype}", **strip_texts(dtype)}
    scope["apply"] = blocks.applied(law, 1 + inputs, params, 0, dtype)
    return jit.generated("\n".join(lines), "step", scope)


def put_text(outputs: int, dtype: str) -> Any:
    """Writing what was made of a step, all but what is carried."""
    lines = ["def put(c, made, at, column, more):"]
    for k in range(outputs):
        lines += [f"    if {k} != c.carried:", f"        write_strip(c.outputs[{k}], at, column, made[{k}], more)"]
    scope = {"__name__": f"put {outputs} in {dtype}", "write_strip": strip_texts(dtype)["write_strip"]}
    return jit.generated("\n".join([*lines, ""]), "put", scope)


@functools.cache
def scan_kernel(law: Any, inputs: int, outputs: int, params: int, dtype: str) -> Any:
    """The kernel of a law."""
    zero, threads = getattr(np, dtype)(0.0), jit.THREADS
    step, put, texts = step_text(law, inputs, outputs, params, dtype), put_text(outputs, dtype), strip_texts(dtype)
    write_strip, close_checks = texts["write_strip"], blocks.block_texts(dtype)["close_checks"]

    @jit.jitable
    def walk(c, column, first):  # type: ignore[no-untyped-def]
        state = carried = zero
        for done in range(c.steps):
            at = c.steps - 1 - done if c.backward == 1 else done
            state, made, first = step(c, state, at, column, at == c.steps - 1, True, first)
            put(c, made, at, column, False)
            if c.carried >= 0:
                write_strip(c.outputs[c.into], at, column, carried, True)
                carried = made[c.carried]
        if c.carried >= 0 and c.beyond.operand.array != 0 and c.steps > 0:
            write_strip(c.beyond, c.steps - c.steps, column, carried, False)
        return first

    @jit.jitable
    def walk_windows(c, column, first):  # type: ignore[no-untyped-def]
        for begin in range(c.steps):
            state, length = zero, min(c.window, c.steps - begin)
            for done in range(length):
                k = length - 1 - done if c.backward == 1 else done
                state, made, first = step(c, state, begin + k, column, k == length - 1, k == 0, first)
                if c.backward == 0:
                    # a step that no walk before has come to has nothing yet
                    put(c, made, begin + k, column, begin > 0 and (k < c.window - 1 or length < c.window))
                elif k == 0:
                    put(c, made, begin, column, False)
        return first

    def scan(c, partials):  # type: ignore[no-untyped-def]
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        column = int64(cuda.blockIdx.x) * threads + thread
        if thread == 0:
            worst[0] = NO_COMPLAINT
        first = NO_COMPLAINT
        if column < c.columns:
            first = walk_windows(c, column, first) if c.window > 0 else walk(c, column, first)
        close_checks(partials, int64(cuda.blockIdx.x), thread, worst, first)

    kind = jit.header_type(Scan, dtype, {"inputs": inputs, "outputs": outputs, "params": params})
    return jit.kernel(scan, (kind, int64), (threads, 2))
