"""What a loop reads of a problem and what it leaves behind: declared once, for the host, for Numba and for C.

A header is a struct of eight-byte numbers in the order of its annotations:

    rows: Int                            an integer; or the address of an array object, or of machine code
    scale: Double                        a float64, whatever the data
    pred: Operand                        another header inside of this one
    inputs: Many[Operand] = many(8)      room for up to eight; likewise Many[Int] and Many[Double]

A loop reads them by name: `c.rows`, `c.pred.kind`, `c.inputs[k].kind`. The host writes them by name, all of them, as
with any dataclass; what a `Many` has no numbers for is 0, and an operand of zeros is absent. A header that only
loops write is no dataclass. The build reads this file without numloss.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Many
from dataclasses import Field, dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

Int: TypeAlias = int
Double: TypeAlias = float
NUMBERS = {"Int": "q", "Double": "d"}


def many(count: int) -> Any:
    """Room for so many."""
    return field(metadata={"count": count})


class Place(NamedTuple):
    """A field: Int, Double or the name of a header; how many there is room for, 0 if it is one; its first byte."""

    kind: str
    count: int
    at: int


class Header:
    """A struct; the names and types of its fields are its annotations."""

    @classmethod
    @functools.cache
    def fields(cls) -> dict[str, Place]:
        """Its fields, in the order of memory."""
        found: dict[str, Place] = {}
        given, at = getattr(cls, "__dataclass_fields__", vars(cls)), 0
        for name, text in cls.__annotations__.items():
            room = given.get(name)
            count = room.metadata.get("count", 0) if isinstance(room, Field) else 0
            kind = text.removeprefix("Many[").removesuffix("]")
            found[name] = Place(kind, count, at)
            at += size_of(kind) * (count or 1)
        return found

    @classmethod
    @functools.cache
    def layout(cls) -> str:
        """Its numbers in the format of `struct`."""
        return "".join(format_of(each.kind) * (each.count or 1) for each in cls.fields().values())

    @classmethod
    @functools.cache
    def described(cls) -> str:
        """All that compiled code knows of it, as text."""
        parts = [f"{n} {p.kind} {p.count}" for n, p in cls.fields().items()]
        parts += [HEADERS[p.kind].described() for p in cls.fields().values() if p.kind in HEADERS]
        return f"{cls.__name__}({', '.join(parts)})"

    @classmethod
    @functools.cache
    def _reader(cls) -> Callable[[Any], tuple[float, ...]] | None:
        """What reads all its fields at once, if they are plain numbers."""
        plain = len(cls.fields()) > 1 and all(p.kind in NUMBERS and not p.count for p in cls.fields().values())
        return attrgetter(*cls.fields()) if plain else None

    def numbers(self, padded: bool = True) -> Many[float]:
        """Its numbers, in the order of memory, with zeros for what a Many has no numbers for, or without."""
        reader = self._reader()
        if reader is not None:
            return reader(self)
        found: list[float] = []
        for name, place in self.fields().items():
            value = getattr(self, name)
            values = value if place.count else (value,)
            room = (place.count or 1) - len(values)
            if room < 0:
                raise ValueError(f"{type(self).__name__}.{name}: room for {place.count}, not for {len(values)}")
            if place.kind in NUMBERS:
                found += values
            else:
                for each in values:
                    found += each.numbers(padded)
            if padded:
                found += [0] * (room * size_of(place.kind) // 8)
        return found

    def packed(self) -> bytes:
        """The bytes that a loop reads."""
        return struct.pack(self.layout(), *self.numbers())

    @classmethod
    def place(cls, name: str) -> int:
        """The first byte of a field."""
        return cls.fields()[name].at

    def operands(self) -> Iterator[tuple[str, int, Operand]]:
        """Its operands: the field, as `field.field` in a header inside of this one, the first byte, and the operand."""
        for name, (kind, count, start) in self.fields().items():
            value = getattr(self, name)
            for k, each in enumerate(value if count else (value,)):
                at = start + k * size_of(kind)
                if kind == "Operand":
                    yield name, at, each
                elif kind in HEADERS:
                    yield from ((f"{name}.{inner}", at + place, found) for inner, place, found in each.operands())


def format_of(kind: str) -> str:
    """A kind of field in the format of `struct`."""
    return NUMBERS.get(kind) or HEADERS[kind].layout()


def size_of(kind: str) -> int:
    """The bytes of a kind of field."""
    return 8 * len(format_of(kind))


@dataclass
class Operand(Header):
    """An array, see operands.py: the address of the array object, the code of its dtype, and its layout."""

    array: Int
    kind: Int
    layout: Int


class Result(Header):
    """What a block leaves: the sums of values and weights, and where the first value outside its domain is, or -1."""

    value: Double
    weight: Double
    bad_at: Int
    bad_in: Int


@dataclass
class Bounds(Header):
    """Of an input of a law: how its numbers are checked, between which ends, and its number if it is one for all."""

    check: Int
    low: Double
    high: Double
    constant: Double


@dataclass
class Weights(Header):
    """The weights alone, to be added up."""

    elements: Int
    block: Int
    itemsize: Int
    weight: Operand


@dataclass
class Elementwise(Header):
    """A scalar law applied to every element.

    `curved`: curvatures follow the slopes. `direct`: tiles may write to the outputs themselves. `least`: what no
    curvature is below.
    """

    elements: Int
    block: Int
    tile: Int
    input_count: Int
    slope_count: Int
    curved: Int
    weighted: Int
    unreduced: Int
    direct: Int
    itemsize: Int
    param_count: Int
    scale: Double
    least: Double
    weight: Operand
    values: Operand
    inputs: Many[Operand] = many(8)
    outputs: Many[Operand] = many(8)
    bounds: Many[Bounds] = many(8)
    params: Many[Double] = many(16)


HEADERS: dict[str, type[Header]] = {header.__name__: header for header in Header.__subclasses__()}
