"""The order of scores of rows that have weights: sums of these beside counts, in which no order of rows matters.

A weight is two integers of thirty bits, in a unit that follows from the largest one. Sums of integers are exact,
whoever adds up what; what is below 2 ** -60 of the largest weight is left out.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..typing import Array
from .kernels import TOPS, Left, walk_weighted
from .ranking import Found, Node, Ranking, rows_of

HALF = 30


def unit_of(largest: float) -> float:
    """The unit in which weights up to the largest one are counted: the largest is below 2 ** 30 of it."""
    return math.ldexp(1.0, max(math.frexp(largest)[1] - HALF, -1022)) if largest > 0.0 else 1.0


def split(weights: Array, unit: float) -> Array:
    """Both integers of each weight."""
    if len(weights) and not np.isfinite(weights.max()):
        raise ValueError(f"weight[{int(np.argmax(weights))}] is {weights.max()}; weights are finite")
    high = np.rint(weights / unit)
    return np.stack([high, np.rint((weights / unit - high) * 2.0**HALF)], axis=1).astype(np.int64)


def amounts(table: Array) -> Array:
    """Sums of weights, in their unit, of tables of counts with both integers behind them."""
    return np.asarray(table[..., 1] + table[..., 2] * 2.0**-HALF)


def counted(keys: Array, weights: Array, size: int) -> Array:
    """Counts and sums of weights by key. Sums of a block are below 2 ** 53, so those of floats are exact."""
    columns = [np.bincount(keys, minlength=size), *(np.bincount(keys, column, size) for column in weights.T)]
    return np.stack(columns, axis=1).astype(np.int64)


class WeightedFound(Found):
    """What is known, of rows with weights."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[float] = []

    def add(self, wins: Array, parts: Array) -> None:
        self.parts.append(math.fsum(wins))
        self.wins = math.fsum(self.parts)
        self.add_parts(parts)


class WeightedRanking(Ranking):
    """Counts and sums of weights by scores; a table has three numbers where that of a ranking has one."""

    shape = (TOPS, 2, 3)
    least = 0.0

    def __init__(self, bits: int, kind: str, precision: bool, exact: bool, unit: float) -> None:
        super().__init__(bits, kind, precision, exact)
        self.unit = unit
        self.key_kind: Any = [("key", self.key_kind if bits == 64 else np.uint32), ("weights", np.int32, 2)]
        self.found = WeightedFound()

    def begin(self) -> Found:
        return WeightedFound()

    @property
    def amounts_of_all(self) -> tuple[float, float]:
        negatives, positives = amounts(self.counts.sum(axis=0)).tolist()
        return negatives, positives

    @property
    def sizes(self) -> tuple[float, float]:
        negatives, positives = self.amounts_of_all
        return negatives * self.unit, positives * self.unit

    def each(self, table: Array) -> Array:
        return amounts(table)

    def products(self, n: Array, p: Array) -> float:
        return math.fsum(n * p)

    def left_of(self, node: Node) -> Left:
        return self._left(node.counts, node.below + np.cumsum(node.counts, axis=0) - node.counts)

    def _left(self, table: Array, below: Array) -> Left:
        """What scores leave, of each of which there are sums of both labels, and of those below."""
        all_of = self.counts.sum(axis=0)
        n, p = amounts(table).T
        below_n, _ = amounts(below).T
        misses, hits = amounts(all_of - below).T
        negatives, positives = amounts(all_of)
        shown = np.where(p > 0.0, hits + misses, 1.0)
        shares = amounts(below + table) / (negatives, positives)
        parts = np.zeros((len(table), 4))
        parts[:, 2], parts[:, 3] = p * hits / shown, np.abs(shares[:, 0] - shares[:, 1])
        return Left(p * (2.0 * below_n + n), parts)

    def put(self, keys: Array, weights: Array | None) -> None:
        assert self.keys is not None and weights is not None
        if self.keeps:
            some = self.keys[self.filled : self.filled + len(keys)]
            some["key"], some["weights"] = keys, weights
        else:
            columns = self.keys.reshape(-1, 3).T
            np.add.at(columns[0], keys, 1)
            for column, values in zip(columns[1:], weights.T, strict=True):
                np.add.at(column, keys, values)

    def left_of_keys(self, keys: Array, ends: Array, below: Array, known: Array, name: str) -> Left:
        given, places = keys["key"], None
        if self.bits == 64:
            places = np.argsort(given)  # of equal keys in any order: what is added are integers
            ordered = given[places]
        else:  # numbers are sorted in half the time of their places
            ordered = (given.astype(np.int64) << 30) | np.arange(len(given))
            ordered.sort()
        all_of = self.counts.sum(axis=0)
        left = walk_weighted(self.backend, ordered, places, keys, ends[1::2], below=below, all_of=all_of)
        left.wins[known] = 0.0
        left.parts[known] = 0.0
        return left

    def sides(self) -> Any:
        for column in (self.counts[:, label] for label in (0, 1)):
            yield amounts(np.cumsum(column[::-1], axis=0)) * self.unit

    def auc_error(self, area: float) -> float:
        return math.nan


__all__ = ["WeightedRanking", "counted", "rows_of", "split", "unit_of"]
