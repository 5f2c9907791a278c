"""Arrow IPC files, which are also Feather files, and Arrow streams: record batches, compressed or not.

pyarrow has no way to ask for the rows of a batch without reading all of it, so that the frames around batches are read
here: https://arrow.apache.org/docs/format/Columnar.html, and the tables of FlatBuffers in which they are written.
"""

from __future__ import annotations

import io
import itertools
import os
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from .columns import TableSource, pyarrow

MAGIC = b"ARROW1"
# What stands before each message, since version 0.15 of the format.
CONTINUES = 0xFFFFFFFF
# Kinds of messages, and fields of tables by their numbers.
BATCH = 3
FOOTER_BATCHES, HEADER_TYPE, HEADER, BODY_LENGTH, BATCH_LENGTH = 3, 1, 2, 3, 0
# What raises here becomes FormatError in `described`. Bytes of a footer or of what describes a message: more is a lie.
MOST_DESCRIBED = 256 << 20


class Message(NamedTuple):
    """Where a message begins and ends, its kind, and the rows of a record batch."""

    begin: int
    end: int
    kind: int
    rows: int


class ArrowSource(TableSource):
    """Columns of an Arrow IPC or Feather file, or of a stream. Read, never mapped; one batch at a time is in memory."""

    messages: list[Message]

    def described(self) -> tuple[Any, list[int]]:
        with open(self.path, "rb", buffering=0) as file:
            self.is_stream = file.read(len(MAGIC)) != MAGIC
            found = list(stream_messages(file) if self.is_stream else file_messages(file))
        self.messages = [message for message in found if message.kind == BATCH]
        # in a stream, what stands before a batch belongs to it: the schema, dictionaries
        self.others = [message for message in found if message.kind != BATCH]
        with self.opened() as handle, self._reader(handle, []) as reader:
            return reader.schema, [message.rows for message in self.messages]

    def _reader(self, handle: Any, fields: list[int]) -> Any:
        ipc = pyarrow("pyarrow.ipc")
        options = ipc.IpcReadOptions(included_fields=fields, use_threads=False)
        return (ipc.open_stream if self.is_stream else ipc.open_file)(handle, options=options)

    @property
    def held(self) -> int:
        if not self.is_stream:
            return max(self.counts, default=0) * self.row_bytes
        # of a file only the columns that are wanted are read, of a stream all
        return max((message.end - message.begin for message in self.messages), default=0)

    def batches(self, start: int, rows: int) -> Iterator[tuple[int, Any]]:
        ends = list(itertools.accumulate(self.counts))
        wanted = [k for k, end in enumerate(ends) if start < end]
        if not wanted:
            return
        with self.opened() as handle, self._reader(handle, []) as reader:
            fields = [reader.schema.get_field_index(name) for name in self.columns]
        with self._from(self.messages[wanted[0]]) as handle, self._reader(handle, fields) as reader:
            for k in wanted:
                batch = reader.read_next_batch() if self.is_stream else reader.get_batch(k)
                batch.validate(full=self.leads_elsewhere)  # before anything is looked up where the file says
                if batch.num_rows != self.counts[k]:
                    raise ValueError(f"batch {k} has {batch.num_rows} rows, where {self.counts[k]} were told")
                yield ends[k] - self.counts[k], batch
                batch = None  # so that no two are in memory

    def _from(self, first: Message) -> Any:
        """The file, of a stream what is needed from a batch on."""
        if not self.is_stream:
            return self.opened()
        return pyarrow().PythonFile(Without(self.path, self.others, first), "r")


class Without(io.RawIOBase):
    """A stream without the batches before one of them."""

    def __init__(self, path: str | os.PathLike[str], others: list[Message], first: Message) -> None:
        self.file = open(path, "rb", buffering=0)
        self.pieces = [(each.begin, each.end) for each in others if each.end <= first.begin]
        self.pieces.append((first.begin, os.fstat(self.file.fileno()).st_size))

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while self.pieces:
            begin, end = self.pieces[0]
            part = os.pread(self.file.fileno(), min(len(into), end - begin), begin)
            if part:
                into[: len(part)] = part
                self.pieces[0] = begin + len(part), end
                return len(part)
            self.pieces.pop(0)
        return 0

    def close(self) -> None:
        self.file.close()
        super().close()


