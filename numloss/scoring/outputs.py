"""What is written of tokens and of documents, put together from a .npy file of the records of each model."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..common.files import atomic_write, check_writable
from ..data.source import Array, Source
from ..evaluation.outputs import file_name
from ..evaluation.plan import Plan
from ..evaluation.rowfile import SUFFIXES, blocks_of_keys, folder_for, write_parquet
from .figures import TOKENS
from .result import exp_of

LINES = (".jsonl", ".ndjson")
DOCUMENT = "document"
# Fields of records whose means over a document are given.
MEANS = ("entropy", "same_top", "kl", "reverse_kl")


class Outputs:
    """A folder of .npy files, or one file of lines of JSON or in Parquet, a row a token; and lines for documents."""

    def __init__(
        self, tokens_to: str | os.PathLike[str] | None, documents_to: str | os.PathLike[str] | None
    ) -> None:
        self.tokens = None if tokens_to is None else Path(os.fsdecode(tokens_to))
        self.documents = None if documents_to is None else Path(os.fsdecode(documents_to))
        self.hidden = folder_for(tokens_to, LINES)
        if self.documents is not None:
            if self.documents.suffix.lower() not in LINES:
                raise ValueError(f"documents_to is a file of lines of JSON, {' or '.join(LINES)}, got {documents_to!r}")
            check_writable(self.documents)
            if self.tokens is None:
                self.hidden = self.documents.with_name(f".{self.documents.name}.rows")

    @property
    def folder(self) -> Path | None:
        """Where the files of each model are written."""
        return self.tokens if self.hidden is None else self.hidden

    def check(self, plan: Plan) -> None:
        """Raise for what is not there."""
        if self.documents is not None and plan.sources[TOKENS].tokens.documents is None:  # type: ignore[attr-defined]
            raise ValueError("documents_to needs documents, which are not given")

    def write(self, plan: Plan, names: Sequence[str]) -> None:
        """Put together what is asked; nothing of the folder is left if it was not."""
        if self.folder is None:
            return
        records = {
            name: np.load(self.folder / file_name(file), mmap_mode="r")
            for name, (file, _, _) in zip(names, plan.records, strict=True)
        }
        tokens = plan.sources[TOKENS].tokens  # type: ignore[attr-defined]
        documents = {} if tokens.documents is None else {DOCUMENT: tokens.documents}
        if self.documents is not None:
            with atomic_write(self.documents) as file:
                for line in document_lines(records, documents, tokens.bytes, tokens.shift, plan.nan == "omit"):
                    file.write(line)
        if self.tokens is not None and self.hidden is not None:
            keys = documents | {name.partition(" ")[2] or name: plan.sources[name] for name in plan.by}
            blocks = token_blocks(records, keys)
            if self.tokens.suffix.lower() in SUFFIXES:
                write_parquet(self.tokens, blocks)
            else:
                with atomic_write(self.tokens) as file:
                    for columns in blocks:
                        for line in lines_of(columns):
                            file.write(line)
        del records
        if self.hidden is not None:
            shutil.rmtree(self.hidden)


def token_blocks(records: dict[str, Array], keys: dict[str, Source]) -> Iterator[dict[str, Any]]:
    """Columns of some tokens at a time: keys, the label, and of each model what its record has."""
    several = len(records) > 1
    first = next(iter(records.values()))
    for start, stop, columns in blocks_of_keys(len(first), keys):
        columns["label"] = np.array(first["label"][start:stop])
        for name, record in records.items():
            for field in record.dtype.names or ():
                if field != "label":
                    values = np.array(record[field][start:stop])
                    columns[f"{name} {field}" if several else field] = values if values.ndim == 1 else list(values)
        yield columns


def lines_of(columns: dict[str, Any]) -> Iterator[bytes]:
    """A line of JSON for each row; what is not a finite number is null."""
    for row in zip(*columns.values(), strict=True):
        yield line_of({name: plain_of(value) for name, value in zip(columns, row, strict=True)})


def line_of(row: dict[str, Any]) -> bytes:
    """An object as a line."""
    return (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode()


def plain_of(value: Any) -> Any:
    """A number or text of NumPy as JSON has it."""
    if isinstance(value, np.ndarray):
        return [plain_of(each) for each in value]
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


class Documents:
    """Sums over the tokens of each document, in the order of their first tokens."""

    def __init__(self) -> None:
        self.keys: dict[Any, int] = {}
        self.sums: dict[str, Array] = {}

    def places(self, keys: Sequence[Any]) -> Array:
        """The number of the document of each token."""
        return np.array([self.keys.setdefault(plain_of(key), len(self.keys)) for key in keys], np.int64)

    def add(self, name: str, places: Array, values: Array) -> None:
        """Add numbers of tokens to a sum of their documents."""
        total = self.sums.get(name, np.zeros(0))
        self.sums[name] = np.concatenate([total, np.zeros(len(self.keys) - len(total))])
        self.sums[name] += np.bincount(places, values, len(self.keys))


def document_lines(
    records: dict[str, Array], documents: dict[str, Source], counts: Source | None, shift: bool, omit: bool
) -> Iterator[bytes]:
    """A line for each document: how many tokens of it count, and their means for each model."""
    found = Documents()
    rows = len(next(iter(records.values())))
    for start, stop, columns in blocks_of_keys(rows, documents):
        places = found.places(columns[DOCUMENT])
        counted = None if counts is None else bytes_of(counts, start, stop, shift)
        for name, record in records.items():
            some = np.array(record[start:stop])
            kept = some["label"] >= 0
            if omit:
                kept &= ~np.isnan(some["log_probability"])
            for field, values in numbers_of(some, counted).items():
                found.add(f"{name} {field}", places[kept], values[kept])
    for key, k in found.keys.items():
        line = {DOCUMENT: key}
        for name in records:
            sums = {field: float(found.sums[f"{name} {field}"][k]) for field in fields_of(found, name)}
            line |= {f"{name} {field}" if len(records) > 1 else field: each for field, each in figures(sums).items()}
        yield line_of(line)


def bytes_of(counts: Source, start: int, stop: int, shift: bool) -> Array:
    """The bytes of the label of each token."""
    found = np.zeros(stop - start)
    end = min(stop + shift, counts.rows)
    reader = counts.reader(stop - start + 1)
    try:
        found[: end - start - shift] = reader.read(start, end)[int(shift) :]
        reader.check()
    finally:
        reader.close()
    return found


def numbers_of(record: Array, counted: Array | None) -> dict[str, Array]:
    """What is added up of tokens."""
    found = {"tokens": np.ones(len(record)), "nll": -record["log_probability"]}
    found |= {} if counted is None else {"bytes": counted}
    fields = record.dtype.names or ()
    found |= {"accuracy": (record["rank"] == 1).astype(np.float64)} if "rank" in fields else {}
    return found | {name: record[name].astype(np.float64) for name in MEANS if name in fields}


def fields_of(found: Documents, name: str) -> list[str]:
    """The sums of a model."""
    return [each[len(name) + 1 :] for each in found.sums if each.startswith(f"{name} ")]


def figures(sums: dict[str, float]) -> dict[str, Any]:
    """Means of a document, None where nothing of it counts or they are no finite numbers."""
    tokens = sums.pop("tokens")
    found: dict[str, Any] = {"tokens": int(tokens)}
    if "bytes" in sums:
        count = sums.pop("bytes")
        found |= {"bytes": plain_of(count), "bits_per_byte": over(sums["nll"] / math.log(2.0), count)}
    found |= {name: over(each, tokens) for name, each in sums.items()}
    nll = found["nll"]
    return found | {"perplexity": None if nll is None else plain_of(exp_of(nll))}


def over(total: float, count: float) -> float | None:
    """A mean."""
    return None if not count else plain_of(total / count)
