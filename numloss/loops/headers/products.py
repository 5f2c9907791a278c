"""Headers of products of matrices."""

from __future__ import annotations

from dataclasses import dataclass

from .structs import Header, Int


@dataclass
class Matrix(Header):
    """A matrix as BLAS reads it: an array object, whether it is seen transposed, and from row to row in memory."""

    array: Int
    flipped: Int
    step: Int


@dataclass
class Product(Header):
    """y = a b or y += a b: so many rows, or columns, of y, and how many of them a block makes.

    `others` are the columns, or rows, of y; `terms` those of a sum, so many of a panel at a time; `gemm` is the address
    of BLAS's function; `stored` the code of the dtype of b, which may have 16 bits.
    """

    lines: Int
    block: Int
    by_columns: Int
    others: Int
    terms: Int
    panel: Int
    adds: Int
    gemm: Int
    stored: Int
    itemsize: Int
    a: Matrix
    b: Matrix
    y: Matrix
