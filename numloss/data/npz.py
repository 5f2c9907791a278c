"""A reader of .npz archives with a limit on what they may unpack to."""

from __future__ import annotations

import contextlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import FormatError
from .npy import NpySource, open_regular, read_header
from .source import MEMBER, SlicedSource, Source

MOST_BYTES = 4 << 30
# What the zipfile module raises for damaged archives: some damage makes it seek to places that do not exist.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error)
LOCAL_HEADER = 30
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def load_npz(path: str | os.PathLike[str], max_bytes: int = MOST_BYTES) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of an archive by name.

    What the members declare to unpack to is added up and held against `max_bytes` before anything is unpacked;
    a member that unpacks to another size than it declares, or than its array needs, raises FormatError.
    """
    source = str(path)
    with _opened(path) as archive:
        members = archive.infolist()
        _check(source, members, max_bytes)
        return {member.filename[:-4]: _array(archive, member, source) for member in members}


def npz_source(path: str | os.PathLike[str], name: str, max_bytes: int) -> Source:
    """One array of an archive, by its name or the only one.

    A member that is stored, as numpy.savez does, is read in parts; one that is compressed is unpacked here, if it
    needs no more than `max_bytes`.
    """
    source = str(path)
    with _opened(path) as archive:
        named = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        if not name and len(named) == 1:
            (name,) = named
        if name not in named:
            asked = f"no member {name!r}" if name else "several members"
            raise FormatError(f"{source}: {asked}; write {source}{MEMBER}NAME with one of {', '.join(sorted(named))}")
        member, full = named[name], f"{source}{MEMBER}{name}"
        stored = member.compress_type == zipfile.ZIP_STORED
        _check(source, [member] if stored else archive.infolist(), member.file_size if stored else max_bytes)
        if stored:
            return NpySource(path, _data_start(archive, member, full), member.file_size, full)
        return SlicedSource(_array(archive, member, source), full)


def _data_start(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str) -> int:
    """The byte of the archive at which a stored member begins: behind its local header, whose length varies."""
    assert archive.fp is not None
    archive.fp.seek(member.header_offset)
    local = archive.fp.read(LOCAL_HEADER)
    if len(local) < LOCAL_HEADER or local[:4] != b"PK\3\4" or member.compress_size != member.file_size:
        raise FormatError(f"{source}: the archive is damaged at byte {member.header_offset}")
    lengths: tuple[int, int] = struct.unpack("<HH", local[26:])
    return member.header_offset + LOCAL_HEADER + sum(lengths)


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """The archive; whatever the zipfile module raises for a damaged one becomes FormatError."""
    with open_regular(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                yield archive
        except FormatError:
            raise
        except DAMAGE as error:
            raise FormatError(f"{path}: not an archive that can be read: {error}") from error


def _check(source: str, members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise FormatError(f"{source}: two members have the same name")
    for member in members:
        if not member.filename.endswith(".npy"):
            raise FormatError(f"{source}: {member.filename!r} is not an array; members are called NAME.npy")
        if member.compress_type not in PACKED or member.flag_bits & 1:
            raise FormatError(f"{source}: {member.filename!r} is encrypted or packed by a method other than deflate")
    total = sum(member.file_size for member in members)
    if total > max_bytes:
        raise FormatError(f"{source}: unpacks to {total} bytes; the limit is {max_bytes}")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str) -> np.ndarray[Any, Any]:
    name = f"{source}[{member.filename}]"
    with archive.open(member) as file:
        header = read_header(file, name)  # type: ignore[arg-type]
        expected = header.offset + header.nbytes
        if member.file_size != expected:
            raise FormatError(
                f"{name}: {member.file_size} bytes, but shape {header.shape} of {header.dtype} needs {expected}"
            )
        data = file.read()
    if len(data) != header.nbytes:
        raise FormatError(f"{name}: {len(data)} bytes of data, but {header.nbytes} are declared")
    return np.ndarray(header.shape, header.dtype, data, order="F" if header.fortran_order else "C")
