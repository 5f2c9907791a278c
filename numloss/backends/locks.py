"""Locks that are free in a forked child, whoever held them in the parent.

Of the threads of the parent the child has the one that forked; what another held there, it would hold for ever. What
compiles leaves more behind than its lock, libraries in the middle of their work: a fork waits until it has ended.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from typing import Any, ClassVar

# Seconds that a fork waits for the end of what another thread compiles.
LONGEST_WAIT = 60.0


class Lock:
    """A lock for the life of the process, which its holder may take again."""

    made: ClassVar[list[Lock]] = []

    def __init__(self) -> None:
        self._lock = threading.RLock()
        Lock.made.append(self)

    def take(self, seconds: float = -1.0) -> bool:
        """Wait for it, for so many seconds at most; False if somebody else has it still."""
        return self._lock.acquire(timeout=seconds)

    def give(self) -> None:
        """Give it back."""
        self._lock.release()

    def renew(self) -> None:
        """Free it, unless this thread has it."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()


# Threads that come together compile once.
compiling = Lock()


def compiled_once(make: Callable[..., Any]) -> Callable[..., Any]:
    """`functools.cache` of what compiles, in one thread at a time."""
    cached = functools.cache(make)

    @functools.wraps(make)
    def once(*key: Any) -> Any:
        with compiling:
            return cached(*key)

    return once


_fork = threading.local()


def _before_fork() -> None:
    _fork.waited = compiling.take(LONGEST_WAIT)


def _after_fork_in_parent() -> None:
    if _fork.waited:
        compiling.give()


def _after_fork_in_child() -> None:
    _after_fork_in_parent()
    for lock in Lock.made:
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
