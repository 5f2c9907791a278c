"""Parquet files: row groups, decoded in batches."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

from .columns import TableSource, pyarrow

# Bytes of a column that are read at a time.
BUFFER = 1 << 20


class ParquetSource(TableSource):
    """Columns of a Parquet file. Row groups are decoded in batches, so that large ones do not fill the memory."""

    def described(self) -> tuple[Any, list[int]]:
        with self._file() as file:
            groups = file.metadata.num_row_groups
            return file.schema_arrow, [file.metadata.row_group(k).num_rows for k in range(groups)]

    @contextlib.contextmanager
    def _file(self) -> Iterator[Any]:
        """The file; of a column that is larger than the buffer a part at a time, not all that a row group has of it."""
        parquet = pyarrow("pyarrow.parquet")
        with self.opened() as handle, parquet.ParquetFile(handle, pre_buffer=False, buffer_size=BUFFER) as file:
            yield file

    def batches(self, start: int, rows: int) -> Iterator[tuple[int, Any]]:
        ends = list(itertools.accumulate(self.counts))
        wanted = [k for k, end in enumerate(ends) if start < end]
        if not wanted:
            return
        begin = ends[wanted[0]] - self.counts[wanted[0]]
        with self._file() as file:
            batches = file.iter_batches(max(rows, 1), wanted, self.columns, use_threads=False)
            for batch in batches:
                yield begin, batch
                begin += batch.num_rows
