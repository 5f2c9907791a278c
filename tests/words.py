"""Words of the vocabulary, run by themselves on arrays, and what they are from mpmath."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

from numloss import scalar

Array = np.ndarray[Any, Any]
DIGITS = 60


def law_of(word: Callable[..., Any], inputs: int) -> Callable[..., Any]:
    """A law whose value is the word."""
    if inputs == 1:
        return lambda x: (word(x), 0.0, 0.0)
    if inputs == 2:
        return lambda x, y: (word(x, y), 0.0, 0.0)
    if inputs == 3:
        return lambda x, y, z: (word(x, y, z), 0.0, 0.0)
    return lambda x, y, z, w: (word(x, y, z, w), 0.0, 0.0)


@functools.cache
def tile(name: str, dtype: str, inputs: int) -> Any:
    """The word compiled by Numba, as a C function."""
    from numloss.backends.numba_cpu import compile as compiler

    kernel = compiler.tile(law_of(getattr(scalar, name), inputs), dtype, inputs, 0, 1, 0)
    signature = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    return signature(kernel.address)


def computed(name: str, *arrays: Array) -> Array:
    """The word at every element of the arrays."""
    arrays = tuple(np.ascontiguousarray(a) for a in arrays)
    result = np.full_like(arrays[0], np.nan)
    addresses = np.array([a.ctypes.data for a in (*arrays, result)], dtype=np.int64)
    tile(name, arrays[0].dtype.name, len(arrays))(addresses.ctypes.data, None, result.size)
    return result


def ulps(result: Array, exact: list[Any], scale: list[Any] | None = None) -> Array:
    """Distance from the exact numbers in units of the last place of the dtype, subnormal ones included.

    `scale` gives numbers whose units count where they are larger. Exact numbers past the largest float must have
    become infinite; up to half a unit past it, both infinity and the largest float are right.
    """
    info = np.finfo(result.dtype)
    largest, smallest = mp.mpf(float(info.max)), int(info.minexp) - int(info.nmant)
    past = largest * (1 + mp.mpf(float(info.eps)) / 4)
    distances = np.empty(result.size)
    for k, (found, true) in enumerate(zip(result.ravel().tolist(), exact, strict=True)):
        true = mp.mpf(true)
        if np.isinf(found) or abs(true) > past:
            right = np.isinf(found) and abs(true) >= largest * (1 - 4 * mp.mpf(float(info.eps))) and found * true > 0
            distances[k] = 0.0 if right else np.inf
            continue
        size = abs(true) if scale is None else max(abs(true), abs(mp.mpf(scale[k])))
        exponent = mp.frexp(size)[1] - 1 if size else smallest
        distances[k] = float(abs(mp.mpf(found) - true) / mp.ldexp(1, max(int(exponent) - int(info.nmant), smallest)))
    return np.where(np.isnan(distances), np.inf, distances)
