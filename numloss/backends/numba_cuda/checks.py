"""Arguments on a device: the same rules and sentences as for host arrays, and errors that kernels found.

A kernel notes the first value outside its domain. By default the call reads that note, eight bytes, and raises as on
the host, which waits for the kernel. Inside `deferred_checks` nothing is read until the block ends or
`raise_deferred` is called.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ...calls import checks as check
from .arrays import DeviceArray

if TYPE_CHECKING:
    from ...registry import Loss

# Notes that may wait at a time; each keeps the arrays of its call alive.
MOST_WAITING = 64

_waiting: ContextVar[list[Callable[[], None]] | None] = ContextVar("numloss_deferred_checks", default=None)


@contextlib.contextmanager
def deferred_checks() -> Iterator[None]:
    """Inside the `with` block calls do not wait for their kernels; errors in values are raised when it ends."""
    token = _waiting.set([])
    try:
        yield
        raise_deferred()
    finally:
        _waiting.reset(token)


def raise_deferred() -> None:
    """Wait for the calls of the surrounding `deferred_checks` and raise the first error that they found."""
    waiting = _waiting.get()
    while waiting:
        waiting.pop(0)()


def settle(read_note: Callable[[], None]) -> None:
    """Read a note of a kernel now, or later if checks are deferred."""
    waiting = _waiting.get()
    if waiting is None:
        read_note()
        return
    waiting.append(read_note)
    if len(waiting) > MOST_WAITING:
        waiting.pop(0)()


def real_array(loss: Loss, name: str, value: Any, library: Any) -> DeviceArray:
    """An argument on the device of the prediction, of a real dtype."""
    if not library.owns(value):
        raise TypeError(
            f"{loss.name}: {name} is {type(value).__module__}.{type(value).__name__}, but {loss.inputs[0]} is an array "
            f"of {library.name} on a CUDA device; nothing is copied silently. Move {name} to the same device first"
        )
    array: DeviceArray = library.describe(value)
    if array.dtype.kind not in check.REAL_KINDS:
        raise TypeError(f"{loss.name}: {name} has dtype {array.dtype}; real numbers are needed")
    if array.dtype.itemsize > 8 or array.dtype.char == "e":
        raise TypeError(f"{loss.name}: {name} has dtype {array.dtype}; convert it to float32")
    return array


def prediction(loss: Loss, name: str, value: Any, library: Any) -> DeviceArray:
    """A prediction on the device: float32 or float64."""
    array = real_array(loss, name, value, library)
    if array.dtype.kind != "f":
        raise TypeError(
            f"{loss.name}: {name} has dtype {array.dtype}; predictions are float32 or float64. Convert it first"
        )
    return array


def output(
    loss: Loss, given: Any, like: DeviceArray, inputs: list[DeviceArray], library: Any, what: str
) -> DeviceArray:
    """An array to write to, shaped like the prediction: the one given, checked, or a new one."""
    if given is None:
        return library.describe(library.empty_like(like.owner))  # type: ignore[no-any-return]
    if not library.owns(given):
        raise TypeError(f"{loss.name}: out for the {what} must be an array of {library.name} on the same device")
    array: DeviceArray = library.describe(given)
    if array.shape != like.shape or array.dtype != like.dtype:
        raise ValueError(
            f"{loss.name}: out for the {what} has shape {array.shape} and dtype {array.dtype}; "
            f"it must have {like.shape} and {like.dtype}"
        )
    if 0 in array.strides and not array.c_order:
        raise ValueError(f"{loss.name}: out for the {what} has overlapping elements (a stride of 0)")
    for other in inputs:
        if overlap(array, other) and not same_memory(array, other):
            raise ValueError(
                f"{loss.name}: out for the {what} overlaps an input without being the same array; "
                "give the prediction itself or separate memory"
            )
    return array


def overlap(a: DeviceArray, b: DeviceArray) -> bool:
    """True if two arrays may share memory."""
    (a_low, a_high), (b_low, b_high) = a.extent, b.extent
    return a_low < b_high and b_low < a_high


def same_memory(a: DeviceArray, b: DeviceArray) -> bool:
    """True if two arrays are the same elements in the same places."""
    return (a.address, a.shape, a.strides, a.dtype) == (b.address, b.shape, b.strides, b.dtype)
