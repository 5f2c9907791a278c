"""Rows of .npy files, read into a buffer or, better, where they lie: in windows of the mapped file.

Mapped are plain files of this machine, on Linux, where kernels/windows.pyx is built: elsewhere a mapped file that
shrinks would kill the process. What has to be looked at before it is used, truth values and text, is read, so that it
stays what was seen.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ..common.halves import is_half
from ..errors import FormatError
from .npy import NpyFile
from .source import Array, Reader, Source
from .stamps import file_stamp

try:
    from ._windows import Window
except ImportError:
    Window = None  # type: ignore[assignment,misc]

NUMBERS = "iuf"


class NpySource(Source):
    """A .npy file, or a member of an archive that is stored as it is; each reader opens and checks it again."""

    is_flat = False

    def __init__(
        self, path: str | os.PathLike[str], begin: int = 0, size: int | None = None, name: str | None = None,
        text: bool = False, bfloat16: bool = False,
    ) -> None:  # fmt: skip
        self.path, self.begin, self.size, self.name = Path(path), begin, size, name or str(path)
        self.text, self.bfloat16 = text, bfloat16
        with self.open() as file:
            self.header = file.header
        self.shape, self.dtype = self.header.shape, self.header.dtype

    def open(self) -> NpyFile:
        """The file, opened."""
        return NpyFile(self.path, self.begin, self.size, self.name, self.text, self.bfloat16)

    def flat(self) -> Source:
        found = copy.copy(self)
        found.is_flat = True
        with found.open() as file:
            file.flatten()
            found.header = file.header
        found.shape = found.header.shape
        return found

    def stamp(self) -> list[Any]:
        return [*super().stamp(), *file_stamp(self.path)]

    def reader(self, rows: int) -> Reader:
        file = self.open()
        if self.is_flat and len(file.header.shape) > 1:
            file.flatten()
        if file.header != self.header:
            file.close()
            raise FormatError(f"{self.name}: the file was replaced while it was read")
        return mapped(file) or NpyReader(file, rows)


class NpyReader(Reader):
    """An open .npy file with a buffer of its own."""

    def __init__(self, file: NpyFile, rows: int) -> None:
        self.file, self.buffer = file, file.buffer(min(rows, file.rows))
        self.bytes = self.buffer.reshape(-1).view(np.uint8).data

    def read(self, start: int, stop: int) -> Array:
        if stop - start < len(self.buffer):
            return self.file.read(start, self.buffer[: stop - start])
        self.file.fill(start, self.buffer, self.bytes)
        return self.buffer

    def fresh(self) -> bool:
        return self.file.fresh()

    def close(self) -> None:
        self.file.close()


class MappedReader(Reader):
    """An open .npy file and its mapping."""

    def __init__(self, file: NpyFile, mapping: Window) -> None:
        self.file, self.mapping = file, mapping
        self.rows: Array = np.frombuffer(memoryview(mapping), file.header.dtype).reshape(file.header.shape)

    def read(self, start: int, stop: int) -> Array:
        size = self.file.row_bytes
        self.mapping.feed(self.window)
        if not self.mapping.ready(start * size, stop * size):
            self._complain()
        return self.rows[start:stop]

    def stretch(self, start: int, stop: int) -> tuple[Array, int] | None:
        return self.rows[start:stop], self.mapping.feed(self.window)

    def fresh(self) -> bool:
        return self.file.fresh()

    def check(self) -> None:
        if not self.mapping.whole():
            self._complain()

    def _complain(self) -> NoReturn:
        """Raise for the byte that the file lacks."""
        handle, _, end = self.file.data
        size = os.fstat(handle).st_size
        if size < end:
            self.file.lacks(size)
        raise FormatError(f"{self.file.source}: the file changed while it was read, or cannot be read")

    def close(self) -> None:
        del self.rows, self.mapping
        self.file.close()


def mapped(file: NpyFile) -> MappedReader | None:
    """A reader of an open file that maps it, or None where it must be read."""
    handle, begin, end = file.data
    dtype = file.header.dtype
    if Window is None or not (dtype.kind in NUMBERS or is_half(dtype)) or begin % dtype.itemsize:
        return None
    try:
        return MappedReader(file, Window(handle, begin, end - begin))
    except OSError:
        return None
