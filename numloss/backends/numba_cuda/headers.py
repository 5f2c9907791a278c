"""Headers of numloss/loops/headers.py as arguments of kernels: tuples, whose fields have the same names there."""

from __future__ import annotations

import functools
from collections import namedtuple
from typing import Any

import numpy as np
from numba import float64, from_dtype, int64, types

from ...loops.headers import HEADERS
from . import jit

NUMBERS: dict[str, Any] = {"Int": int64, "Double": float64}


@functools.cache
def kind_of(header: Any) -> Any:
    """The type of a header as an argument of kernels."""
    fields = header.fields()
    each = [NUMBERS.get(kind) or kind_of(HEADERS[kind]) for kind, _, _ in fields.values()]
    kinds = [types.UniTuple(kind, p.count) if p.count else kind for kind, p in zip(each, fields.values(), strict=True)]
    named = namedtuple(header.__name__, fields)  # type: ignore[misc]
    return types.NamedUniTuple(kinds[0], len(kinds), named) if len(set(kinds)) == 1 else types.NamedTuple(kinds, named)


def value_of(header: Any) -> tuple[Any, ...]:
    """The fields of a header, as nested tuples."""
    found: list[Any] = []
    for name, (kind, count, _) in header.fields().items():
        value = getattr(header, name)
        if count:
            value = (*value, *[0] * (count - len(value)))
        found.append(value if kind in NUMBERS else tuple(map(value_of, value)) if count else value_of(value))
    return tuple(found)


@functools.cache
def memory_of(header: Any) -> Any:
    """A word that gives memory of a thread for a header of numbers, with anything in it."""
    fields = [(name, np.int64 if kind == "Int" else np.float64) for name, (kind, _, _) in header.fields().items()]
    dtype = np.dtype((np.record, fields))
    if jit.SIMULATED:
        return lambda: np.empty(1, dtype)[0]
    from .intrinsics import memory_word

    return memory_word(from_dtype(dtype))
