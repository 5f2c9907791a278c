"""A reader of .npy files that trusts nothing in them.

The header is read by a grammar, never evaluated; dtypes are on a list; the size that the header declares is
compared with the size of the file before anything is allocated. A file that shrinks while it is read raises
FormatError, also where it is mapped (npy_source.py), which kills a process that does not expect it.
"""

from __future__ import annotations

import math
import os
import re
import stat
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NoReturn

import numpy as np

from ..common.halves import BFLOAT16
from ..errors import FormatError
from .names import MEMBER
from .source import Array

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 64 * 1024
MOST_AXES = 32
MOST_ELEMENTS = 2**59
DTYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
# Two bytes without a name, as NumPy writes what ml_dtypes calls bfloat16; and with it, as it writes numloss.bfloat16.
UNNAMED = "V2"
# Of keys: so many characters.
TEXT = re.compile(r"[US][1-9]\d*")
LAST_CHARACTER = 0x10FFFF

_ENTRY = re.compile(
    rb"""\s*'(?:(?P<descr>descr)'\s*:\s*(?:'(?P<order>[<>|])(?P<kind>[a-zA-Z]\d{0,4})'
                                        |\[\('bfloat16',\ '(?P<named>[<>])u2'\)\])
          |(?P<fortran>fortran_order)'\s*:\s*(?P<truth>True|False)
          |(?P<shape>shape)'\s*:\s*\((?P<axes>[\dL,\ ]*)\)
        )\s*(?P<comma>,?)""",
    re.VERBOSE,
)
# NumPy of Python 2 wrote 3L where integers were short, as on Windows
_AXES = re.compile(rb"( *\d{1,19}L? *,)*( *\d{1,19}L? *)?")


@dataclass(frozen=True)
class Header:
    """What a .npy file says about its array."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes of the array, in integers that cannot overflow."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def row_bytes(self) -> int:
        """Bytes of one entry of the first axis."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize


def _refuse(source: str, offset: int, problem: str) -> NoReturn:
    raise FormatError(f"{source}: not a .npy file that numloss reads: {problem} (at byte {offset})")


def read_header(file: BinaryIO, source: str, text: bool = False, bfloat16: bool = False) -> Header:
    """Read the header at the start of a stream; `source` names the file in messages. With `text` it may hold text;
    with `bfloat16` two bytes without a name are numbers of that kind, and nothing else is read."""
    start = file.read(8)
    if len(start) < 8 or start[:6] != MAGIC:
        _refuse(source, 0, "it does not start with \\x93NUMPY and a version")
    major, minor = start[6], start[7]
    if major not in (1, 2, 3) or minor != 0:
        _refuse(source, 6, f"version {major}.{minor}; there are 1.0, 2.0 and 3.0")
    width = 2 if major == 1 else 4
    field = file.read(width)
    if len(field) < width:
        _refuse(source, 8, "it ends within the length of the header")
    (length,) = struct.unpack("<H" if major == 1 else "<I", field)
    if length > LONGEST_HEADER:
        _refuse(source, 8, f"a header of {length} bytes; at most {LONGEST_HEADER} are read")
    content = file.read(length)
    if len(content) < length:
        _refuse(source, 8 + width + len(content), f"it ends within the header, which should have {length} bytes")
    return _parse(content, source, 8 + width, text, bfloat16)


