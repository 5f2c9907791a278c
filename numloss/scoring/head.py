"""Logits from hidden states: a source that multiplies some rows at a time by the last layer of a network."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np

from ..backends.host.products import Products
from ..common.halves import is_half, widened
from ..data.source import Array, Reader, Source
from .kernels import backend_of

# Bytes of the logits that are made together, and rows of them at least: BLAS packs the layer again each time.
LOGIT_BYTES, LEAST_ROWS = 64 << 20, 256


class HeadSource(Source):
    """The rows of `hidden` times the layer, (classes, features), with a bias of each class, in float32 or float64."""

    def __init__(self, hidden: Source, layer: Source, bias: Source | None, backend: str | None) -> None:
        self.hidden, self.layer, self.bias, self.backend = hidden, layer, bias, backend
        self.name = f"{hidden.name} with {layer.name}"
        for source in (hidden, layer):
            if len(source.shape) != 2 or 0 in source.shape[1:]:
                raise ValueError(f"{source.name} has shape {source.shape}; hidden and head have two axes")
            if source.dtype.kind != "f" and not is_half(source.dtype):
                raise TypeError(f"{source.name} has dtype {source.dtype}; hidden and head are floating")
        if hidden.shape[1] != layer.shape[1]:
            raise ValueError(
                f"{hidden.name} has {hidden.shape[1]} numbers for a token, but {layer.name} has {layer.shape[1]} for a "
                "class"
            )
        if bias is not None and bias.shape != layer.shape[:1]:
            raise ValueError(f"{bias.name} has shape {bias.shape}; a bias is one for each of {layer.rows} classes")
        self.shape = (hidden.rows, layer.rows)
        wide = np.dtype(np.float64) in (hidden.dtype, layer.dtype)
        self.dtype = np.dtype(np.float64 if wide else np.float32)
        self.portable = all(source.portable for source in self.parts)

    @property
    def parts(self) -> list[Source]:
        """What it is made of."""
        return [self.hidden, self.layer, *([] if self.bias is None else [self.bias])]

    @property
    def read_bytes(self) -> int:
        return self.hidden.read_bytes

    @property
    def grain(self) -> int:
        return max(LEAST_ROWS, LOGIT_BYTES // self.row_bytes)

    @property
    def held(self) -> int:
        return self.hidden.held + 2 * self.grain * self.hidden.shape[1] * self.dtype.itemsize

    def place(self, row: int) -> tuple[str, int]:
        return self.hidden.place(row)

    def stamp(self) -> list[Any]:
        return [source.stamp() for source in self.parts]

    def reader(self, rows: int) -> Reader:
        return HeadReader(self, rows)


class HeadReader(Reader):
    """Open hidden states, the layer, and room for some logits."""

    def __init__(self, source: HeadSource, rows: int) -> None:
        self.source = source
        self.layer, self.bias = _weights(source)
        self.hidden = source.hidden.reader(rows)
        self.buffer: Array = np.empty((rows, source.shape[1]), source.dtype)

    def read(self, start: int, stop: int) -> Array:
        self.hidden.omits, self.hidden.window = self.omits, self.window
        hidden = np.ascontiguousarray(widened(self.hidden.read(start, stop)), self.source.dtype)
        logits = self.buffer[: stop - start]
        with np.errstate(all="ignore"), Products(backend_of(self.source.backend, 0.0), self.source.dtype) as multiply:
            multiply(hidden, self.layer.T, logits)
        if self.bias is not None:
            logits += self.bias
        return logits

    def check(self) -> None:
        self.hidden.check()

    def fresh(self) -> bool:
        return self.hidden.fresh()

    def close(self) -> None:
        self.hidden.close()


def _weights(source: HeadSource) -> tuple[Array, Array | None]:
    """The layer, as it is stored if that is in 16 bits, and its bias in memory; of files once in a process."""
    found = [
        _whole(json.dumps(part.stamp()), Held(part)) if part.portable else _read(part) for part in source.parts[1:]
    ]
    stored = found[0].dtype.newbyteorder("=")
    layer = np.ascontiguousarray(found[0], stored if is_half(stored) else source.dtype)
    return layer, np.asarray(widened(found[1]), source.dtype) if len(found) > 1 else None


class Held:
    """A source that a cache does not tell from others: what was asked for beside it does."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(4)
def _whole(stamp: str, held: Held) -> Array:
    return _read(held.source)


def _read(source: Source) -> Array:
    reader = source.reader(source.rows)
    try:
        found: Array = np.array(reader.read(0, source.rows))
        reader.check()
        return found
    finally:
        reader.close()
