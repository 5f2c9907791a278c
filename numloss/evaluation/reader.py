"""Rows of several files side by side, read ahead by a thread for each file.

While a loss works on one chunk, the next one is read into a second set of buffers. Reading releases the
interpreter lock, so files are read at the same time, and nothing is allocated after the start.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from ..data.npy import Array, NpyFile
from ..errors import FormatError

Chunk = dict[str, Array]


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


def chunks(files: Mapping[str, NpyFile], chunk_bytes: int) -> Generator[Chunk]:
    """The rows of all files in order, as arrays by name that are valid until the next one is asked for.

    Files without rows give one empty chunk, so that dtypes and shapes are checked all the same.
    """
    rows = common_rows(files)
    size = min(chunk_rows(files, chunk_bytes), max(rows, 1))
    buffers = [{name: file.buffer(size) for name, file in files.items()} for _ in range(2)]
    count = max(1, -(-rows // size))
    with ThreadPoolExecutor(len(files), "numloss-read") as readers, contextlib.ExitStack() as stack:

        def start(k: int) -> dict[str, Future[Array]]:
            return {name: readers.submit(file.read, buffers[k % 2][name]) for name, file in files.items()}

        # a caller that stops early leaves no read behind that would still write to the buffers
        stack.callback(readers.shutdown, cancel_futures=True)
        coming = start(0)
        for k in range(count):
            ready = {name: future.result() for name, future in coming.items()}
            if k + 1 < count:
                coming = start(k + 1)
            yield ready
