"""How many threads a step takes: all or one, whichever was faster when both were tried.

The bits are the same. Sharing the kernels of a step pays where another core is free, and may cost a quarter of the step
where other processes keep it busy, which may change while a network trains.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager

from ..backends.threads import limit, num_threads

# Steps that each number of threads is tried for, and steps from one trial to the next; these double as long as trials
# agree, so that what was disturbed is soon tried again.
TRIED = 5
AGAIN = 200
RAREST = 6400


class Pace:
    """A context for each step; `threads` is what the last trial chose."""

    def __init__(self) -> None:
        self.most = self.threads = limit()
        self._period, self._at = AGAIN // 2, 0
        self._taken: dict[int, list[float]] = {}
        self._context: AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        self._context = None
        if self._at < 2 * TRIED:
            self._now = (self.most, 1)[self._at // TRIED]
            self._context = self.chosen(self._now)
            self._began = time.perf_counter()
        elif self.threads != limit():
            self._context = self.chosen()
        if self._context is not None:
            self._context.__enter__()

    def __exit__(self, *error: object) -> None:
        if self._context is not None:
            self._context.__exit__(None, None, None)
        if self._at < 2 * TRIED:
            self._taken.setdefault(self._now, []).append(time.perf_counter() - self._began)
        self._at += 1
        if self._at == 2 * TRIED:
            before = self.threads
            self.threads = min(self._taken, key=lambda threads: sorted(self._taken[threads])[TRIED // 2])
            self._taken = {}
            self._period = AGAIN if self.threads != before else min(2 * self._period, RAREST)
        if self._at >= self._period:
            self._at = 0

    def chosen(self, threads: int | None = None) -> AbstractContextManager[None]:
        """A context of so many threads, or of as many as the last trial chose."""
        return num_threads(self.threads if threads is None else threads)
