"""What the headers of all families have in common: arrays, ends of domains, results of blocks."""

from __future__ import annotations

from dataclasses import dataclass

from .structs import Double, Header, Int


@dataclass
class Operand(Header):
    """An array, see operands.py: the address of the array object, the code of its dtype, and its layout."""

    array: Int
    kind: Int
    layout: Int


@dataclass
class Weights(Header):
    """The weights of the values of a loss, to be added up; `block` is how many a block has.

    `weighted`: whether there are any, and of which kind.
    """

    elements: Int
    block: Int
    itemsize: Int
    weighted: Int
    weight: Operand


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
