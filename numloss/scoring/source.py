"""Tokens as rows: logits, labels and what else is known of them, read together; of each token what is measured of it.

To an evaluation this is one source of records. The logits behind a record are measured as they are read, some rows at a
time, and are gone when the record is there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from ..common.halves import is_half
from ..data.source import Array, Reader, Source
from ..errors import FormatError
from .kernels import Asked, Measured, measured

# Scores of a model that are measured together.
PIECE = 1 << 21
# A record counts as a number for each so many classes, at least and at most: the more, the fewer rows a block has.
CLASSES_EACH, LEAST_ELEMENTS, MOST_ELEMENTS = 64, 16, 256
# What a record has beside those of its models.
BYTES = "bytes"


def record_dtype(asked: Asked, compared: bool) -> np.dtype[Any]:
    """A token as a model sees it; `compared` with a reference."""
    fields: list[tuple[Any, ...]] = [("label", np.int64), ("log_probability", np.float64)]
    fields += [("rank", np.int64)] if asked.ranks else []
    fields += [("entropy", np.float64)] if asked.entropies else []
    fields += [("top_ids", np.int64, (asked.largest,)), ("top_log_probabilities", np.float64, (asked.largest,))]
    fields += [("same_top", np.bool_)] if compared else []
    fields += [("kl", np.float64), ("reverse_kl", np.float64)] if compared and asked.divergences else []
    return np.dtype(fields)


@dataclass(frozen=True)
class Tokens:
    """What is read of each token: the logits of each model and its label, and, if there are any, its document and its
    bytes; `reference` is the number of the model that others are compared with, or None."""

    logits: tuple[Source, ...]
    labels: Source
    documents: Source | None
    bytes: Source | None
    reference: int | None
    shift: bool
    ignored: int
    asked: Asked
    backend: str | None

    @property
    def classes(self) -> int:
        """Classes of a row of logits."""
        return self.logits[0].shape[1]

    @property
    def sources(self) -> dict[str, Source]:
        """All of it, by what it is in a message."""
        found = {f"logits {k}": source for k, source in enumerate(self.logits)} | {"labels": self.labels}
        found |= {} if self.documents is None else {"documents": self.documents}
        return found | ({} if self.bytes is None else {"bytes": self.bytes})

    def check(self) -> None:
        """Raise for what does not fit."""
        for source in self.logits:
            if len(source.shape) != 2 or not source.shape[1]:
                raise ValueError(f"{source.name} has shape {source.shape}; logits are (tokens, classes)")
            if source.dtype.kind != "f" and not is_half(source.dtype):
                raise TypeError(f"{source.name} has dtype {source.dtype}; logits are floating")
            if source.shape[1] != self.classes:
                one = self.logits[0]
                raise FormatError(f"{one.name} has {self.classes} classes, but {source.name} has {source.shape[1]}")
        for what in ("labels", "documents", "bytes"):
            source_of_row: Source | None = getattr(self, what)
            if source_of_row is not None and len(source_of_row.shape) != 1:
                raise ValueError(f"{source_of_row.name} has shape {source_of_row.shape}; {what} are one a token")
        if self.labels.dtype.kind not in "iu":
            raise TypeError(f"{self.labels.name} has dtype {self.labels.dtype}; labels are integers")


class TokenSource(Source):
    """Tokens as a source of records."""

    def __init__(self, tokens: Tokens, name: str = "tokens") -> None:
        tokens.check()
        self.tokens, self.name = tokens, name
        reference = tokens.reference
        fields = [
            (f"model {k}", record_dtype(tokens.asked, reference not in (None, k)))
            for k in range(len(tokens.logits))
        ]
        self.dtype = np.dtype([*fields, *([(BYTES, np.float64)] if tokens.bytes is not None else [])])
        self.shape = (tokens.labels.rows,)
        self.portable = all(source.portable for source in tokens.sources.values())

    @property
    def elements(self) -> int:
        return min(max(self.tokens.classes // CLASSES_EACH, LEAST_ELEMENTS), MOST_ELEMENTS)

    @property
    def read_bytes(self) -> int:
        return sum(source.read_bytes for source in self.tokens.sources.values())

    @property
    def piece(self) -> int:
        """Rows whose logits are measured together."""
        return max(PIECE // self.tokens.classes, *(source.grain for source in self.tokens.logits), 1)

    @property
    def held(self) -> int:
        return sum(source.held + self.piece * source.row_bytes for source in self.tokens.sources.values())

    def place(self, row: int) -> tuple[str, int]:
        return self.tokens.logits[0].place(row)

    def stamp(self) -> list[Any]:
        asked = [self.tokens.reference, self.tokens.shift, self.tokens.ignored, *astuple(self.tokens.asked)]
        return [asked, [[name, source.stamp()] for name, source in self.tokens.sources.items()]]

    def reader(self, rows: int) -> Reader:
        return TokenReader(self, rows)


class TokenReader(Reader):
    """Open sources of tokens."""

    def __init__(self, source: TokenSource, rows: int) -> None:
        self.source, self.tokens = source, source.tokens
        self.piece = min(source.piece, rows)
        self.open: dict[str, Reader] = {}
        try:
            for name, each in self.tokens.sources.items():
                self.open[name] = each.reader(self.piece if name.startswith("logits") else rows + 1)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        while self.open:
            self.open.popitem()[1].close()

    def fresh(self) -> bool:
        return all(reader.fresh() for reader in self.open.values())

    @contextlib.contextmanager
    def _unchanged(self) -> Iterator[None]:
        """What is used within is what the files have, and so is what is wrong with it."""
        try:
            yield
        finally:
            for reader in self.open.values():
                reader.check()

    def _whole(self, name: str, start: int, stop: int) -> Array:
        """A copy of what there is for each token."""
        reader = self.open[name]
        reader.omits, reader.window = False, self.window // len(self.open)
        return np.array(reader.read(start, stop))

    def read(self, start: int, stop: int) -> Array:
        tokens, shift = self.tokens, int(self.tokens.shift)
        end = min(stop + shift, self.source.rows)
        with self._unchanged():
            labels = self._labels(start, end)
            documents = None if tokens.documents is None else self._whole("documents", start, end)
            counts = None if tokens.bytes is None else self._bytes(start, end)
        if shift:
            labels = following(labels, stop - start, -1)
            if documents is not None:
                labels[: end - start - 1][documents[1:] != documents[:-1]] = -1
            counts = None if counts is None else following(counts, stop - start, 0)
        found = np.zeros(stop - start, self.source.dtype)
        if counts is not None:
            found[BYTES] = counts
        for first in range(0, stop - start, self.piece):
            last = min(first + self.piece, stop - start)
            with self._unchanged():
                self._measure(start + first, start + last, labels[first:last], found[first:last])
        without = labels < 0
        self.missing = self.unasked = without if without.any() else None
        return found

    def _labels(self, start: int, stop: int) -> Array:
        """Labels as integers of 64 bits, -1 for those that are ignored."""
        given = self._whole("labels", start, stop)
        ignored = given == self.tokens.ignored
        bad = np.flatnonzero(~ignored & ((given < 0) | (given >= self.tokens.classes)))
        if len(bad):
            row = start + int(bad[0])
            file, place = self.tokens.labels.place(row)
            raise IndexError(
                f"{file}: labels[{place}] is {given[bad[0]]}; labels are from 0 to {self.tokens.classes - 1}, or "
                f"{self.tokens.ignored} for none"
            )
        labels: Array = given.astype(np.int64)
        labels[ignored] = -1
        return labels

    def _bytes(self, start: int, stop: int) -> Array:
        given = self._whole("bytes", start, stop)
        bad = np.flatnonzero(~(given >= 0))
        if len(bad):
            assert self.tokens.bytes is not None
            file, place = self.tokens.bytes.place(start + int(bad[0]))
            raise ValueError(f"{file}: bytes[{place}] is {given[bad[0]]}; counts of bytes are >= 0")
        return given.astype(np.float64)

    def _measure(self, start: int, stop: int, labels: Array, found: Array) -> None:
        """Measure some tokens: first those of the reference, which others are compared with."""
        tokens, base = self.tokens, self.tokens.reference
        reference: Measured | None = None
        for k in sorted(range(len(tokens.logits)), key=lambda k: k != base):
            reader = self.open[f"logits {k}"]
            reader.omits, reader.window = False, self.window // len(self.open)
            scores = reader.read(start, stop)
            each = measured(scores, labels, tokens.asked, tokens.backend, reference, compared=k == base)
            record = found[f"model {k}"]
            record["label"], record["log_probability"] = labels, each.label_logs
            record["top_ids"], record["top_log_probabilities"] = each.ids, each.logs
            columns = {"rank": each.ranks, "entropy": each.entropies, "kl": each.kls, "reverse_kl": each.reverse_kls}
            for name, values in columns.items():
                if values is not None:
                    record[name] = values
            if reference is not None:
                known = (each.ids[:, 0] >= 0) & (reference.ids[:, 0] >= 0)
                record["same_top"] = known & (each.ids[:, 0] == reference.ids[:, 0])
            reference = each if k == base else reference


def following(values: Array, count: int, nothing: int) -> Array:
    """What comes after each of so many; nothing after the last of all."""
    found = np.full(count, nothing, values.dtype)
    found[: len(values) - 1] = values[1:]
    return found
