"""Comparisons that raise. Each is shown a wrong answer in test_compare.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

Array = Any
INTEGERS = {np.dtype(np.float32): np.int32, np.dtype(np.float64): np.int64}


@contextmanager
def told(**facts: Any) -> Iterator[None]:
    """A failure inside says for what: loss, backend, layout, mode, input, options, as far as they are given."""
    try:
        yield
    except Exception as error:
        error.add_note("for " + ", ".join(f"{what.replace('_', ' ')} {value}" for what, value in facts.items()))
        raise


def ulp_distance(a: Array, b: Array) -> np.ndarray[Any, Any]:
    """How many floats lie between a and b, as float64; two NaN are equal, one NaN is infinitely far."""
    a, b = np.broadcast_arrays(np.asarray(a), np.asarray(b))
    if a.dtype != b.dtype:
        raise AssertionError(f"dtypes differ: {a.dtype} and {b.dtype}")
    places = [_place(x) for x in (a, b)]
    distance = np.abs(places[0] - places[1])
    one_nan = np.isnan(a) != np.isnan(b)
    both_nan = np.isnan(a) & np.isnan(b)
    return np.asarray(np.where(both_nan, 0.0, np.where(one_nan, np.inf, distance)))


def _place(x: Array) -> np.ndarray[Any, Any]:
    """The position of a float among all floats, with both zeros at 0."""
    bits = np.ascontiguousarray(x).view(INTEGERS[x.dtype])
    smallest = np.iinfo(bits.dtype).min
    ordered = np.where(bits < 0, smallest - bits, bits).astype(np.longdouble)
    return np.asarray(ordered)


def assert_ulp(actual: Array, expected: Array, most: float) -> None:
    """Every value within so many ulp of the expected one."""
    distance = ulp_distance(actual, expected)
    if distance.size and distance.max() > most:
        _fail("ulp", distance, actual, expected, most)


def assert_close(actual: Array, expected: Array, *, ulp: float, scale: Array = 0.0) -> None:
    """Within so many units of the dtype's rounding, relative to the expected value or to `scale` if that is larger.

    The scale is the size of the largest term of a sum: where terms cancel, no computation keeps relative digits.
    Infinities and NaN must stand in the same places.
    """
    actual = np.asarray(actual)
    if actual.dtype.kind != "f":
        raise AssertionError(f"a floating result is needed, got {actual.dtype}")
    exact = np.asarray(expected, dtype=np.float64)
    if actual.shape != exact.shape:
        raise AssertionError(f"shapes differ: {actual.shape} and {exact.shape}")
    finite = np.isfinite(exact)
    same = (actual == exact) | (np.isnan(actual) & np.isnan(exact))
    size = np.maximum(np.where(finite, np.abs(exact), 0.0), np.where(np.isfinite(scale), scale, 0.0))
    unit = np.finfo(actual.dtype).eps * np.maximum(size, np.finfo(actual.dtype).tiny)
    with np.errstate(invalid="ignore"):
        error = np.where(same, 0.0, np.where(finite & np.isfinite(actual), np.abs(actual - exact) / unit, np.inf))
    if error.size and error.max() > ulp:
        _fail("units of rounding", error, actual, exact, ulp)


def assert_same_bits(actual: Array, expected: Array) -> None:
    """Equal dtype, shape and bytes; a NaN is a NaN whatever its payload."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        raise AssertionError(f"{actual.dtype}{actual.shape} is not {expected.dtype}{expected.shape}")
    if canonical_bytes(actual) != canonical_bytes(expected):
        signed_zero = (np.signbit(actual) != np.signbit(expected)) & ~np.isnan(actual)
        distance = np.maximum(ulp_distance(actual, expected), signed_zero)
        _fail("ulp (bits differ)", distance, actual, expected, 0)


def canonical_bytes(x: Array) -> bytes:
    """The bytes of an array in C order, with one NaN for all."""
    x = np.array(x, order="C")
    x[np.isnan(x)] = np.nan
    return x.tobytes()


def _fail(unit: str, error: Array, actual: Array, expected: Array, most: float) -> None:
    at = np.unravel_index(int(np.argmax(error)), error.shape)
    actual, expected = np.broadcast_to(actual, error.shape), np.broadcast_to(expected, error.shape)
    index = list(map(int, at))
    raise AssertionError(
        f"{int(np.count_nonzero(error > most))} of {error.size} values are off, the worst at {index}: "
        f"{actual[at]!r} instead of {expected[at]!r}, {float(error[at]):.4g} {unit}, allowed {most}"
    )
