"""From what a user names, a path, a folder, a pattern, an array, to a source."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FormatError
from .source import MEMBER, REAL_KINDS, Shards, SlicedSource, Source


def source_of(given: Any, name: str, most_bytes: int) -> Source:
    """The source behind a path, an array, or an object that slices; `name` is what messages call an array.

    A path may be a .npy, .npz, .parquet, .arrow or .feather file, with ``::`` and the name of a member, or of
    columns, behind it; a folder or a pattern stands for its files in sorted order. At most `most_bytes` are
    unpacked from a compressed archive, which cannot be read in parts.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, str | os.PathLike):
        return _of_path(os.fspath(given), most_bytes)
    try:
        sliceable = hasattr(given, "__getitem__") and np.dtype(given.dtype).kind in REAL_KINDS
    except (AttributeError, TypeError):
        sliceable = False
    return SlicedSource(given if sliceable else np.asarray(given), name)


def _of_path(text: str, most_bytes: int) -> Source:
    path, member = text, ""
    if not os.path.exists(text) and MEMBER in text:
        path, _, member = text.rpartition(MEMBER)
    if os.path.isdir(path):
        found = sorted(entry.path for entry in os.scandir(path) if Path(entry.name).suffix in READERS)
        if not found:
            raise FormatError(f"{path}: a folder without files of {', '.join(READERS)}")
    elif not os.path.exists(path) and glob.has_magic(path):
        found = sorted(glob.glob(path))
        if not found:
            raise FileNotFoundError(f"no file matches {path}")
    else:
        return _of_file(path, member, most_bytes)
    return Shards([_of_file(file, member, most_bytes) for file in found], text)


def _of_file(path: str, member: str, most_bytes: int) -> Source:
    return READERS.get(Path(path).suffix, _npy)(path, member, most_bytes)


def _npy(path: str, member: str, most_bytes: int) -> Source:
    from .npy import NpySource

    if member:
        raise FormatError(f"{path}: a .npy file holds one array, there is no {member!r} in it")
    return NpySource(path)


def _npz(path: str, member: str, most_bytes: int) -> Source:
    from .npz import npz_source

    return npz_source(path, member, most_bytes)


def _arrow(path: str, member: str, most_bytes: int) -> Source:
    from .arrow import ArrowSource

    return ArrowSource(path, member)


def _parquet(path: str, member: str, most_bytes: int) -> Source:
    from .parquet import ParquetSource

    return ParquetSource(path, member)


READERS = {
    ".npy": _npy,
    ".npz": _npz,
    ".arrow": _arrow,
    ".feather": _arrow,
    ".parquet": _parquet,
}
