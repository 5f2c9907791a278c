"""From what a user names, a path, a folder, a pattern, an array, to a source."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..common.halves import as_numpy
from ..errors import FormatError
from .names import MEMBER, existing, in_order, matches
from .source import KEY_KINDS, REAL_KINDS, Shards, SlicedSource, Source


def source_of(given: Any, name: str, most_bytes: int, keys: bool = False) -> Source:
    """The source behind a path, an array, or an object that slices; `name` is what messages call an array.

    A path may be a .npy, .npz, .safetensors, .parquet, .arrow, .feather, .csv, .tsv or .kld file, with ``::`` and the
    name of a member, or of columns, behind it, or ``::bfloat16`` where a .npy file does not say that its numbers are
    that; a folder or a pattern stands for its files, part-2 before part-10. A name that is there is never a pattern. At
    most `most_bytes` are unpacked from a compressed archive, which cannot be read in parts.
    With `keys` text is read too.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, str | bytes | os.PathLike):
        return _of_path(os.fsdecode(given), most_bytes, keys)
    kinds = KEY_KINDS if keys else REAL_KINDS
    try:
        # a table's column is sliced by its labels, not by its rows, where these are numbers
        sliceable = not hasattr(given, "iloc") and hasattr(given, "__getitem__")
        sliceable = sliceable and np.dtype(given.dtype).kind in kinds
    except (AttributeError, TypeError):
        sliceable = False
    array = given if sliceable else as_numpy(given)
    if keys and array.dtype.kind in "OT" and all(isinstance(key, str) for key in array.flat):
        array = array.astype(str)
    return SlicedSource(array, name, kinds)


def _of_path(text: str, most_bytes: int, keys: bool) -> Source:
    path, member = existing(text)
    if os.path.isdir(path):
        # as for a pattern, what is hidden is no shard: systems and copies that are under way leave such files
        names = [name for name in os.listdir(path) if _suffix(name) in READERS and not name.startswith(".")]
        found = [os.path.join(path, name) for name in in_order(names)]
        if not found:
            raise FormatError(f"{path}: a folder without files of {', '.join(READERS)}")
    elif os.path.lexists(path) or not (found := matches(path)):
        return _of_file(path, member, most_bytes, keys)
    return Shards([_of_file(file, member, most_bytes, keys) for file in found], text)


def _suffix(path: str) -> str:
    return Path(path).suffix.lower()


def _of_file(path: str, member: str, most_bytes: int, keys: bool) -> Source:
    os.stat(path)  # a file that is not there is told before a library that is not
    return (READERS.get(_suffix(path)) or _by_content(path))(path, member, most_bytes, keys)


def _by_content(path: str) -> Reading:
    """The reader of a file whose name does not tell what it is."""
    from .npy import open_regular

    with open_regular(path) as file:
        start = file.read(8)
    for magic, suffix in MAGIC.items():
        if start.startswith(magic):
            return READERS[suffix]
    raise FormatError(f"{path}: neither its name nor its first bytes are those of {', '.join(READERS)}")


def _npy(path: str, member: str, most_bytes: int, keys: bool) -> Source:
    from .npy_source import NpySource

    if member == "bfloat16":
        return NpySource(path, name=f"{path}{MEMBER}{member}", bfloat16=True)
    if member:
        raise FormatError(f"{path}: a .npy file holds one array, there is no {member!r} in it")
    return NpySource(path, text=keys)


def _safetensors(path: str, member: str, most_bytes: int, keys: bool) -> Source:
    from .safetensors import TensorSource

    return TensorSource(path, member)


def _npz(path: str, member: str, most_bytes: int, keys: bool) -> Source:
    from .npz import npz_source

    return npz_source(path, member, most_bytes, keys)


def _arrow(path: str, member: str, most_bytes: int, keys: bool) -> Source:
    from .arrow import ArrowSource

    return ArrowSource(path, member, keys)


def _parquet(path: str, member: str, most_bytes: int, keys: bool) -> Source:
    from .parquet import ParquetSource

    return ParquetSource(path, member, keys)


def _csv(path: str, member: str, most_bytes: int, keys: bool) -> Source:
    from .csv import CsvSource

    return CsvSource(path, member, keys)


def _kld(path: str, member: str, most_bytes: int, keys: bool) -> Source:
    from .kld import KldSource

    return KldSource(path, member)


Reading = Callable[[str, str, int, bool], Source]
READERS: dict[str, Reading] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".parquet": _parquet,
    ".pq": _parquet,
    ".arrow": _arrow,
    ".arrows": _arrow,
    ".feather": _arrow,
    ".csv": _csv,
    ".tsv": _csv,
    ".kld": _kld,
}
# How files begin: an Arrow stream does with a marker and the length of its schema.
MAGIC = {
    b"\x93NUMPY": ".npy",
    b"PK": ".npz",
    b"_logits_": ".kld",
    b"PAR1": ".parquet",
    b"ARROW1": ".arrow",
    b"\xff\xff\xff\xff": ".arrow",
}
