"""Numbers with their first and second derivatives, as text: sums, products, quotients of what may be known to be 0."""

from __future__ import annotations

import itertools
from dataclasses import dataclass


@dataclass(frozen=True)
class Dual:
    """A number, its slope and its bend: names or constants. None is a derivative that is 0."""

    value: str
    slope: str | None = None
    bend: str | None = None

    @property
    def active(self) -> bool:
        """Whether there is a derivative."""
        return self.slope is not None or self.bend is not None


def number(part: str) -> float | None:
    """What a constant is; None for a name."""
    try:
        return float(part)
    except ValueError:
        return None


def folded(a: str, sign: str, b: str) -> str:
    """Two derivatives put together; two constants are one."""
    x, y = number(a), number(b)
    if x is None or y is None:
        return f"({a} {sign} {b})"
    return repr(x * y if sign == "*" else x + y if sign == "+" else x - y)


def negative(part: str) -> str:
    """The negative of a name, a constant or what is in brackets."""
    return part[1:] if part.startswith("-") else f"-{part}"


class Algebra:
    """Writes lines of a function. Derivatives are names that are given once, or constants."""

    def __init__(self, taken: set[str], changing: set[str]) -> None:
        self.taken, self.unsteady = taken, changing
        self.lines: list[str] = []
        self.depth = 1
        self.counts = itertools.count(1)

    def fresh(self, letter: str) -> str:
        """A name that nothing has."""
        return next(name for k in self.counts if (name := f"{letter}{k}") not in self.taken)

    def write(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def put(self, text: str, letter: str = "v") -> str:
        """A name for what an expression gives."""
        name = self.fresh(letter)
        self.write(f"{name} = {text}")
        return name

    @staticmethod
    def is_name(text: str | None) -> bool:
        """Whether it is a name, not a constant or nothing."""
        return text is not None and text.isidentifier()

    def kept(self, part: str | None, letter: str) -> str | None:
        """A derivative as a constant, or as a name that stays what it is."""
        if part is None or number(part) is not None:
            return part
        return part if part.isidentifier() and part not in self.unsteady else self.put(part, letter)

    def named(self, text: str) -> str:
        """The expression itself if it is a name or a constant, or else a name for it."""
        return text if text.isidentifier() or number(text) is not None else self.put(text)

    def dual(self, value: str, slope: str | None, bend: str | None) -> Dual:
        """A number of three expressions."""
        return Dual(self.named(value), self.kept(slope, "s"), self.kept(bend, "b"))

    # derivatives

    @staticmethod
    def times(a: str | None, b: str | None) -> str | None:
        """The product of two derivatives, or of a number and one."""
        if a is None or b is None:
            return None
        for one, other in ((a, b), (b, a)):
            if one == "1.0":
                return other
            if one == "-1.0":
                return negative(other)
        return folded(a, "*", b)

    @staticmethod
    def plus(a: str | None, b: str | None) -> str | None:
        """The sum of two."""
        if a is None or b is None:
            return a if b is None else b
        return folded(a, "+", b)

    @staticmethod
    def less(a: str | None, b: str | None) -> str | None:
        """The difference of two."""
        if b is None:
            return a
        if a is None:
            return negative(b)
        return None if a == b and number(a) is not None else folded(a, "-", b)

    def twice(self, a: str | None, b: str | None) -> str | None:
        """Two times a product."""
        return self.times("2.0", self.times(a, b))

    # numbers

    def arithmetic(self, sign: str, a: Dual, b: Dual) -> Dual:
        """a + b, a - b, a * b or a / b."""
        if sign == "*":
            return self.product(a, b)
        if sign == "/":
            return self.quotient(a, b)
        if sign == "+":
            return self.dual(f"{a.value} + {b.value}", self.plus(a.slope, b.slope), self.plus(a.bend, b.bend))
        return self.minus(a, b, f"{a.value} - {b.value}")

    def minus(self, a: Dual, b: Dual, value: str) -> Dual:
        """The difference of two numbers."""
        return self.dual(value, self.less(a.slope, b.slope), self.less(a.bend, b.bend))

    def product(self, a: Dual, b: Dual) -> Dual:
        """a * b."""
        slope = self.plus(self.times(a.slope, b.value), self.times(a.value, b.slope))
        bend = self.plus(self.times(a.bend, b.value), self.twice(a.slope, b.slope))
        return self.dual(f"{a.value} * {b.value}", slope, self.plus(bend, self.times(a.value, b.bend)))

    def quotient(self, a: Dual, b: Dual) -> Dual:
        """a / b."""
        value = self.put(f"{a.value} / {b.value}")
        slope = self.kept(self.over(self.less(a.slope, self.times(value, b.slope)), b.value), "s")
        bend = self.less(self.less(a.bend, self.twice(slope, b.slope)), self.times(value, b.bend))
        return Dual(value, slope, self.kept(self.over(bend, b.value), "b"))

    @staticmethod
    def over(a: str | None, b: str) -> str | None:
        return None if a is None else f"{a} / {b}"

    def chosen(self, test: str, a: Dual, b: Dual) -> tuple[str | None, str | None]:
        """The derivatives of one of two numbers."""
        pairs = ((a.slope, b.slope, "s"), (a.bend, b.bend, "b"))
        slope, bend = (
            x if x == y else self.put(f"{x or '0.0'} if {test} else {y or '0.0'}", name) for x, y, name in pairs
        )
        return slope, bend

    def choose(self, test: str, a: Dual, b: Dual) -> Dual:
        """One of two numbers."""
        return Dual(self.put(f"{a.value} if {test} else {b.value}"), *self.chosen(test, a, b))

    def chained(self, value: str, rule: str, given: list[Dual]) -> Dual:
        """A function of some numbers, whose derivatives `rule` gives."""
        count = len(given)
        firsts = [self.fresh("d") for _ in given]
        pairs = [(i, j) for i in range(count) for j in range(i, count)]
        seconds = {pair: self.fresh("d") for pair in pairs}
        arguments = ", ".join([*(dual.value for dual in given), value])
        self.write(f"{', '.join([*firsts, *seconds.values()])} = {rule}({arguments})")
        slope = bend = None
        for first, dual in zip(firsts, given, strict=True):
            slope, bend = self.plus(slope, self.times(first, dual.slope)), self.plus(bend, self.times(first, dual.bend))
        for (i, j), second in seconds.items():
            square = self.times(given[i].slope, given[j].slope)
            factor = self.times(second, square)
            bend = self.plus(bend, factor if i == j else self.times("2.0", factor))
        return self.dual(value, slope, bend)
