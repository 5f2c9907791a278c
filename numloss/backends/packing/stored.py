"""Rows of which some arrays are stored in numbers of 16 bits, for loops that do not read those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...common.halves import FLOAT32
from ...loops.codes import NO_MEMORY
from ...loops.headers import StoredArray, StoredRows
from .operands import Array, Problem, operand


class Stored(NamedTuple):
    """An array of 16 bits in the order of rows, which operand of the header it is, and whether it is written.

    `field`: the end of the name of the operand's field; nth: which of them, where the header has many.
    """

    array: Array
    field: str
    written: bool
    nth: int = 0


def stand_in(array: Array) -> Array:
    """An array in the place of one of 16 bits, for a header alone: no memory of it is ever touched."""
    return np.empty(array.shape, FLOAT32)


@dataclass(slots=True)
class StoredProblem(Problem):
    """A problem some arrays of which stand for those that are stored; its loop is that of stored rows.

    `inner`: the loop that works on them; rows: how many, and of a block.
    """

    inner: int
    rows: tuple[int, int]
    stored: list[Stored]
    kept: list[Any]

    def packed(self) -> bytes:
        numbers = np.frombuffer(self.header.packed(), np.int64)
        self.kept.append(numbers)
        places = [(f".{name}", at // 8) for name, at, _ in self.header.operands()]
        arrays = []
        for array, field, written, nth in self.stored:
            number = [at for name, at in places if name.endswith(f".{field}")][nth]
            arrays.append(StoredArray(operand(array, FLOAT32, self.kept), array.shape[-1], number, int(written)))
        whole = StoredRows(
            rows=self.rows[0],
            block=self.rows[1],
            loop=self.inner,
            header=numbers.__array_interface__["data"][0],
            numbers=numbers.size,
            itemsize=FLOAT32.itemsize,
            array_count=len(arrays),
            arrays=arrays,
        )
        return whole.packed()


def look_for_memory(bad_in: int) -> None:
    """Raise for a block that got no memory."""
    if bad_in == NO_MEMORY:
        raise MemoryError("there is no memory for a block of rows in float32")
