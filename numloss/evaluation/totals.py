"""What blocks add up to. Blocks are added in the order of the rows, so the result does not depend on who computed them.

Every total can be saved as plain data and taken up again, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..data.source import Array
from .spread import Bins, Tally

FIRST_ROWS = 10
# Keys that lie so close together are counted in an array, which takes a tenth of the time of sorting them.
SPAN = 1 << 16
# Where the reference of moments stands in a table of groups.
REFERENCE = 3
GLANCE = 1 << 12
# Losses of which the largest is looked at, to find those that are among the worst.
PIECE = 64


@dataclass
class RowPart:
    """What a block says of the losses of its rows: counts of bins, ends, the worst, moments, groups."""

    bins: Tally | None = None
    ends: tuple[float, float] = (math.inf, -math.inf)
    worst: list[tuple[float, int]] = field(default_factory=list)
    moments: tuple[float, ...] | None = None
    groups: tuple[tuple[Array, ...], Array] | None = None
    clusters: tuple[tuple[Array, ...], Array] | None = None


@dataclass
class Part:
    """What a block gives to one series, or several blocks one after the other: the sums of each of them."""

    totals: list[float]
    weights: list[float]
    nans: int = 0
    nan_rows: tuple[int, ...] = ()
    rows: RowPart | None = None
    counts: list[Any] | None = None


class Sum:
    """A sum of floats that keeps what each addition rounds away."""

    def __init__(self) -> None:
        self.high = self.low = 0.0

    def add(self, values: Iterable[float]) -> None:
        """Add numbers one by one."""
        high, low = self.high, self.low
        for value in values:
            total = high + value
            added = total - high
            low += (high - (total - added)) + (value - added)
            high = total
        self.high, self.low = high, low

    @property
    def value(self) -> float:
        """The sum, rounded once; where it is infinite or NaN, what plain addition gives."""
        return self.high + self.low if math.isfinite(self.high) else self.high


class Moments:
    """Squares of what rows differ from the mean, for the jackknife of a ratio of sums.

    With the sum s and the weight w of each row and a reference m, it keeps the number of rows and the sums of
    (s - m w)^2, (s - m w) w and w^2. The reference is the mean of the first block, so that little cancels.
    """

    def __init__(self) -> None:
        self.numbers = [0.0] * 5

    def add(self, part: tuple[float, ...]) -> None:
        """Add the moments of a block, which has a reference of its own."""
        count, reference, squares, products, weights = part
        if not self.numbers[0]:
            self.numbers = list(part)
            return
        shift = reference - self.numbers[1]
        self.numbers[0] += count
        self.numbers[2] += squares + 2.0 * shift * products + shift * shift * weights
        self.numbers[3] += products + shift * weights
        self.numbers[4] += weights

    def error(self, mean: float, weight: float) -> float:
        """The standard error of the mean; NaN for fewer than two rows."""
        count, reference, squares, products, weights = self.numbers
        if count < 2 or not weight:
            return math.nan
        shift = reference - mean
        variance = squares + 2.0 * shift * products + shift * shift * weights
        return math.sqrt(max(variance, 0.0) * count / (count - 1)) / weight


def moments_of(sums: Array, weights: Array | float) -> tuple[float, ...]:
    """The moments of a block of rows that count, around its own mean; of rows that count the same, with one weight."""
    count = float(len(sums))
    total = count * weights if isinstance(weights, float) else float(weights.sum())
    with np.errstate(invalid="ignore", over="ignore"):  # an infinite loss leaves no interval
        reference = float(sums.sum()) / total if total else 0.0
        rest = sums - reference * weights
        squares = float((rest * rest).sum())
        if isinstance(weights, float):  # a whole number: what is left out here is exact
            return count, reference, squares, float((rest if weights == 1.0 else rest * weights).sum()), total * weights
        return count, reference, squares, float((rest * weights).sum()), float((weights * weights).sum())


class Groups:
    """Sum of losses, sum of weights and number of rows for each key; a key may have several parts, a column each.

    Where errors are wanted, there are five columns more: a reference, and what `Moments` keeps around it.
    """

    def __init__(self) -> None:
        self.keys: tuple[Array, ...] = ()
        self.table = np.zeros((0, 3))

    def add(self, keys: tuple[Array, ...], table: Array) -> None:
        """Add a block: its keys, each once and in order, and a row of the table for each."""
        if self.keys:
            keys = tuple(np.concatenate(both) for both in zip(self.keys, keys, strict=True))
            table = np.concatenate([self.table, table])
        self.keys, self.table = grouped(keys, table)

    def errors(self) -> Array:
        """The standard error of the mean of each key; NaN for fewer than two rows."""
        sums, weights, _, reference, squares, products, heavy, rows = self.table.T
        with np.errstate(invalid="ignore", divide="ignore"):
            shift = reference - sums / weights
            variance = squares + 2.0 * shift * products + shift * shift * heavy
            found = np.sqrt(np.maximum(variance, 0.0) * rows / (rows - 1.0)) / weights
        return np.where(rows > 1.0, found, np.nan)

    def over_clusters(self, parts: int) -> Array:
        """The standard errors of means by the first parts of a key, whose rows belong together by the others.

        The jackknife that leaves out a cluster at a time, to first order.
        """
        size, place = 1, np.zeros(len(self.table), np.intp)
        if parts:
            some, place = numbered(self.keys[:parts])
            size = len(some)
        sums, weights = self.table[:, 0], self.table[:, 1]
        total, weight, count = (np.bincount(place, column, size) for column in (sums, weights, weights > 0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            rest = sums - (total / weight)[place] * weights
            found = np.sqrt(np.bincount(place, rest * rest, size) * count / (count - 1.0)) / weight
        return np.where(count > 1.0, found, np.nan)

    def state(self) -> list[Any]:
        """All of it as plain data."""
        return [[[column.dtype.str, column.tolist()] for column in self.keys], self.table.tolist()]

    def take_up(self, state: list[Any]) -> None:
        """Go on from what `state` gave."""
        self.keys = tuple(np.array(values, dtype) for dtype, values in state[0])
        self.table = np.array(state[1], np.float64).reshape(len(state[1]), -1 if state[1] else 3)


def grouped(keys: tuple[Array, ...], table: Array) -> tuple[tuple[Array, ...], Array]:
    """Each key once and in order, with the sum of its rows of the table, added up in their order."""
    rows, place = numbered(keys)
    if table.shape[1] > REFERENCE:
        table = around_first(table, place, len(rows))
    sums = [np.bincount(place, column, len(rows)) for column in table.T]
    found = np.stack(sums, axis=1, dtype=np.float64)
    if table.shape[1] > REFERENCE:
        found[place, REFERENCE] = table[:, REFERENCE]
    return tuple(column[rows] for column in keys), found


def around_first(table: Array, place: Array, size: int) -> Array:
    """A table with moments, all of a key around the reference of its first row."""
    first = np.zeros(size)
    first[place[::-1]] = table[::-1, REFERENCE]
    moved = table.copy()
    with np.errstate(invalid="ignore", over="ignore"):  # an infinite loss leaves no interval
        shift = table[:, REFERENCE] - first[place]
        moved[:, REFERENCE + 1] += 2.0 * shift * table[:, REFERENCE + 2] + shift * shift * table[:, REFERENCE + 3]
        moved[:, REFERENCE + 2] += shift * table[:, REFERENCE + 3]
    moved[:, REFERENCE] = first[place]
    return moved


def numbered(keys: tuple[Array, ...]) -> tuple[Array, Array]:
    """A row that has each key, in the order of the keys, and which of them each row has."""
    rows, place = _distinct(keys[0])
    for column in keys[1:]:
        some, parts = _distinct(column)
        rows, place = _distinct(place * len(some) + parts)
    return rows, place


def _distinct(values: Array) -> tuple[Array, Array]:
    """An entry that has each value, in the order of the values, and which of them each entry is."""
    if values.dtype.kind in "iu" and len(values) and int(values.max()) - int(values.min()) < SPAN:
        from_least = (values - values.min()).astype(np.intp, copy=False)
        there = np.flatnonzero(np.bincount(from_least))
        table = np.full(int(there[-1]) + 1, -1, np.intp)
        glance = from_least[:GLANCE]  # most keys come soon
        table[glance] = np.arange(len(glance))
        if (table[there] < 0).any():
            table[from_least] = np.arange(len(values))
        entries = table[there]
        table[there] = np.arange(len(there))
        return entries, table[from_least]
    _, entries, place = np.unique(values, return_index=True, return_inverse=True)
    return entries, place


def columns_of(keys: Array) -> list[Array]:
    """The parts of keys, a column each. Integers are those of 64 bits, as which they are counted, but never wrap."""
    if keys.dtype.kind == "S":
        keys = np.char.decode(keys, "utf-8")
    wide = keys
    if keys.dtype.kind in "iu":
        wide = keys.astype(np.uint64 if keys.dtype == np.uint64 else np.int64, copy=False)
    return [wide] if wide.ndim == 1 else list(wide.T)


class Keys:
    """The keys of the rows of a block: each once and in order, which of them each row has, how many rows have it."""

    def __init__(self, columns: tuple[Array, ...]) -> None:
        some, self.place = numbered(columns)
        self.keys = tuple(column[some] for column in columns)
        self.rows = np.bincount(self.place, minlength=len(some)).astype(np.float64)

    def table(self, sums: Array, weights: Array | float, moments: bool = False) -> Array:
        """For each key the sums of losses and of weights, and the number of rows; with `moments` those, too."""
        size = len(self.rows)
        even = isinstance(weights, float)
        counts = weights * self.rows if even else np.bincount(self.place, weights, size)
        total = np.bincount(self.place, sums, size)
        if not moments:
            return np.stack([total, counts, self.rows], axis=1)
        reference = np.divide(total, counts, out=np.zeros(size), where=counts > 0.0)
        with np.errstate(invalid="ignore", over="ignore"):  # an infinite loss leaves no interval
            rest = sums - reference[self.place] * weights
            more = [rest * rest, rest * weights, np.broadcast_to(np.square(weights), sums.shape)]
        more.append(np.broadcast_to(np.greater(weights, 0.0), sums.shape))
        columns = [total, counts, self.rows, reference, *(np.bincount(self.place, column, size) for column in more)]
        return np.stack(columns, axis=1)


def worst_of(losses: Array, most: int) -> list[tuple[float, int]]:
    """The largest losses with their places, the largest first, and among equal ones the first place."""
    near = np.arange(len(losses))
    if len(losses) > most:
        # all that are as large as the last one taken: which of several equal ones are cut off must not be chance
        near = np.flatnonzero(losses >= reached(losses, most))
    order = near[np.lexsort((near, -losses[near]))[:most]]
    return [(float(losses[k]), int(k)) for k in order]


def reached(losses: Array, most: int) -> float:
    """What at least so many losses reach, and few more: so many of the largest of a few each do."""
    pieces = len(losses) // PIECE
    tops = losses if pieces < most else losses[: pieces * PIECE].reshape(PIECE, pieces).max(axis=0)
    return float(np.partition(tops, len(tops) - most)[len(tops) - most])


class Adding(Protocol):
    """What blocks are added to, in their order."""

    def add(self, part: Part) -> None:
        """Add the part of the next blocks."""

    def state(self) -> Any:
        """What there is so far, as plain data."""

    def take_up(self, state: Any) -> None:
        """Go on from what `state` gave."""


class Total:
    """Everything about one series."""

    def __init__(self, bins: bool, worst: int, interval: bool, groups: bool, clusters: bool = False) -> None:
        self.total, self.weight = Sum(), Sum()
        self.nans, self.nan_rows = 0, ()  # type: tuple[int, tuple[int, ...]]
        self.bins = Bins() if bins else None
        self.most, self.worst = worst, []  # type: tuple[int, list[tuple[float, int]]]
        self.moments = Moments() if interval else None
        self.groups = Groups() if groups else None
        self.clusters = Groups() if clusters else None

    @property
    def key_parts(self) -> int:
        """How many columns keys of groups have."""
        return len(self.groups.keys) if self.groups is not None else 0

    def error(self, mean: float) -> float:
        """The standard error of the mean."""
        if self.clusters is not None:
            found = self.clusters
            if not found.keys:
                return math.nan
            both = Groups()
            both.add(found.keys[self.key_parts :], found.table)
            return float(both.over_clusters(0)[0])
        assert self.moments is not None
        return self.moments.error(mean, self.weight.value)

    def add(self, part: Part) -> None:
        """Add the part of the next blocks."""
        self.total.add(part.totals)
        self.weight.add(part.weights)
        self.nans += part.nans
        self.nan_rows = (self.nan_rows + part.nan_rows)[:FIRST_ROWS]
        rows = part.rows
        if rows is None:
            return
        if self.bins is not None and rows.bins is not None:
            self.bins.add(rows.bins, rows.ends)
        if rows.worst:
            self.worst = sorted([*self.worst, *rows.worst], key=lambda found: (-found[0], found[1]))[: self.most]
        if self.moments is not None and rows.moments is not None:
            self.moments.add(rows.moments)
        if self.groups is not None and rows.groups is not None:
            self.groups.add(*rows.groups)
        if self.clusters is not None and rows.clusters is not None:
            self.clusters.add(*rows.clusters)

    def state(self) -> dict[str, Any]:
        """What there is so far, as plain data."""
        return {
            "sums": [self.total.high, self.total.low, self.weight.high, self.weight.low],
            "nans": [self.nans, *self.nan_rows],
            "bins": None if self.bins is None else self.bins.state(),
            "worst": [list(found) for found in self.worst],
            "moments": None if self.moments is None else self.moments.numbers,
            "groups": None if self.groups is None else self.groups.state(),
            "clusters": None if self.clusters is None else self.clusters.state(),
        }

    def take_up(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.total.high, self.total.low, self.weight.high, self.weight.low = state["sums"]
        self.nans, *rows = state["nans"]
        self.nan_rows = tuple(rows)
        self.worst = [(loss, row) for loss, row in state["worst"]]
        if self.bins is not None:
            self.bins.take_up(state["bins"])
        if self.moments is not None:
            self.moments.numbers = list(state["moments"])
        if self.groups is not None:
            self.groups.take_up(state["groups"])
        if self.clusters is not None:
            self.clusters.take_up(state["clusters"])
