"""Headers of rows that are stored in numbers of 16 bits, for loops that work with those of the data's dtype."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Operand
from .structs import Header, Int, Many, many


@dataclass
class StoredArray(Header):
    """An array of so many entries a row, and which of the eight-byte numbers of the header is its operand."""

    stored: Operand
    entries: Int
    number: Int
    written: Int


@dataclass
class StoredRows(Header):
    """Rows of which some arrays are stored in 16 bits: what a loop would read of them if they were not.

    `loop` and `header`: the addresses of that one's machine code, and of its header of so many eight-byte numbers.
    """

    rows: Int
    block: Int
    loop: Int
    header: Int
    numbers: Int
    itemsize: Int
    array_count: Int
    arrays: Many[StoredArray] = many(6)
