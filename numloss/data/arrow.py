"""Arrow IPC files, which are also Feather files: record batches, compressed or not."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

from .columns import TableSource, pyarrow


class ArrowSource(TableSource):
    """Columns of an Arrow IPC or Feather file. Read, never mapped; one record batch at a time is in memory."""

    def described(self) -> tuple[Any, list[int]]:
        # without fields a batch is nothing but its number of rows
        with self._opened([]) as reader:
            counts = [reader.get_batch(k).num_rows for k in range(reader.num_record_batches)]
            return reader.schema, counts

    @contextlib.contextmanager
    def _opened(self, fields: list[int]) -> Iterator[Any]:
        options = pyarrow("pyarrow.ipc").IpcReadOptions(included_fields=fields, use_threads=False)
        with pyarrow().OSFile(str(self.path), "rb") as file:
            yield pyarrow("pyarrow.ipc").open_file(file, options=options)

    @property
    def held(self) -> int:
        return max(self.counts, default=0) * self.row_bytes

    def batches(self, start: int, rows: int) -> Iterator[tuple[int, Any]]:
        with self._opened([]) as reader:
            fields = [reader.schema.get_field_index(name) for name in self.columns]
        ends = list(itertools.accumulate(self.counts))
        with self._opened(fields) as reader:
            for k, end in enumerate(ends):
                if start < end:
                    yield end - self.counts[k], reader.get_batch(k)
