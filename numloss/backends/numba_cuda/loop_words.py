"""The words of the loop language that other kernels of this backend do without, for loops that are taken as they are.

A thread runs such a loop by itself: runs of neighbours are walked one by one, in the lanes and the order of the host.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ... import scalar
from ...loops.headers import HEADERS
from ...loops.headers.structs import NUMBERS
from ..retype import Law, retype
from . import jit
from .memory import memory_of


def _pointers(dtype: str) -> dict[str, Any]:
    """Pointers further on, addresses, and memory of a thread."""
    if jit.SIMULATED:
        from .simulated import address, offset, stack_word
    else:
        from .intrinsics import address, offset, stack_word
    kinds = {"reals": dtype, "doubles": "float64", "ints": "int64"}
    return {"offset": offset, "address": address} | {f"stack_{name}": stack_word(kind) for name, kind in kinds.items()}


def _sums(dtype: str) -> dict[str, Any]:
    """Sums and the largest of n neighbours."""
    words = jit.words_of(dtype)
    real, double, stack = words["real"], words["double"], _pointers(dtype)
    stack_reals, stack_doubles = stack["stack_reals"], stack["stack_doubles"]
    lowest = getattr(np, dtype)(-np.inf)

    @jit.jitable
    def fold16(lanes):  # type: ignore[no-untyped-def]
        half = 8
        while half > 0:
            for k in range(half):
                lanes[k] = lanes[k] + lanes[k + half]
            half = half // 2
        return lanes[0]

    @jit.jitable
    def run_sum(p, n):  # type: ignore[no-untyped-def]
        lanes = stack_reals(16)
        for k in range(16):
            lanes[k] = real(0.0)
        for i in range(n):
            lanes[i % 16] = lanes[i % 16] + p[i]
        return fold16(lanes)

    @jit.jitable
    def run_sum_wide(p, n):  # type: ignore[no-untyped-def]
        lanes = stack_doubles(16)
        for k in range(16):
            lanes[k] = double(0.0)
        for i in range(n):
            lanes[i % 16] = lanes[i % 16] + double(p[i])
        return fold16(lanes)

    @jit.jitable
    def run_maximum(p, n):  # type: ignore[no-untyped-def]
        top = lowest
        for i in range(n):
            if p[i] > top:
                top = p[i]
        return top

    @jit.jitable
    def add32(p, n, lanes):  # type: ignore[no-untyped-def]
        for i in range(32 * n):
            lanes[i % 32] = lanes[i % 32] + double(p[i])
        return 0

    return {"run_sum": run_sum, "run_sum_wide": run_sum_wide, "run_maximum": run_maximum, "add32": add32}


def _looks() -> dict[str, Any]:
    """Whether there is something odd among neighbours, and hints."""

    @jit.jitable
    def outside32(p, n, low, high):  # type: ignore[no-untyped-def]
        for i in range(32 * n):
            if not (p[i] >= low and p[i] <= high):
                return 1
        return 0

    @jit.jitable
    def beyond32(p, n, low, high):  # type: ignore[no-untyped-def]
        for i in range(32 * n):
            if p[i] < low or p[i] > high:
                return 1
        return 0

    @jit.jitable
    def nan32(p, n):  # type: ignore[no-untyped-def]
        for i in range(32 * n):
            if p[i] != p[i]:
                return 1
        return 0

    @jit.jitable
    def spread16(p, x):  # type: ignore[no-untyped-def]
        for k in range(16):
            p[k] = x
        return 0

    @jit.jitable
    def will_need(p, n):  # type: ignore[no-untyped-def]
        return 0

    names = {"outside32": outside32, "beyond32": beyond32, "nan32": nan32}
    return {**names, "spread16": spread16, "will_need": will_need}


@functools.cache
def loop_words(dtype: str) -> dict[str, Any]:
    """All that a loop over whole examples may call that is no text."""
    headers: list[Any] = list(HEADERS.values())
    flat = [header for header in headers if all(place.kind in NUMBERS for place in header.fields().values())]
    return _pointers(dtype) | _sums(dtype) | _looks() | {header.__name__: memory_of(header) for header in flat}


@functools.cache
def whole_loop(text: Law, dtype: str) -> Law:
    """A text of the host's loops as it is, with all words of its language, for one thread."""
    if text.__module__ == scalar.__name__:
        return jit.typed(text, dtype)
    return jit.jitable(retype(text, dtype, whole_loop, jit.with_doubles(dtype) | loop_words(dtype)))
