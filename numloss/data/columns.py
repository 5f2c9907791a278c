"""Columns of a table as an array of rows: numbers or lists of one length of a column, or several columns side by side.

Arrow and Parquet files share this; each only says how its batches of rows are read.
"""

from __future__ import annotations

import collections
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
from .names import MEMBER
from .npy import open_regular
from .source import Array, Reader, Source
from .stamps import file_stamp

TYPES = {
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "halffloat": "float16",
    "float": "float32",
    "double": "float64",
    "bool": "bool",
}
# Rows of which the first lists are looked at.
FIRST = 1000
TEXTS = dict.fromkeys(("string", "large_string", "string_view"), "U")


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
    except (pyarrow().ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        raise FormatError(f"{source}: not a file that can be read: {error}") from error


def decoded(array: Any) -> Any:
    """A column as plain values, where a file has them by number from a dictionary."""
    return array.dictionary_decode() if hasattr(array, "dictionary_decode") else array


class TableSource(Source):
    """The column of a table of that name, or the columns whose names match a pattern, in the order of the table.

    With `text` a column may hold text, which is read as keys.
    """

    def __init__(self, path: str | os.PathLike[str], pattern: str, text: bool = False) -> None:
        self.path, self.name = Path(path), f"{path}{MEMBER}{pattern}" if pattern else str(path)
        self.types = {**TYPES, **TEXTS} if text else TYPES
        self.columns: list[str] = []
        pyarrow()
        open_regular(path).close()  # a pipe would be waited for
        with readable(self.name):
            schema, self.counts = self.described()
        self.columns = self._chosen(list(schema.names), pattern)
        # columns of lists, of text and of numbers from a dictionary, whose offsets or numbers lead elsewhere
        self.is_list = self.leads_elsewhere = False
        kinds = {self._kind(schema.field(name)) for name in self.columns}
        if len(kinds) > 1:
            raise FormatError(f"{self.name}: columns of several types cannot be one array")
        (dtype, self.width) = kinds.pop()
        if len(self.columns) > 1 and (self.is_list or dtype == "U"):
            raise FormatError(f"{self.name}: several columns of {'lists' if self.is_list else 'text'} are no array")
        self.dtype = np.dtype(dtype)
        if self.is_list and self.width is None:
            self.width = self._first_length()
        wide = self.width if len(self.columns) == 1 else len(self.columns)
        self.shape = (sum(self.counts),) if wide is None else (sum(self.counts), wide)

    def _chosen(self, names: list[str], pattern: str) -> list[str]:
        """The columns that are asked for; a name that is there is no pattern."""
        found = [pattern] if pattern in names else [name for name in names if fnmatch.fnmatchcase(name, pattern or "*")]
        if not found or (not pattern and len(found) > 1):
            asked = f"no column {pattern!r}" if pattern else "several columns"
            rest = f"write {self.path}{MEMBER}COLUMN, * matches any text; there are {', '.join(names)}"
            raise FormatError(f"{self.path}: {asked}; {rest}")
        times = collections.Counter(names)
        if twice := [name for name in found if times[name] > 1]:
            raise FormatError(f"{self.name}: {times[twice[0]]} columns are called {twice[0]!r}; give them other names")
        return found

    def _kind(self, field: Any) -> tuple[str, int | None]:
        """The dtype of a column, and the length of its lists, None if the type does not say it."""
        types, width, kind = pyarrow("pyarrow.types"), None, field.type
        if types.is_fixed_size_list(kind):
            self.is_list, width, kind = True, int(kind.list_size), kind.value_type
        elif types.is_list(kind) or types.is_large_list(kind):
            self.is_list, kind = True, kind.value_type
        elif types.is_dictionary(kind):
            self.leads_elsewhere, kind = True, kind.value_type
        if str(kind) not in self.types or (self.is_list and str(kind) in TEXTS):
            raise self._unfit(field.name, field.type)
        self.leads_elsewhere |= self.is_list or str(kind) in TEXTS
        return self.types[str(kind)], width

    def _unfit(self, column: str, found: Any) -> FormatError:
        allowed = "numbers, truth values, or lists of them that have one length"
        return FormatError(f"{self.name}: column {column!r} holds {found}; it may hold {allowed}")

    def _first_length(self) -> int:
        """The length of the first lists, which all others must have."""
        (name,) = self.columns
        with readable(self.name):
            for _, batch in self.batches(0, FIRST):
                column = batch.column(name)
                lengths = set(column.drop_null().value_lengths().to_pylist())
                if len(lengths) > 1:
                    raise self._unfit(name, f"{column.type} of several lengths")
                if lengths:
                    return int(lengths.pop())
        return 0

    @abstractmethod
    def described(self) -> tuple[Any, list[int]]:
        """The schema, and the rows of each part that is read as a whole."""

    @abstractmethod
    def batches(self, start: int, rows: int) -> Iterator[tuple[int, Any]]:
        """Record batches of the columns, from the one that holds row `start` on, each with its first row."""

    @contextlib.contextmanager
    def opened(self) -> Iterator[Any]:
        """The file as pyarrow reads it: from a handle, as not every name of a file is text to it."""
        handle = pyarrow().OSFile(os.fsencode(self.path), "rb")
        with handle:
            yield handle

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
        texts, missing = [], np.zeros(stop - start, bool)
        with readable(self.table.name):
            at = start
            while at < stop:
                batch = self._holding(at)
                end = min(stop, self.begin + batch.num_rows)
                part = batch.slice(at - self.begin, end - at)
                if self.table.dtype.kind == "U":
                    texts.append(self._text(part, at))
                else:
                    inner = slice(at - start, end - start)
                    self._copy(part, at, self.buffer[inner], missing[inner])
                at = end
        self.missing = missing if missing.any() else None
        if texts:
            return np.concatenate(texts)
        return self.buffer[: stop - start]

    def _holding(self, row: int) -> Any:
        """The batch with this row: this one, the next, or after a jump a later one."""
        if self.batch is None or row != self.begin + self.batch.num_rows:
            if self.batch is not None and self.begin <= row < self.begin + self.batch.num_rows:
                return self.batch
            self.coming = self.table.batches(row, len(self.buffer))
        while True:
            self.batch = None  # before the next is read
            found = next(self.coming, None)
            if found is None:
                break
            self.begin, self.batch = found
            del found
            if row < self.begin + self.batch.num_rows:
                return self.batch
        raise FormatError(f"{self.table.name}: the file ends before row {row}")

    def _text(self, part: Any, row: int) -> Array:
        array = decoded(part.column(self.table.columns[0]))
        if array.null_count:
            raise self._empty(array.null_count, self.table.columns[0], row, part.num_rows)
        return np.asarray(array.to_numpy(zero_copy_only=False), str)

    def _copy(self, part: Any, row: int, into: Array, missing: Array) -> None:
        for k, name in enumerate(self.table.columns):
            array, column = decoded(part.column(name)), into if len(self.table.columns) == 1 else into[:, k]
            values = self._values(array, name, row)
            empty = array.null_count or values.null_count
            if empty and not self.omits:
                raise self._empty(empty, name, row, part.num_rows)
            if not empty:
                column[...] = values.to_numpy(zero_copy_only=False).reshape(column.shape)
                continue
            there = np.asarray(array.is_valid().to_numpy(zero_copy_only=False))
            gone = ~values.is_valid().to_numpy(zero_copy_only=False).reshape(there.sum(), -1).all(axis=1)
            filler = {"f": np.nan, "b": False}.get(column.dtype.kind, 0)
            column[...] = filler
            filled = values.fill_null(filler).to_numpy(zero_copy_only=False)
            column[there] = filled.reshape(column[there].shape)
            missing |= ~there
            missing[np.flatnonzero(there)[gone]] = True

    def _values(self, array: Any, name: str, row: int) -> Any:
        """The numbers of a column without rows that are empty, those of lists one after the other."""
        there = array.drop_null() if array.null_count else array
        if not self.table.is_list:
            return there
        lengths = there.value_lengths().to_numpy(zero_copy_only=False)
        if (lengths != self.table.width).any():
            place = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
            bad = row + int(place[np.argmax(lengths != self.table.width)])
            raise FormatError(
                f"{self.table.name}: column {name!r} has a list of {int(lengths[lengths != self.table.width][0])} in "
                f"row {bad}, and of {self.table.width} before; lists of several lengths are no array"
            )
        return there.flatten()

    def _empty(self, count: int, name: str, row: int, rows: int) -> FormatError:
        return FormatError(
            f"{self.table.name}: column {name!r} has {count} empty cells among the rows {row} to {row + rows - 1}; "
            "fill them first, or leave their rows out with nan='omit'"
        )

    def close(self) -> None:
        close = getattr(self.coming, "close", None)
        if close is not None:
            close()
