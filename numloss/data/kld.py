"""The log-probabilities that llama.cpp saves of a model, as `llama-perplexity --kl-divergence-base` writes them.

A file begins with ``_logits_``, the length of a chunk, the number of classes and that of chunks, and the tokens of all
chunks, integers of 32 bits. Then there is a record for each token that the second half of a chunk predicts: a scale and
the least log-probability, of 32 bits, and an integer of 16 bits for each class, of an even number of them. The
log-probability of a class is the scale times its integer, and the least one.
"""

from __future__ import annotations

import struct
from typing import Any, NoReturn

import numpy as np

from ..errors import FormatError
from .names import MEMBER
from .npy import MOST_ELEMENTS, Header, NpyFile
from .source import Array, Reader, Source
from .stamps import file_stamp

MAGIC, START = b"_logits_", 20
LEAST_CHUNK = 3
MEMBERS = ("", "labels", "documents")


class KldFile(NpyFile):
    """An open file; its rows are records."""

    chunk = classes = chunks = 0

    def _refuse(self, problem: str) -> NoReturn:
        raise FormatError(f"{self.source}: not a file of log-probabilities of llama.cpp: {problem}")

    def _header(self, text: bool, bfloat16: bool) -> Header:
        start = self._file.read(START)
        if len(start) < START or start[: len(MAGIC)] != MAGIC:
            self._refuse("it does not start with _logits_ and three sizes")
        self.chunk, self.classes, self.chunks = struct.unpack("<3i", start[len(MAGIC) :])
        sizes = f"chunks of {self.chunk} tokens, {self.classes} classes, {self.chunks} chunks"
        if self.chunk < LEAST_CHUNK or self.classes < 1 or self.chunks < 0:
            self._refuse(sizes)
        if self.chunk * self.chunks * self.classes > MOST_ELEMENTS:
            self._refuse(f"{sizes}, which no memory holds")
        even = self.classes + self.classes % 2
        record = np.dtype([("scale", "<f4"), ("least", "<f4"), ("steps", "<u2", (even,))])
        return Header(record, (self.chunks * self.predicted,), False, START + 4 * self.chunk * self.chunks)

    @property
    def first(self) -> int:
        """The first token of a chunk whose next one is predicted."""
        return self.chunk // 2

    @property
    def predicted(self) -> int:
        """Tokens of a chunk that are predicted."""
        return self.chunk - 1 - self.first

    def labels(self) -> Array:
        """The tokens that are predicted."""
        self._file.seek(START)
        content = self._file.read(4 * self.chunk * self.chunks)
        if len(content) < 4 * self.chunk * self.chunks:
            self._refuse("it ends within its tokens")
        tokens = np.frombuffer(content, "<i4").reshape(self.chunks, self.chunk)
        return np.ascontiguousarray(tokens[:, self.first + 1 :]).reshape(-1)

    def documents(self) -> Array:
        """The chunk of each of them."""
        return np.repeat(np.arange(self.chunks, dtype=np.int32), self.predicted)


class KldSource(Source):
    """The log-probabilities, in float32; or ``::labels``, what is predicted, or ``::documents``, in which chunk."""

    def __init__(self, path: str, member: str) -> None:
        self.path, self.member = path, member
        self.name = f"{path}{MEMBER}{member}" if member else path
        if member not in MEMBERS:
            raise FormatError(f"{path}: there is no {member!r} in it; there are {', '.join(MEMBERS[1:])}")
        file = KldFile(path)
        file.close()
        self.header = file.header
        self.shape = (file.rows,) if member else (file.rows, file.classes)
        self.dtype = np.dtype(np.int32 if member else np.float32)

    @property
    def read_bytes(self) -> int:
        return self.row_bytes if self.member else self.header.row_bytes

    def stamp(self) -> list[Any]:
        return [*super().stamp(), *file_stamp(self.path)]

    def reader(self, rows: int) -> Reader:
        file = KldFile(self.path)
        if file.header != self.header:
            file.close()
            raise FormatError(f"{self.name}: the file was replaced while it was read")
        return KldReader(file, self, rows)


class KldReader(Reader):
    """An open file with a buffer of its own."""

    def __init__(self, file: KldFile, source: KldSource, rows: int) -> None:
        self.file, self.member, self.classes = file, source.member, file.classes
        self.whole: Array | None = None
        if self.member:
            self.whole = file.labels() if self.member == "labels" else file.documents()
            return
        self.records = file.buffer(min(rows, file.rows))
        self.values = np.empty((len(self.records), file.classes), np.float32)

    def read(self, start: int, stop: int) -> Array:
        if self.whole is not None:
            return self.whole[start:stop]
        records = self.file.read(start, self.records[: stop - start])
        values = self.values[: len(records)]
        np.multiply(records["steps"][:, : self.classes], records["scale"][:, None], out=values, dtype=np.float32)
        values += records["least"][:, None]
        return values

    def fresh(self) -> bool:
        return self.file.fresh()

    def close(self) -> None:
        self.file.close()
