"""A call as the loops read it: one bytes object of integers, floats and operands.

Arrays enter it as the address of the array object: the loops read the address of the data themselves, which is
ten times cheaper than asking NumPy for it.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Operand = tuple[int, int, int]

CODES = {"f": 1, "d": 2, "b": 3, "B": 4, "?": 4, "h": 5, "H": 6, "i": 7, "I": 8, "l": 9, "q": 9, "L": 10, "Q": 10}
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
ABSENT: Operand = (0, 0, 0)
CONSTANT: Operand = (0, 0, -1)
# The kind of an operand that is looked up by another.
TABLE = 15
BLOCK = 16384
MOST_BLOCKS = 65536


def name_of(real: np.dtype[Any]) -> str:
    """The name of the data's dtype; NumPy takes as long to make it as a small kernel runs."""
    return "float32" if real.itemsize == 4 else "float64"


@functools.lru_cache(maxsize=256)
def packer(integers: int, floats: int, operands: int) -> Callable[..., bytes]:
    """Packs so many integers, floats, and integers of operands."""
    return struct.Struct(f"{integers}q{floats}d{operands}q").pack


def block_size(elements: int) -> int:
    """Elements of a block: a function of the problem's size alone, so that sums do not depend on threads."""
    size = BLOCK
    while elements > size * MOST_BLOCKS:
        size *= 2
    return size


def operand(array: Array, real: np.dtype[Any], kept: list[Any], domain: int = 0) -> Operand:
    """The three integers of an array; what they point to is appended to `kept`, which must outlive the call."""
    dtype = array.dtype
    code = 0 if dtype is real else CODES[dtype.char]
    if code and dtype == real:
        code = 0
    if array.flags.c_contiguous:
        return id(array), code + 16 * domain, 0
    shape, strides = simplified(array.shape, array.strides)
    layout = np.array([len(shape), *shape, *strides], dtype=np.int64)
    kept.append(layout)
    return id(array), code + 16 * domain, layout.__array_interface__["data"][0]


def simplified(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Shape and strides with axes merged where one stride describes both."""
    merged_shape, merged_strides = [1], [0]
    for size, stride in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if merged_shape[-1] == 1:
            merged_shape[-1], merged_strides[-1] = size, stride
        elif merged_strides[-1] == size * stride:
            merged_shape[-1] *= size
            merged_strides[-1] = stride
        else:
            merged_shape.append(size)
            merged_strides.append(stride)
    return merged_shape, merged_strides


def column_operands(array: Array, real: np.dtype[Any], columns: int, domain: int = 0) -> list[Operand]:
    """The operands of the columns on the last axis of an array in C order."""
    address, code, _ = operand(array, real, [], domain)
    return [(address, code, -2 - 16 * columns - column) for column in range(columns)]


def code_of(array: Array, real: np.dtype[Any]) -> int:
    """Code of a dtype, 0 for that of the data."""
    return 0 if array.dtype == real else CODES[array.dtype.char]


def label_operand(labels: Array, kept: list[Any]) -> Operand:
    """Labels are never in the dtype of the data."""
    address, _, layout = operand(labels, FLOAT32, kept)
    return address, CODES[labels.dtype.char], layout


def steps(array: Array) -> tuple[int, ...]:
    """Strides in elements."""
    return tuple(stride // array.itemsize for stride in array.strides)


def regular(array: Array) -> Array:
    """The array itself if its strides are whole elements, which only views of records are not."""
    return array if all(s % array.itemsize == 0 for s in array.strides) else array.copy()
