"""Columns of a table as an array of rows: a fixed-size list or numbers of one column, or several columns side by side.

Arrow and Parquet files share this; each only says how its batches of rows are read.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..common.extras import optional
from ..errors import FormatError
from .source import MEMBER, Array, Reader, Source, file_stamp

TYPES = {
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float": "float32",
    "double": "float64",
    "bool": "bool",
}


def pyarrow(module: str = "pyarrow") -> ModuleType:
    """pyarrow or a module of it, which belongs to an extra."""
    return optional(module, "io", "reading Arrow and Parquet files")


@contextlib.contextmanager
def readable(source: str) -> Iterator[None]:
    """Whatever pyarrow raises for a file that is damaged becomes FormatError."""
    try:
        yield
    except (FormatError, FileNotFoundError, PermissionError):
        raise
    except (pyarrow().ArrowException, OSError, ValueError, OverflowError) as error:
        raise FormatError(f"{source}: not a file that can be read: {error}") from error


class TableSource(Source):
    """The columns of a table whose names match a pattern, in the order of the table."""

    def __init__(self, path: str | os.PathLike[str], pattern: str) -> None:
        self.path, self.name = Path(path), f"{path}{MEMBER}{pattern}" if pattern else str(path)
        with readable(self.name):
            schema, self.counts = self.described()
        self.columns = [name for name in schema.names if fnmatch.fnmatchcase(name, pattern or "*")]
        if not self.columns or (not pattern and len(self.columns) > 1):
            asked = f"no column {pattern!r}" if pattern else "several columns"
            names = ", ".join(schema.names)
            raise FormatError(f"{path}: {asked}; write {path}{MEMBER}COLUMN, * matches any text; there are {names}")
        kinds = {self._kind(schema.field(name)) for name in self.columns}
        if len(kinds) > 1:
            raise FormatError(f"{self.name}: columns of several types cannot be one array")
        (dtype, self.width) = kinds.pop()
        if len(self.columns) > 1 and self.width is not None:
            raise FormatError(f"{self.name}: several columns of lists cannot be one array")
        self.dtype = np.dtype(dtype)
        wide = self.width if len(self.columns) == 1 else len(self.columns)
        self.shape = (sum(self.counts),) if wide is None else (sum(self.counts), wide)

    def _kind(self, field: Any) -> tuple[str, int | None]:
        """The dtype of a column, and the length of its lists."""
        width, kind = None, field.type
        if pyarrow("pyarrow.types").is_fixed_size_list(kind):
            width, kind = int(kind.list_size), kind.value_type
        if str(kind) not in TYPES:
            allowed = "numbers, truth values, or lists of them whose size is fixed"
            raise FormatError(f"{self.name}: column {field.name!r} holds {field.type}; it may hold {allowed}")
        return TYPES[str(kind)], width

    @abstractmethod
    def described(self) -> tuple[Any, list[int]]:
        """The schema, and the rows of each part that is read as a whole."""

    @abstractmethod
    def batches(self, start: int, rows: int) -> Iterator[tuple[int, Any]]:
        """Record batches of the columns, from the one that holds row `start` on, each with its first row."""

    @property
    def grain(self) -> int:
        return max(self.counts, default=1)

    def stamp(self) -> list[Any]:
        return [*super().stamp(), *file_stamp(self.path)]

    def reader(self, rows: int) -> Reader:
        return TableReader(self, rows)


class TableReader(Reader):
    """Batches one after the other, copied into a buffer as arrays."""

    def __init__(self, table: TableSource, rows: int) -> None:
        self.table = table
        self.buffer = np.empty((min(rows, table.rows), *table.shape[1:]), table.dtype)
        self.coming: Iterator[tuple[int, Any]] = iter(())
        self.begin = 0
        self.batch: Any = None

    def read(self, start: int, stop: int) -> Array:
        with readable(self.table.name):
            at = start
            while at < stop:
                batch = self._holding(at)
                end = min(stop, self.begin + batch.num_rows)
                part = batch.slice(at - self.begin, end - at)
                self._copy(part, at, self.buffer[at - start : end - start])
                at = end
        return self.buffer[: stop - start]

    def _holding(self, row: int) -> Any:
        """The batch with this row: this one, the next, or after a jump a later one."""
        if self.batch is None or row != self.begin + self.batch.num_rows:
            if self.batch is not None and self.begin <= row < self.begin + self.batch.num_rows:
                return self.batch
            self.coming = self.table.batches(row, len(self.buffer))
        for begin, batch in self.coming:
            self.begin, self.batch = begin, batch
            if row < begin + batch.num_rows:
                return batch
        raise FormatError(f"{self.table.name}: the file ends before row {row}")

    def _copy(self, part: Any, row: int, into: Array) -> None:
        arrays = [part.column(name) for name in self.table.columns]
        for name, array in zip(self.table.columns, arrays, strict=True):
            values = array if self.table.width is None else array.flatten()
            empty = array.null_count or values.null_count
            if empty:
                raise FormatError(
                    f"{self.table.name}: column {name!r} has {empty} empty cells "
                    f"among the rows {row} to {row + part.num_rows - 1}; fill them first"
                )
            numbers = values.to_numpy(zero_copy_only=False)
            if len(arrays) > 1:
                into[:, self.table.columns.index(name)] = numbers
            else:
                into[...] = numbers.reshape(into.shape)

    def close(self) -> None:
        close = getattr(self.coming, "close", None)
        if close is not None:
            close()