def _parse(content: bytes, source: str, start: int, text: bool, bfloat16: bool) -> Header:
    """The header that begins at byte `start` of the file."""
    body = content.rstrip(b" \n")
    if not (body.startswith(b"{") and body.endswith(b"}")):
        _refuse(source, start, "the header is not a dictionary in braces")
    found: dict[str, re.Match[bytes]] = {}
    at, end, comma = 1, len(body) - 1, b","
    while body[at:end].strip():
        entry = _ENTRY.match(body, at, end)
        if entry is None or not comma:
            _refuse(source, start + at, "an entry that is not descr, fortran_order or shape as NumPy writes them")
        name = str(entry["descr"] or entry["fortran"] or entry["shape"], "ascii")
        if name in found:
            _refuse(source, start + at, f"{name} appears twice")
        found[name], at, comma = entry, entry.end(), entry["comma"]
    missing = {"descr", "fortran_order", "shape"} - set(found)
    if missing:
        _refuse(source, start, f"the header lacks {', '.join(sorted(missing))}")
    return Header(
        _dtype(found["descr"], source, start, text, bfloat16),
        _shape(found["shape"], source, start),
        found["fortran_order"]["truth"] == b"True",
        start + len(content),
    )


def _dtype(entry: re.Match[bytes], source: str, start: int, text: bool, bfloat16: bool) -> np.dtype[Any]:
    if entry["named"]:
        # the dtype itself is found quicker than one like it
        found = BFLOAT16.newbyteorder(entry["named"].decode())  # type: ignore[arg-type]
        return BFLOAT16 if found.isnative else found
    order, kind = entry["order"].decode(), entry["kind"].decode()
    if kind == UNNAMED and bfloat16:
        return BFLOAT16
    if kind == UNNAMED:
        hint = f"if they are bfloat16, write {source}{MEMBER}bfloat16"
        _refuse(source, start + entry.start("order"), f"dtype {order}{kind}, two bytes without a name; {hint}")
    if bfloat16:
        _refuse(source, start + entry.start("order"), f"dtype {order}{kind}, and not bfloat16")
    if text and TEXT.fullmatch(kind):
        return np.dtype(order + kind)
    # of a single byte there is no order, and some writers say one all the same
    if kind not in DTYPES or (order == "|" and not kind.endswith("1")):
        _refuse(source, start + entry.start("order"), f"dtype {order}{kind}; it may be one of {', '.join(DTYPES)}")
    return np.dtype(order + kind)


def _shape(entry: re.Match[bytes], source: str, start: int) -> tuple[int, ...]:
    text = entry["axes"]
    axes = tuple(int(axis.strip(b" L")) for axis in text.split(b",") if axis.strip()) if _AXES.fullmatch(text) else None
    # one axis is written "(3,)": without its comma it would be a number in parentheses
    if axes is None or (len(axes) == 1 and b"," not in text) or len(axes) > MOST_AXES:
        _refuse(source, start + entry.start("axes"), f"a shape that is not a tuple of at most {MOST_AXES} sizes")
    # an axis of 0 makes the array empty, but NumPy still multiplies the others
    if math.prod(max(axis, 1) for axis in axes) > MOST_ELEMENTS:
        _refuse(source, start + entry.start("axes"), "a shape that no memory holds")
    return axes


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading; anything else that has a path, such as a pipe or a device, raises FormatError."""
    # without O_NONBLOCK, opening a named pipe would wait for a writer
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FormatError(f"{path}: not a regular file")
    return open(handle, "rb", buffering=0)


def status_of(found: os.stat_result) -> tuple[int, int, int, int]:
    """What tells a file from another, or from what it was."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def check_text(part: Array, source: str) -> None:
    """Numbers that are no characters are not text, whatever a file calls them."""
    if part.dtype.kind == "U" and part.size:
        numbers = np.ascontiguousarray(part).reshape(-1).view(part.dtype.str[0] + "u4")
        if numbers.max() > LAST_CHARACTER:
            raise FormatError(f"{source}: it holds {numbers.max()} in place of a character")


