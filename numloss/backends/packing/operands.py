"""A call as the loops read it: a header, see numloss/loops/headers, in one bytes object.

Arrays enter it as the address of the array object: the loops read the address of the data themselves, which is
ten times cheaper than asking NumPy for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...calls.arrays import HOST, Arrays
from ...loops.codes import CODES, COLUMNS, DATA, EVERYWHERE, FIRST_COLUMN, IN_ORDER, block_size, simplified
from ...loops.headers import Copied, Operand

Array = np.ndarray[Any, Any]

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
ABSENT = Operand(array=0, kind=DATA, layout=IN_ORDER)
CONSTANT = Operand(array=0, kind=DATA, layout=EVERYWHERE)


def name_of(real: np.dtype[Any]) -> str:
    """The name of the data's dtype; NumPy takes as long to make it as a small kernel runs."""
    return "float32" if real.itemsize == 4 else "float64"


def operand(array: Any, real: np.dtype[Any], kept: list[Any], place: Arrays = HOST) -> Operand:
    """An array, or None, as loops read it; what that points to is appended to `kept`, which must outlive the call."""
    if array is None:
        return ABSENT
    dtype = array.dtype
    code = DATA if dtype is real else CODES[dtype.char]
    if code and dtype == real:
        code = DATA
    if place.c_order(array):
        return Operand(place.address(array), code, IN_ORDER)
    return Operand(place.address(array), code, layout_of(array.shape, array.strides, kept, place))


def layout_of(shape: tuple[int, ...], strides: tuple[int, ...], kept: list[Any], place: Arrays = HOST) -> int:
    """Where loops find a shape and strides in bytes."""
    sizes, steps = simplified(shape, strides)
    return place.numbers(np.array([len(sizes), *sizes, *steps], dtype=np.int64), kept)[1]


def copied(source: Any, sink: Any, kept: list[Any], place: Arrays = HOST) -> Copied:
    """The header of numbers of one array that are copied to another one of that shape; one has float32, one 16 bits."""
    if place.f_order(source) and place.f_order(sink):
        source, sink = source.T, sink.T
        kept += [source, sink]
    operands = [operand(array, FLOAT32, kept, place) for array in (source, sink)]
    return Copied(source.size, block_size(source.size), FLOAT32.itemsize, *operands)


def column_operands(array: Any, real: np.dtype[Any], columns: int, place: Arrays = HOST) -> list[Operand]:
    """The operands of the columns on the last axis of an array in C order."""
    first = FIRST_COLUMN - COLUMNS * columns
    whole = operand(array, real, [], place)
    return [Operand(array=whole.array, kind=whole.kind, layout=first - column) for column in range(columns)]


def in_place(array: Any, kind: int = DATA, place: Arrays = HOST) -> Operand:
    """An array that loops read by strides of their own, or in C order."""
    return Operand(place.address(array), kind, IN_ORDER)


def code_of(array: Any, real: np.dtype[Any]) -> int:
    """Code of a dtype."""
    return DATA if array.dtype == real else CODES[array.dtype.char]


def label_operand(labels: Array, kept: list[Any], place: Arrays = HOST) -> Operand:
    """Labels are never in the dtype of the data."""
    found = operand(labels, FLOAT32, kept, place)
    found.kind = CODES[labels.dtype.char]
    return found


def steps(array: Any) -> tuple[int, ...]:
    """Strides in elements."""
    return tuple(stride // array.dtype.itemsize for stride in array.strides)


def regular(array: Any) -> Any:
    """The array itself if its strides are whole elements, which only views of records are not."""
    return array if all(s % array.dtype.itemsize == 0 for s in array.strides) else array.copy()


@dataclass(slots=True)
class Problem:
    """What is launched: a loop, its header, how many blocks there are, and how many nanoseconds of work."""

    loop: int
    header: Any
    blocks: int
    work: float

    def packed(self) -> bytes:
        """The bytes that a loop reads."""
        packed: bytes = self.header.packed()
        return packed


class Outcome(NamedTuple):
    """What a problem leaves: the sums of values and weights, and the first value outside its domain.

    `bad_at` is its position, or -1, and `bad_in` the number of its operand, as the loops have it.
    """

    value: float
    weight: float
    bad_at: int
    bad_in: int
