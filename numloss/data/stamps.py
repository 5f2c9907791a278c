"""What tells the content of a source from another, without all of it being read: of files and of samples."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

# Bytes that are read as a whole; of more, so many samples.
WHOLE = 16 << 20
SAMPLES = 256
# Bytes of one sample of a file, and at most of a source.
SAMPLE_BYTES = 4096
MOST_SAMPLED = 64 << 20


def file_stamp(path: str | os.PathLike[str]) -> list[Any]:
    """Size and times of a file, and a digest of samples of it, as tools that copy files keep the times."""
    status = os.stat(path)
    starts = range(0, status.st_size, max(SAMPLE_BYTES, status.st_size // SAMPLES))
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        for start in [*starts, max(0, status.st_size - SAMPLE_BYTES)]:
            digest.update(os.pread(file.fileno(), SAMPLE_BYTES, start))
    return [os.fspath(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, digest.hexdigest()]


def origin_stamps(given: Any) -> list[Any]:
    """The files behind an object that slices, as far as it tells: those of h5py and of zarr do."""
    return [[str(getattr(given, "name", "")), status_of(path)] for path in sorted(set(_origins(given)))]


def _origins(given: Any) -> Iterator[str]:
    for owner in (given, *(getattr(given, name, None) for name in ("file", "store"))):
        for name in ("filename", "root", "path"):
            path = getattr(owner, name, None)
            if isinstance(path, str | os.PathLike) and os.path.exists(path):
                yield os.path.abspath(os.fsdecode(path))


def status_of(path: str) -> list[Any]:
    """Sizes and times of a file, or of all files in a folder."""
    files = [Path(path)] if os.path.isfile(path) else sorted(each for each in Path(path).rglob("*") if each.is_file())
    stats = [(each, each.stat()) for each in files]
    text = repr([(str(each), status.st_size, status.st_mtime_ns) for each, status in stats])
    return [path, len(stats), hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()]


def samples_digest(read: Callable[[int, int], np.ndarray[Any, Any]], rows: int, row_bytes: int) -> str:
    """A digest of all rows, or of rows at equal distances where there are many."""
    digest = hashlib.sha256()
    if rows * row_bytes <= WHOLE:
        spans = [(0, rows)]
    else:
        count = max(2, min(SAMPLES, rows, MOST_SAMPLED // row_bytes))
        spans = [(int(row), int(row) + 1) for row in np.linspace(0, rows - 1, count)]
    for start, stop in spans:
        digest.update(np.ascontiguousarray(read(start, stop)).tobytes())
    return digest.hexdigest()
