"""The header of losses of pairs."""

from __future__ import annotations

from dataclasses import dataclass

from .structs import Double, Header, Int, Many, many


@dataclass
class Pairs(Header):
    """A law of so many rows of scores, side by side, and of whether a pair belongs together.

    Row 0 belongs to column `label`, row 1 to the next. `scores`, `weights` and `values` are arrays; the latter two have
    a number for each row.
    """

    rows: Int
    columns: Int
    block: Int
    tile: Int
    mode: Int
    label: Int
    scores: Int
    weights: Int
    values: Int
    params: Many[Double] = many(4)
