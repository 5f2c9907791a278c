"""Comma-separated values, and values with tabs between them: read from the start, by one reader, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .columns import TableSource, pyarrow

# Bytes of text that are parsed at a time; no row may be longer.
BLOCK = 1 << 20


class CsvSource(TableSource):
    """Columns of a file of text with their names in its first line.

    Their types are those of what the first block has, but a column of integers that turns out to have fractions is one
    of numbers.
    """

    types_of: dict[str, Any]

    def described(self) -> tuple[Any, list[int]]:
        self.types_of = {}
        try:
            schema, rows = self._counted()
        except pyarrow().ArrowInvalid:
            with self.opened() as handle, self._reader(handle, []) as reader:
                whole = [field.name for field in reader.schema if str(field.type) == "int64"]
            self.types_of = dict.fromkeys(whole, pyarrow().float64())
            schema, rows = self._counted()
        return schema, [rows]

    def _counted(self) -> tuple[Any, int]:
        with self.opened() as handle, self._reader(handle, []) as reader:
            return reader.schema, sum(batch.num_rows for batch in reader)

    def _reader(self, handle: Any, wanted: list[str]) -> Any:
        csv = pyarrow("pyarrow.csv")
        return csv.open_csv(
            handle,
            read_options=csv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=csv.ParseOptions(delimiter="\t" if self.path.suffix.lower() == ".tsv" else ","),
            convert_options=csv.ConvertOptions(include_columns=wanted, column_types=self.types_of),
        )

    @property
    def held(self) -> int:
        return 4 * BLOCK

    def batches(self, start: int, rows: int) -> Iterator[tuple[int, Any]]:
        begin = 0
        with self.opened() as handle, self._reader(handle, self.columns) as reader:
            for batch in reader:
                if begin + batch.num_rows > start:
                    yield begin, batch
                begin += batch.num_rows
