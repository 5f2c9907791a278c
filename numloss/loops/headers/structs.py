"""A header: a struct of named eight-byte numbers, as Python packs it and compiled code reads it."""

from __future__ import annotations

import functools
import itertools
import struct
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Many
from dataclasses import Field, field
from typing import Any, NamedTuple, TypeAlias

Int: TypeAlias = int
Double: TypeAlias = float
NUMBERS = {"Int": "q", "Double": "d"}
# All headers, in the order in which they are declared.
DECLARED: list[type[Header]] = []


def many(count: int) -> Any:
    """Room for so many."""
    return field(metadata={"count": count})


class Place(NamedTuple):
    """A field: Int, Double or the name of a header; how many there is room for, 0 if it is one; its first byte."""

    kind: str
    count: int
    at: int


class Header:
    """A struct; the names and types of its fields are its annotations, after those of the header it is a kind of."""

    def __init_subclass__(cls) -> None:
        DECLARED.append(cls)

    @classmethod
    @functools.cache
    def fields(cls) -> dict[str, Place]:
        """Its fields, in the order of memory."""
        found: dict[str, Place] = {}
        given, at = getattr(cls, "__dataclass_fields__", vars(cls)), 0
        written = [vars(each).get("__annotations__", {}).items() for each in reversed(cls.__mro__)]
        for name, text in itertools.chain(*written):
            room = given.get(name)
            count = room.metadata.get("count", 0) if isinstance(room, Field) else 0
            kind = text.removeprefix("Many[").removesuffix("]")
            found[name] = Place(kind, count, at)
            at += size_of(kind) * (count or 1)
        return found

    @classmethod
    @functools.cache
    def size(cls) -> int:
        """Its bytes."""
        return sum(size_of(kind) * (count or 1) for kind, count, _ in cls.fields().values())

    @classmethod
    @functools.cache
    def form(cls) -> str:
        """The format of its bytes, for `struct`: a field of many is bytes, filled up with zeros."""
        parts = []
        for kind, count, _ in cls.fields().values():
            parts.append(f"{count * size_of(kind)}s" if count else NUMBERS.get(kind) or headers()[kind].form())
        return "".join(parts)

    @classmethod
    @functools.cache
    def described(cls) -> str:
        """All that compiled code knows of it, as text."""
        parts = [f"{n} {p.kind} {p.count}" for n, p in cls.fields().items()]
        parts += [headers()[p.kind].described() for p in cls.fields().values() if p.kind in headers()]
        return f"{cls.__name__}({', '.join(parts)})"

    @classmethod
    @functools.cache
    def reader(cls) -> Callable[[Any], tuple[Any, ...]]:
        """What reads its parts, as `form` has them: a function with all fields spelt out, which is quick."""
        texts: list[str] = []
        scope: dict[str, Any] = {}
        for name, (kind, count, _) in cls.fields().items():
            if count:
                texts.append(f"{name}(h.{name})")
                scope[name] = packer_of_many(kind, count)
            elif kind in NUMBERS:
                texts.append(f"h.{name}")
            else:
                texts.append(f"*{kind}(h.{name})")
                scope[kind] = headers()[kind].reader()
        read: Callable[[Any], tuple[Any, ...]] = eval(f"lambda h: ({', '.join(texts)},)", scope)
        return read

    @classmethod
    @functools.cache
    def packer(cls) -> Callable[..., bytes]:
        """What packs its parts."""
        return struct.Struct(cls.form()).pack

    @classmethod
    @functools.cache
    def lister(cls) -> Callable[[Any], tuple[float, ...]]:
        """What lists its numbers, of many as many as there are: the arguments that kernels of a device take."""
        texts = []
        for name, (kind, count, _) in cls.fields().items():
            if kind in NUMBERS:
                texts.append(f"*h.{name}" if count else f"h.{name}")
            else:
                texts.append(f"*[x for each in h.{name} for x in {kind}(each)]" if count else f"*{kind}(h.{name})")
        scope = {kind: headers()[kind].lister() for kind, _, _ in cls.fields().values() if kind in headers()}
        found: Callable[[Any], tuple[float, ...]] = eval(f"lambda h: ({', '.join(texts)},)", scope)
        return found

    def packed(self) -> bytes:
        """The bytes that a loop reads."""
        return self.packer()(*self.reader()(self))

    @classmethod
    def place(cls, name: str) -> int:
        """The first byte of a field, of this header or of the one that it begins with."""
        if name in cls.fields():
            return cls.fields()[name].at
        return headers()[next(iter(cls.fields().values())).kind].place(name)

    def operands(self) -> Iterator[tuple[str, int, Any]]:
        """Its operands: the field, as `field.field` in a header inside of this one, the first byte, and the operand."""
        for name, (kind, count, start) in self.fields().items():
            value = getattr(self, name)
            for k, each in enumerate(value if count else (value,)):
                at = start + k * size_of(kind)
                if kind == "Operand":
                    yield name, at, each
                elif kind in headers():
                    yield from ((f"{name}.{inner}", at + place, found) for inner, place, found in each.operands())


def size_of(kind: str) -> int:
    """The bytes of a kind of field."""
    return 8 if kind in NUMBERS else headers()[kind].size()


def packer_of_many(kind: str, count: int) -> Callable[[Many[Any]], bytes]:
    """What packs a field of many; bytes of zeros may be left away at the end."""
    header = headers().get(kind)
    pack, read = (header.packer(), header.reader()) if header else (None, None)

    def packed(values: Many[Any]) -> bytes:
        if len(values) > count:
            raise ValueError(f"room for {count} {kind}, not for {len(values)}")
        if pack is None or read is None:
            return struct.pack(f"{len(values)}{NUMBERS[kind]}", *values)
        return b"".join([pack(*read(each)) for each in values])

    return packed


@functools.cache
def headers() -> dict[str, type[Header]]:
    """All headers by their names, those inside of others first."""
    return {header.__name__: header for header in DECLARED}
