"""A reader of IDX files, the format of MNIST and of Fashion-MNIST, packed with gzip or not."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np

from ..errors import FormatError
from .npy import open_regular

Array = np.ndarray[Any, Any]

MOST_BYTES = 4 << 30
# Deflate packs at most 1032 bytes into one; what claims to unpack to more is a lie.
MOST_PACKED = 1040
MOST_AXES = 8
DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
# What the gzip module raises for damaged files.
DAMAGE = (gzip.BadGzipFile, zlib.error, EOFError)


def load_idx(path: str | os.PathLike[str], max_bytes: int = MOST_BYTES) -> Array:
    """The array of an IDX file, in the byte order of this machine.

    The size that the header declares is held against `max_bytes` and against the size of the file before memory is
    taken; a file that holds less or more than it declares raises FormatError.
    """
    source = str(path)
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        packed = file.read(2) == GZIP
        file.seek(0)
        if not packed:
            return _read(file, source, size, max_bytes, exact=True)
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _read(cast(BinaryIO, unpacked), source, size * MOST_PACKED, max_bytes, exact=False)
        except DAMAGE as error:
            raise FormatError(f"{source}: not a gzip file that can be read: {error}") from error


def _read(file: BinaryIO, source: str, size: int, max_bytes: int, exact: bool) -> Array:
    """Header and data; `size` is what the file holds, or the most that it can."""
    dtype, shape = _header(file, source)
    offset, nbytes = 4 + 4 * len(shape), math.prod(shape) * dtype.itemsize
    if nbytes > max_bytes:
        raise FormatError(f"{source}: shape {shape} of {dtype.newbyteorder('=')} needs {nbytes} bytes; "
                          f"the limit is {max_bytes}")  # fmt: skip
    if nbytes + offset > size or (exact and nbytes + offset != size):
        raise FormatError(f"{source}: shape {shape} of {dtype.newbyteorder('=')} needs {nbytes + offset} bytes; "
                          f"the file has {'' if exact else 'at most '}{size}")  # fmt: skip
    data = np.empty(shape, dtype)
    view, done = data.reshape(-1).view(np.uint8), 0
    while done < nbytes:
        got = file.readinto(view[done:].data)  # type: ignore[attr-defined]
        if not got:
            raise FormatError(f"{source}: ends at byte {offset + done}; shape {shape} needs {offset + nbytes} bytes")
        done += got
    if file.read(1):
        raise FormatError(f"{source}: goes on after the {offset + nbytes} bytes that shape {shape} needs")
    return data.astype(dtype.newbyteorder("="), copy=False)


def _header(file: BinaryIO, source: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        _refuse(source, 0, "it does not start with two zeros, a type and a number of axes")
    if magic[2] not in DTYPES:
        _refuse(source, 2, f"type 0x{magic[2]:02x}; it may be one of {', '.join(f'0x{code:02x}' for code in DTYPES)}")
    if not 1 <= magic[3] <= MOST_AXES:
        _refuse(source, 3, f"{magic[3]} axes; there may be 1 to {MOST_AXES}")
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        _refuse(source, 4 + len(sizes), "it ends within the sizes of its axes")
    return np.dtype(DTYPES[magic[2]]), struct.unpack(f">{magic[3]}I", sizes)


def _refuse(source: str, offset: int, problem: str) -> NoReturn:
    raise FormatError(f"{source}: not an IDX file that numloss reads: {problem} (at byte {offset})")


def find_idx(folder: str | os.PathLike[str], part: str, what: str, axes: int) -> Path | None:
    """The file of one part in a folder, under the names that MNIST's files go by, or None."""
    heads = (f"{part}-{what}-idx{axes}-ubyte", f"{part}-{what}.idx{axes}-ubyte")
    paths = [Path(folder) / f"{head}{tail}" for head in heads for tail in ("", ".gz")]
    return next((path for path in paths if path.exists()), None)
