"""Losses of single rows as one Parquet file, with the keys of the rows: put together from a .npy file of each loss."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..common.extras import optional
from ..common.files import atomic_write, check_writable
from ..data.source import Array, Source

SUFFIXES = (".parquet", ".pq")
# Rows of a group in the file.
ROWS = 1 << 16


def folder_for(path: str | os.PathLike[str] | None, others: Sequence[str] = ()) -> Path | None:
    """Where the files of each loss are meanwhile, if the path is one of a Parquet file, or ends like others; None if it
    is a folder."""
    suffix = None if path is None else Path(os.fsdecode(path)).suffix.lower()
    if path is None or suffix not in (*SUFFIXES, *others):
        return None
    if suffix in SUFFIXES:
        optional("pyarrow.parquet", "io", "writing a Parquet file")
    check_writable(path)
    found = Path(os.fsdecode(path))
    return found.with_name(f".{found.name}.rows")


@contextlib.contextmanager
def removed_if_empty(folder: Path | None) -> Iterator[None]:
    """Leave nothing of a folder behind where an error has left nothing in it."""
    try:
        yield
    except BaseException:
        if folder is not None:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def written(
    path: str | os.PathLike[str], folder: Path, files: Sequence[str], labels: Sequence[str], keys: dict[str, Source]
) -> None:
    """Write the file and remove the folder: the number of each row, its keys, and a column for each loss."""
    write_parquet(path, _blocks([np.load(file, mmap_mode="r") for file in files], labels, keys))
    shutil.rmtree(folder)


def _blocks(losses: Sequence[Array], labels: Sequence[str], keys: dict[str, Source]) -> Iterator[dict[str, Any]]:
    for start, stop, columns in blocks_of_keys(len(losses[0]), keys):
        yield columns | {label: np.array(loss[start:stop]) for label, loss in zip(labels, losses, strict=True)}


def write_parquet(path: str | os.PathLike[str], blocks: Iterator[dict[str, Any]]) -> None:
    """Write a file of blocks of columns."""
    parquet, arrow = (optional(name, "io", "writing a Parquet file") for name in ("pyarrow.parquet", "pyarrow"))
    with atomic_write(path) as file:
        writer = None
        for columns in blocks:
            batch = arrow.table(columns)
            writer = writer or parquet.ParquetWriter(file, batch.schema)
            writer.write_table(batch)
        if writer is not None:
            writer.close()


def blocks_of_keys(rows: int, keys: dict[str, Source]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """The number of each row and its keys, in columns: of some rows at a time, with the first and the last."""
    readers = {name: source.reader(ROWS) for name, source in keys.items()}
    try:
        for start in range(0, max(rows, 1), ROWS):
            stop = min(start + ROWS, rows)
            columns: dict[str, Any] = {"row": np.arange(start, stop)}
            for name, reader in readers.items():
                found = np.array(reader.read(start, stop))
                reader.check()
                if found.dtype.kind == "S":
                    found = np.char.decode(found, "utf-8")
                parts: list[Any] = [found] if found.ndim == 1 else list(found.T)
                names = [name] if len(parts) == 1 else [f"{name} {k}" for k in range(len(parts))]
                parts = [part.tolist() if part.dtype.kind == "U" else part for part in parts]
                columns |= dict(zip(names, parts, strict=True))
            yield start, stop, columns
    finally:
        for reader in readers.values():
            reader.close()