class Table:
    """A table of FlatBuffers: fields at places that a table of offsets says, 0 for those that have their default."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at
        self.offsets = at - self.number("<i", at)
        self.size = self.number("<H", self.offsets)

    def number(self, layout: str, at: int) -> int:
        """The number at a place."""
        if not 0 <= at <= len(self.data) - struct.calcsize(layout):
            raise ValueError("an offset leads out of what describes a message")
        return int(struct.unpack_from(layout, self.data, at)[0])

    def place(self, field: int) -> int:
        """Where a field stands, 0 if it does not."""
        entry = 4 + 2 * field
        offset = self.number("<H", self.offsets + entry) if entry < self.size else 0
        return self.at + offset if offset else 0

    def field(self, field: int, layout: str) -> int:
        """The number of a field."""
        return self.number(layout, place) if (place := self.place(field)) else 0

    def vector(self, field: int) -> tuple[int, int]:
        """Where the entries of a field begin, and how many there are."""
        place = self.place(field)
        if not place:
            return 0, 0
        place += self.number("<I", place)
        return place + 4, self.number("<I", place)


def root(data: bytes) -> Table:
    """The table in which the others are."""
    return Table(data, struct.unpack_from("<I", data)[0] if len(data) >= 4 else 0)


def file_messages(file: io.FileIO) -> Iterator[Message]:
    """The record batches of a file, which its end lists."""
    size = os.fstat(file.fileno()).st_size
    tail = os.pread(file.fileno(), 10, max(0, size - 10))
    if len(tail) < 10 or tail[4:] != MAGIC:
        raise ValueError("it does not end as an Arrow file does")
    (length,) = struct.unpack_from("<I", tail)
    if length > min(size - 10, MOST_DESCRIBED):
        raise ValueError(f"the list of its batches would have {length} bytes")
    footer = root(os.pread(file.fileno(), length, size - 10 - length))
    begin, count = footer.vector(FOOTER_BATCHES)
    for k in range(count):
        yield message_at(file, footer.number("<q", begin + 24 * k), size)


def stream_messages(file: io.FileIO) -> Iterator[Message]:
    """All messages of a stream, one after the other."""
    size, at = os.fstat(file.fileno()).st_size, 0
    while at < size:
        head = os.pread(file.fileno(), 8, at)
        if head in (b"\xff\xff\xff\xff\0\0\0\0", b"\0\0\0\0"):
            return
        message = message_at(file, at, size)
        yield message
        at = message.end


def message_at(file: io.FileIO, at: int, size: int) -> Message:
    """The message that begins at a byte of a file of a size."""
    head = os.pread(file.fileno(), 8, at) if 0 <= at < size else b""
    if len(head) < 8:
        raise ValueError(f"a message would begin at byte {at} of {size}")
    first, second = struct.unpack("<II", head)
    begin, length = (at + 8, second) if first == CONTINUES else (at + 4, first)
    if length > min(size - begin, MOST_DESCRIBED):
        raise ValueError(f"the message at byte {at} would be described by {length} bytes")
    table = root(os.pread(file.fileno(), length, begin))
    kind, body = table.field(HEADER_TYPE, "<B"), table.field(BODY_LENGTH, "<q")
    rows = 0
    if kind == BATCH and (place := table.place(HEADER)):
        rows = Table(table.data, place + table.number("<I", place)).field(BATCH_LENGTH, "<q")
    end = begin + length + body
    if rows < 0 or body < 0 or end > size:
        raise ValueError(f"the message at byte {at} has {rows} rows in {body} bytes; the file ends at {size}")
    return Message(at, end, kind, rows)