class NpyFile:
    """An open .npy file whose rows are the entries of the first axis.

    Raises FormatError, with the file and the byte, for anything that is not exactly one array of a real dtype in
    C order. Only regular files are opened: a pipe or a device has no size to check.
    `begin` and `size` say where it stands in a file that holds more than it, such as an archive.
    """

    def __init__(
        self, path: str | os.PathLike[str], begin: int = 0, size: int | None = None, source: str | None = None,
        text: bool = False, bfloat16: bool = False,
    ) -> None:  # fmt: skip
        self.path, self.begin = Path(path), begin
        self.source = source or str(path)
        self._file = open_regular(path)
        try:
            self._status = status_of(os.fstat(self._file.fileno()))
            self._file.seek(begin)
            self.header = self._header(text, bfloat16)
            self._check(os.fstat(self._file.fileno()).st_size if size is None else size)
        except BaseException:
            self._file.close()
            raise
        self.rows, self.row_bytes = self.header.shape[0], self.header.row_bytes
        self.truths, self._handle = self.header.dtype == np.bool_, self._file.fileno()

    def _header(self, text: bool, bfloat16: bool) -> Header:
        """What the file says about the array, of which it stands at the beginning."""
        return read_header(self._file, self.source, text, bfloat16)

    def flatten(self) -> None:
        """Read the first two axes as one from now on."""
        first, second, *rest = self.header.shape
        self.header = replace(self.header, shape=(first * second, *rest))
        self.rows, self.row_bytes = self.header.shape[0], self.header.row_bytes

    def _check(self, size: int) -> None:
        header = self.header
        if not header.shape:
            raise FormatError(f"{self.source}: a single number, without a first axis to read along")
        if header.fortran_order and len(header.shape) > 1:
            raise FormatError(
                f"{self.source}: in Fortran order, where rows do not lie together; "
                "save it again with numpy.ascontiguousarray"
            )
        expected = header.offset + header.nbytes
        if size != expected:
            raise FormatError(
                f"{self.source}: {size} bytes, but shape {header.shape} of {header.dtype} needs {expected} "
                f"(the data starts at byte {header.offset})"
            )

    def buffer(self, rows: int) -> Array:
        """An array that `read` can fill with so many rows."""
        return np.empty((rows, *self.header.shape[1:]), self.header.dtype)

    def read(self, start: int, into: Array) -> Array:
        """Fill the beginning of `into` with the rows from `start` on; returns the part that was filled.

        Reads at a position of its own, so that several threads may read from one open file.
        """
        part = into[: max(0, min(len(into), self.rows - start))]
        self.fill(start, part, part.reshape(-1).view(np.uint8).data)
        return part

    def fill(self, start: int, part: Array, view: memoryview) -> None:
        """Fill an array with the rows from `start` on; `view` are its bytes."""
        size, done = part.nbytes, 0
        at = self.begin + self.header.offset + start * self.row_bytes
        while done < size:
            got = os.preadv(self._handle, [view[done:] if done else view], at + done)
            if not got:
                self.lacks(at + done)
            done += got
        if self.truths and size and part.view(np.uint8).max() > 1:
            row = start + int(np.argmax(part.view(np.uint8).reshape(len(part), -1).max(axis=1) > 1))
            raise FormatError(f"{self.source}: row {row} holds a byte that is neither False (0) nor True (1)")
        check_text(part, self.source)

    @property
    def data(self) -> tuple[int, int, int]:
        """The open file, and where in it the first row begins and the last one ends."""
        begin = self.begin + self.header.offset
        return self._handle, begin, begin + self.header.nbytes

    def fresh(self) -> bool:
        """Whether the file that was opened stands there still, as it was."""
        try:
            return status_of(os.stat(self.path)) == self._status
        except OSError:
            return False

    def lacks(self, byte: int) -> NoReturn:
        """Raise for a file without a byte that it had when it was opened."""
        row = max(0, byte - self.data[1]) // max(1, self.row_bytes)
        shrank = f"the file shrank while it was read: nothing at byte {byte}, in row {row}"
        raise FormatError(f"{self.source}: {shrank}")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> NpyFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def load_npy(path: str | os.PathLike[str]) -> Array:
    """The whole array of a .npy file."""
    with NpyFile(path) as file:
        return file.read(0, file.buffer(file.rows))
