"""Chunks of rows of several files side by side, each read and worked on by one thread.

A thread reads its chunk and then works on it while it still lies in the cache; other threads do the same with
other chunks. Nobody hands data over, and which thread takes which chunk changes nothing in the results.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ..backends.threads import limit, num_threads
from ..data.npy import Array, NpyFile
from ..errors import FormatError

Chunk = dict[str, Array]
T = TypeVar("T")


def common_rows(files: Mapping[str, NpyFile]) -> int:
    """The number of rows, which all files must share."""
    first, *others = files.values()
    for other in others:
        if other.rows != first.rows:
            raise FormatError(f"{first.source} has {first.rows} rows, but {other.source} has {other.rows}")
    return first.rows


def chunk_rows(files: Mapping[str, NpyFile], chunk_bytes: int) -> int:
    """Rows of a chunk whose arrays together take about so many bytes: at least one."""
    row = sum(file.header.row_bytes for file in files.values())
    return max(1, chunk_bytes // max(1, row))


def each_chunk(
    files: Mapping[str, NpyFile], chunk_bytes: int, work: Callable[[int, Chunk], T]
) -> Generator[tuple[int, T]]:
    """Call `work` with the first row and the arrays of each chunk; gives the rows done and its results in order.

    The arrays are valid during the call. Files without rows make one empty chunk, so that dtypes and shapes are
    checked all the same.
    """
    rows = common_rows(files)
    size = max(1, min(chunk_rows(files, chunk_bytes), rows))
    starts = range(0, max(rows, 1), size)
    workers = min(limit(), len(starts))
    own = threading.local()

    def run(start: int) -> T:
        if not hasattr(own, "buffers"):
            own.buffers = {name: file.buffer(size) for name, file in files.items()}
        chunk = {name: file.read(start, own.buffers[name]) for name, file in files.items()}
        if workers == 1:
            return work(start, chunk)
        with num_threads(1):
            return work(start, chunk)

    pool = ThreadPoolExecutor(workers, "numloss-chunk")
    waiting: deque[tuple[int, Future[T]]] = deque()
    try:
        for start in starts:
            # the caller's choices of backend and threads hold in the threads of the pool too
            waiting.append((start, pool.submit(contextvars.copy_context().run, run, start)))
            if start == 0:
                wait([waiting[0][1]])  # it may compile kernels, which threads should not do side by side
            if len(waiting) > 2 * workers:
                yield _first(waiting, size, rows)
        while waiting:
            yield _first(waiting, size, rows)
    finally:
        pool.shutdown(cancel_futures=True)


def _first(waiting: deque[tuple[int, Future[T]]], size: int, rows: int) -> tuple[int, T]:
    start, future = waiting.popleft()
    return min(start + size, rows), future.result()
