"""Headers of the embedding family."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Bounds, Operand, Weights
from .structs import Double, Header, Int, Many, many


@dataclass
class Vectors(Header):
    """An array of shape (rows, entries), and how many elements lie from one of each to the next."""

    operand: Operand
    per_row: Int
    per_entry: Int


@dataclass
class VectorSum(Header):
    """A sum over the entries of two vectors, and whether it is the first that adds to the gradient of each."""

    kind: Int
    one: Int
    other: Int
    first_of_one: Int
    first_of_other: Int


@dataclass
class Embedding(Weights):
    """A law of sums over the entries of two or three vectors, and of what is known of the row, the element.

    `units`: whether the law takes those of its sums.
    """

    tile: Int
    entries: Int
    vector_count: Int
    sum_count: Int
    units: Int
    sloped: Int
    unreduced: Int
    param_count: Int
    scale: Double
    vectors: Many[Vectors] = many(3)
    known: Operand
    values: Operand
    gradients: Many[Vectors] = many(3)
    sums: Many[VectorSum] = many(3)
    bounds: Bounds
    params: Many[Double] = many(5)
