"""Where rows come from, in memory or on disk: one face for arrays, files, folders of shards and whatever slices.

A source is a description: a name, a shape and a dtype, all checked, and no open file. Its `reader` reads blocks of
rows, in one thread at a time. A source that is `portable` can be sent to another process, which opens it again.
"""

from __future__ import annotations

import bisect
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..common.halves import is_half
from ..errors import FormatError
from .stamps import origin_stamps, samples_digest

Array = np.ndarray[Any, Any]
REAL_KINDS = "biuf"
# Of keys of groups, which may be text.
KEY_KINDS = "biufUS"


class Reader(ABC):
    """An open source."""

    omits = False
    """Whether empty cells are read as rows to leave out; otherwise they are refused."""
    missing: Array | None = None
    """Which rows of the last read are to be left out, None for none."""
    unasked: Array | None = None
    """Which of these nothing is asked of: they are left out without a word."""
    window = 8 << 20
    """Bytes of a mapped file that may be in memory."""

    @abstractmethod
    def read(self, start: int, stop: int) -> Array:
        """The rows from start to stop, valid until the next call."""

    def stretch(self, start: int, stop: int) -> tuple[Array, int] | None:
        """As many of these rows as lie in one place, and the address of the feed that brings them to memory.

        The address is 0 where they are there already, see kernels/feed.h; None where rows must be read.
        """
        return None

    def check(self) -> None:  # noqa: B027 - what was read is a copy, or an array
        """Raise if what was read has changed before it was used; to be called after that, until the next call."""

    def fresh(self) -> bool:
        """Whether what was opened is still what stands there, so that it need not be opened again."""
        return False

    def close(self) -> None:  # noqa: B027 - most have something to close, arrays have not
        """Close what was opened."""


