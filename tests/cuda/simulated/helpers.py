"""Moving arguments to the simulated device and results back."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from compare import assert_close
from numba import cuda

import numloss as nl


def to_device(value: Any) -> Any:
    """Arrays on the device, with their strides; tuples of arrays too; everything else as it is."""
    if isinstance(value, tuple):
        return tuple(to_device(v) for v in value)
    if not isinstance(value, np.ndarray):
        return value
    moved = cuda.device_array(value.shape, value.dtype)
    # the simulator's to_device refuses gaps; its arrays are arrays of NumPy inside
    moved._ary = value.copy() if value.flags.c_contiguous else strided_copy(value)
    return moved


def strided_copy(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy with the same strides, of the whole memory behind the array."""
    low, high = np.lib.array_utils.byte_bounds(value)
    memory = np.zeros(high - low, np.uint8)
    start = value.__array_interface__["data"][0] - low
    copy = np.ndarray(value.shape, value.dtype, memory, start, value.strides)
    if 0 not in value.strides:
        copy[...] = value
    else:
        once = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in value.strides)
        copy[once] = value[once]
    return copy


def to_host(value: Any) -> Any:
    """Results as NumPy arrays and floats."""
    if isinstance(value, tuple):
        return tuple(to_host(v) for v in value)
    if getattr(value, "__cuda_ndarray__", False):
        host = value.copy_to_host()
        return float(host) if host.shape == () and host.dtype == np.float64 else host
    return value


def on_device(function: Any, arrays: tuple[Any, ...], **options: Any) -> Any:
    """Call a loss or a transform of one on the device, and bring back what it returns."""
    moved = {name: to_device(value) for name, value in options.items()}
    return to_host(function(*to_device(arrays), **moved))


@functools.cache
def host_backend() -> str:
    """The backend to compare with."""
    available = nl.available_backends()
    return next(name for name in ("cython", "numba") if available[name] == "available")


def on_host(function: Any, arrays: tuple[Any, ...], **options: Any) -> Any:
    """Call a loss or a transform of one on the host."""
    return function(*arrays, backend=host_backend(), **options)


def flat(value: Any) -> list[Any]:
    """The arrays and floats in a result."""
    if isinstance(value, tuple):
        return [part for item in value for part in flat(item)]
    return [np.asarray(value)]


def assert_agrees(function: Any, arrays: Any, *, term: float = 0.0, **options: Any) -> None:
    """Within 4 ulp of the largest entry of each result, or of a term that cancels in it and is larger."""
    device, host = on_device(function, arrays, **options), on_host(function, arrays, **options)
    unit = np.finfo(arrays[0].dtype).eps
    for actual, expected in zip(flat(device), flat(host), strict=True):
        finite = np.abs(expected[np.isfinite(expected)])
        scale = finite.max(initial=term) * unit / np.finfo(actual.dtype).eps
        assert_close(actual, expected, ulp=4, scale=scale)
