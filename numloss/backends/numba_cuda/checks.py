"""Errors in values that kernels found.

A kernel notes the first value outside its domain. By default the call reads that note, eight bytes, and raises as on
the host, which waits for the kernel. Inside `deferred_checks` nothing is read until the block ends or
`raise_deferred` is called.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

# Notes that may wait at a time; each keeps the arrays of its call alive.
MOST_WAITING = 64
NO_COMPLAINT = 1 << 62
# The weights do not add up to a number; any other complaint comes first.
NOT_FINITE = 1 << 61

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


def key(at: int, operand: int) -> int:
    """A complaint as one integer; the smallest is the one that a serial loop would meet first."""
    return (at // 512) * 8192 + operand * 512 + at % 512


def position_of(complaint: int) -> tuple[int, int]:
    """Position and operand of a complaint."""
    tile, rest = divmod(complaint, 8192)
    return tile * 512 + rest % 512, rest // 512
