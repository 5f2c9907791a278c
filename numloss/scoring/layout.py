"""Tokens as rows, however they are given: one after the other, as sequences of one length, or as a list of documents.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.opening import source_of
from ..data.source import Array, Reader, Shards, Source
from ..errors import FormatError


class Layout:
    """How many tokens each sequence has, once an array with two axes of tokens, or a list, has said so."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.lengths: tuple[int, ...] | None = None
        self.said_by = ""

    def rows(self, given: Any, name: str, axes: int, keys: bool = False) -> Source:
        """The source of what is given, a row a token; `axes` are those of a token. What has one axis more than these
        and that of tokens holds sequences; numbers of tokens do only if scores do."""
        if is_list(given, axes, not keys):
            parts = [source_of(each, f"{name}[{k}]", self.memory, keys) for k, each in enumerate(given)]
            self._says(name, [part.rows for part in parts])
            return Shards(parts, name)
        found = source_of(given, name, self.memory, keys)
        if len(found.shape) != axes + 2 or (axes == 0 and self.lengths is None):
            return found
        self._says(found.name, [found.shape[1]] * found.rows)
        return found.flat()

    def keys(self, given: Any, name: str) -> Source:
        """Keys of tokens, or of sequences, which are then those of all of their tokens."""
        if is_list(given, 0, paths=False):
            return self.rows(given, name, 0, keys=True)
        found = source_of(given, name, self.memory, keys=True)
        if self.lengths is None or found.rows != len(self.lengths) or found.rows == sum(self.lengths):
            return found
        if len(found.shape) > 1 and found.shape[1] == self.lengths[0] and len(set(self.lengths)) == 1:
            return found.flat()
        return Repeated(found, self.lengths)

    def documents(self, given: Any) -> Source | None:
        """The document of each token: as it is given, otherwise the number of its sequence, if there are any."""
        if given is not None:
            return self.keys(given, "documents")
        if self.lengths is None:
            return None
        return Repeated(source_of(np.arange(len(self.lengths)), "documents", self.memory), self.lengths)

    def _says(self, name: str, lengths: Sequence[int]) -> None:
        if self.lengths is None:
            self.lengths, self.said_by = tuple(lengths), name
        elif self.lengths != tuple(lengths):
            where = f"{self.said_by} has {len(self.lengths)} sequences, but {name} has {len(lengths)}"
            if len(lengths) == len(self.lengths):
                k = next(k for k, (a, b) in enumerate(zip(self.lengths, lengths, strict=True)) if a != b)
                where = f"sequence {k} has {self.lengths[k]} tokens in {self.said_by}, but {lengths[k]} in {name}"
            raise FormatError(where)


def is_list(given: Any, axes: int, paths: bool) -> bool:
    """Whether a source for each document is given, a path or an array, not numbers of so many axes beside that."""
    if not isinstance(given, list | tuple) or not given:
        return False
    return all((paths and isinstance(each, str | os.PathLike)) or np.ndim(each) > axes for each in given)


class Repeated(Source, Reader):
    """Entries of sequences, each as often as its sequence has tokens."""

    def __init__(self, entries: Source, lengths: Sequence[int]) -> None:
        self.entries, self.lengths, self.name = entries, lengths, entries.name
        self.ends = np.array(list(itertools.accumulate(lengths)), np.int64)
        self.shape, self.dtype = (sum(lengths), *entries.shape[1:]), entries.dtype
        self.portable = True
        reader = entries.reader(entries.rows)
        try:
            self.values: Array = np.array(reader.read(0, entries.rows))
            reader.check()
        finally:
            reader.close()

    def place(self, row: int) -> tuple[str, int]:
        return self.entries.place(int(np.searchsorted(self.ends, row, "right")))

    def stamp(self) -> list[Any]:
        return [*super().stamp(), self.entries.stamp(), list(self.lengths)]

    def reader(self, rows: int) -> Reader:
        return self

    def read(self, start: int, stop: int) -> Array:
        return np.asarray(self.values[np.searchsorted(self.ends, np.arange(start, stop), "right")])

    def fresh(self) -> bool:
        return True
