"""A reader of .npz archives with a limit on what they may unpack to."""

from __future__ import annotations

import contextlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from ..errors import FormatError
from .names import MEMBER
from .npy import check_text, open_regular, read_header
from .npy_source import NpySource
from .source import KEY_KINDS, REAL_KINDS, Array, SlicedSource, Source

MOST_BYTES = 4 << 30
# What the zipfile module raises for damaged archives: some damage makes it seek to places that do not exist.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error)
LOCAL_HEADER = 30
# Bytes that are unpacked at a time.
PIECE = 1 << 20
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def load_npz(path: str | os.PathLike[str], max_bytes: int = MOST_BYTES) -> dict[str, Array]:
    """The arrays of an archive by name.

    What the members declare to unpack to is added up and held against `max_bytes` before anything is unpacked;
    a member that unpacks to another size than it declares, or than its array needs, raises FormatError.
    """
    archive = Archive(path, max_bytes)
    archive.check(archive.members.values())
    return {name: archive[name] for name in archive}


class Archive(Mapping[str, Array]):
    """The arrays of an archive by name, each unpacked when it is asked for; the others may be anything."""

    def __init__(self, path: str | os.PathLike[str], max_bytes: int = MOST_BYTES) -> None:
        self.path, self.left = path, max_bytes
        with _opened(path) as archive:
            self.members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            if len(self.members) < len(archive.infolist()):
                raise FormatError(f"{path}: two members have the same name")

    def __getitem__(self, name: str) -> Array:
        return self.unpacked(name)

    def unpacked(self, name: str, text: bool = False) -> Array:
        """The array of a name; with `text` it may hold text."""
        member = self.members[name]
        self.check([member])
        self.left -= member.file_size
        with _opened(self.path) as archive:
            return _array(archive, member, str(self.path), text)

    def holds_numbers(self, name: str) -> bool:
        """Whether a member is an array of numbers; its header is read, and no more."""
        member = self.members[name]
        try:
            with _opened(self.path) as archive, archive.open(member) as file:
                read_header(file, name)  # type: ignore[arg-type]
        except FormatError:
            return False
        return member.filename.endswith(".npy")

    def __contains__(self, name: object) -> bool:
        return name in self.members  # without it being unpacked

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def check(self, members: Iterable[zipfile.ZipInfo]) -> None:
        """Refuse members that are no arrays, or that unpack to more than may still be unpacked."""
        for member in members:
            if not member.filename.endswith(".npy"):
                raise FormatError(f"{self.path}: {member.filename!r} is not an array; members are called NAME.npy")
            if member.compress_type not in PACKED or member.flag_bits & 1:
                packed = "is encrypted or packed by a method other than deflate"
                raise FormatError(f"{self.path}: {member.filename!r} {packed}")
        total = sum(member.file_size for member in members)
        if total > self.left:
            raise FormatError(f"{self.path}: unpacks to {total} bytes; the limit is {self.left}")


def npz_source(path: str | os.PathLike[str], name: str, max_bytes: int, text: bool = False) -> Source:
    """One array of an archive, by its name or the only one; with `text` it may hold text.

    A member that is stored, as numpy.savez does, is read in parts; one that is compressed is unpacked here, if it
    needs no more than `max_bytes`.
    """
    source, archive = str(path), Archive(path, max_bytes)
    if not name and len(archive) == 1:
        (name,) = archive
    if name not in archive:
        asked = f"no member {name!r}" if name else "several members"
        raise FormatError(f"{source}: {asked}; write {source}{MEMBER}NAME with one of {', '.join(sorted(archive))}")
    member, full = archive.members[name], f"{source}{MEMBER}{name}"
    if member.compress_type != zipfile.ZIP_STORED:
        return SlicedSource(archive.unpacked(name, text), full, KEY_KINDS if text else REAL_KINDS)
    archive.left = member.file_size  # nothing is unpacked
    archive.check([member])
    with _opened(path) as opened:
        return NpySource(path, _data_start(opened, member, full), member.file_size, full, text)


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


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str, text: bool) -> Array:
    name = f"{source}[{member.filename}]"
    with archive.open(member) as file:
        header = read_header(file, name, text)  # type: ignore[arg-type]
        expected = header.offset + header.nbytes
        if member.file_size != expected:
            raise FormatError(
                f"{name}: {member.file_size} bytes, but shape {header.shape} of {header.dtype} needs {expected}"
            )
        data = np.empty(header.nbytes, np.uint8)
        done = 0
        while done < header.nbytes:
            # a piece at a time: reading to the end unpacks all that is there, and that may be more than is declared
            piece = file.read(min(PIECE, header.nbytes - done))
            if not piece:
                raise FormatError(f"{name}: {done} bytes of data, but {header.nbytes} are declared")
            data[done : done + len(piece)] = np.frombuffer(piece, np.uint8)
            done += len(piece)
    found = data.view(header.dtype).reshape(header.shape, order="F" if header.fortran_order else "C")
    check_text(found, name)
    return found