class Source(ABC):
    """A name for messages, a shape whose first axis runs over rows, and a dtype."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    portable = True

    @property
    def rows(self) -> int:
        """Entries of the first axis."""
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        """Bytes of one entry of the first axis."""
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize

    @property
    def elements(self) -> int:
        """Numbers of one entry of the first axis: the wider rows are, the fewer make a block."""
        return int(np.prod(self.shape[1:], dtype=np.int64))

    @property
    def read_bytes(self) -> int:
        """Bytes that are read for one entry of the first axis."""
        return self.row_bytes

    @property
    def held(self) -> int:
        """Bytes that a reader keeps beside one block of rows."""
        return 0

    @property
    def grain(self) -> int:
        """Rows that are decoded together: to begin among them costs as much as to begin before them."""
        return 1

    def place(self, row: int) -> tuple[str, int]:
        """The file of a row, and the row in it."""
        return self.name, row

    def flat(self) -> Source:
        """The same numbers with the first two axes as one."""
        raise TypeError(f"{self.name} has shape {self.shape}, of which the first two axes cannot be read as one")

    def stamp(self) -> list[Any]:
        """What changes when the content does, as far as can be told without reading it."""
        return [self.name, list(self.shape), str(self.dtype)]

    @abstractmethod
    def reader(self, rows: int) -> Reader:
        """Open it for blocks of at most so many rows."""


class SlicedSource(Source, Reader):
    """An array, or any object with shape, dtype and slicing: of h5py, zarr, dask."""

    def __init__(self, given: Any, name: str, kinds: str = REAL_KINDS) -> None:
        self.given, self.name, self.kinds = given, name, kinds
        self.shape, self.dtype = tuple(given.shape), np.dtype(given.dtype)
        self.portable = not isinstance(given, np.ndarray)
        if not self.shape:
            raise ValueError(f"{name}: a single number, without a first axis to read along")
        if self.dtype.kind not in kinds and not is_half(self.dtype):
            wanted = "real numbers" if kinds == REAL_KINDS else "real numbers, truth values or text"
            raise TypeError(f"{name} has dtype {self.dtype}; {wanted} are needed")

    def stamp(self) -> list[Any]:
        return [*super().stamp(), *origin_stamps(self.given), samples_digest(self.read, self.rows, self.row_bytes)]

    def reader(self, rows: int) -> Reader:
        return self

    def flat(self) -> Source:
        if not isinstance(self.given, np.ndarray):
            return super().flat()
        return SlicedSource(self.given.reshape(-1, *self.shape[2:]), self.name, self.kinds)

    def read(self, start: int, stop: int) -> Array:
        part: Array = self.given[start:stop]
        if not isinstance(part, np.ndarray):  # a masked array stays one, so that the loss can refuse it
            part = np.asarray(part)
        expected = (stop - start, *self.shape[1:])
        if part.shape != expected or part.dtype != self.dtype:
            raise FormatError(
                f"{self.name}[{start}:{stop}] has shape {part.shape} and dtype {part.dtype}; "
                f"by its shape and dtype it should have {expected} and {self.dtype}"
            )
        return part

    def stretch(self, start: int, stop: int) -> tuple[Array, int] | None:
        return (self.given[start:stop], 0) if isinstance(self.given, np.ndarray) else None

    def fresh(self) -> bool:
        return True


class Shards(Source):
    """Sources one after the other, as one."""

    def __init__(self, parts: Sequence[Source], name: str) -> None:
        self.parts, self.name = list(parts), name
        first = self.parts[0]
        for part in self.parts:
            if part.shape[1:] != first.shape[1:] or part.dtype != first.dtype:
                raise FormatError(
                    f"{name}: shards that do not line up: {first.name} has rows of shape {first.shape[1:]} in "
                    f"{first.dtype}, but {part.name} has {part.shape[1:]} in {part.dtype}"
                )
        self.starts = [0, *itertools.accumulate(part.rows for part in self.parts)]
        self.shape, self.dtype = (self.starts[-1], *first.shape[1:]), first.dtype
        self.portable = all(part.portable for part in self.parts)

    @property
    def held(self) -> int:
        return max(part.held for part in self.parts)

    @property
    def grain(self) -> int:
        return max(part.grain for part in self.parts)

    def flat(self) -> Source:
        return Shards([part.flat() for part in self.parts], self.name)

    def index(self, row: int) -> int:
        """The shard of a row; of shards without rows before it, the last."""
        return min(bisect.bisect_right(self.starts, row), len(self.parts)) - 1

    def place(self, row: int) -> tuple[str, int]:
        k = self.index(row)
        return self.parts[k].place(row - self.starts[k])

    def stamp(self) -> list[Any]:
        return [part.stamp() for part in self.parts]

    def reader(self, rows: int) -> Reader:
        return ShardReader(self, rows)


class ShardReader(Reader):
    """One open shard at a time; a block that crosses shards is put together in a buffer."""

    def __init__(self, shards: Shards, rows: int) -> None:
        self.shards, self.rows = shards, rows
        self.open: tuple[int, Reader] | None = None
        self.buffer: Array | None = None

    def read(self, start: int, stop: int) -> Array:
        first, last = self.shards.index(start), self.shards.index(max(start, stop - 1))
        if first == last:
            return self._of(first, start, stop)
        if self.shards.dtype.kind in "US":  # text of one shard may be longer than that of another
            return np.concatenate([self._of(k, low, high) for k, low, high in self._stretches(start, stop)])
        if self.buffer is None:
            self.buffer = np.empty((self.rows, *self.shards.shape[1:]), self.shards.dtype)
        missing = np.zeros(stop - start, bool)
        for k, low, high in self._stretches(start, stop):
            self.buffer[low - start : high - start] = self._of(k, low, high)
            if self.missing is not None:
                missing[low - start : high - start] = self.missing
        self.missing = missing if missing.any() else None
        return self.buffer[: stop - start]

    def _stretches(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """The shards with these rows, and which of all rows each of them has."""
        for k in range(self.shards.index(start), self.shards.index(max(start, stop - 1)) + 1):
            low, high = max(start, self.shards.starts[k]), min(stop, self.shards.starts[k + 1])
            if low < high:
                yield k, low, high

    def stretch(self, start: int, stop: int) -> tuple[Array, int] | None:
        k = self.shards.index(start)
        begin, end = self.shards.starts[k], self.shards.starts[k + 1]
        return self._shard(k).stretch(start - begin, min(stop, end) - begin)

    def check(self) -> None:
        if self.open is not None:
            self.open[1].check()

    def fresh(self) -> bool:
        return self.open is None or self.open[1].fresh()

    def _shard(self, k: int) -> Reader:
        if self.open is None or self.open[0] != k:
            self.check()
            self.close()
            self.open = k, self.shards.parts[k].reader(self.rows)
        reader = self.open[1]
        reader.omits, reader.window = self.omits, self.window
        return reader

    def _of(self, k: int, start: int, stop: int) -> Array:
        begin, reader = self.shards.starts[k], self._shard(k)
        part = reader.read(start - begin, stop - begin)
        self.missing = reader.missing
        return part

    def close(self) -> None:
        if self.open is not None:
            self.open[1].close()
            self.open = None
