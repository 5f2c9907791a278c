"""What blocks add up to. Blocks are added in the order of the rows, so the result does not depend on who computed them.

Every total can be saved as plain data and taken up again, bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data.source import Array

# Losses are counted by the upper 17 bits of their float32: sign, exponent and 8 bits of the fraction.
DROPPED_BITS = 15
BINS = 1 << (32 - DROPPED_BITS)
FIRST_ROWS = 10


@dataclass
class RowPart:
    """What a block says of the losses of its rows: counts of bins, ends, the worst, moments, groups."""

    bins: tuple[Array, Array] | None = None
    ends: tuple[float, float] = (math.inf, -math.inf)
    worst: list[tuple[float, int]] = field(default_factory=list)
    moments: tuple[float, ...] | None = None
    groups: tuple[Array, Array] | None = None


@dataclass
class Part:
    """What a block gives to one series."""

    total: float
    weight: float
    nans: int = 0
    nan_rows: tuple[int, ...] = ()
    rows: RowPart | None = None


class Sum:
    """A sum of floats that keeps what each addition rounds away."""

    def __init__(self) -> None:
        self.high = self.low = 0.0

    def add(self, value: float) -> None:
        """Add one number."""
        total = self.high + value
        added = total - self.high
        self.low += (self.high - (total - added)) + (value - added)
        self.high = total

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


def moments_of(sums: Array, weights: Array) -> tuple[float, ...]:
    """The moments of a block of rows that count, around its own mean."""
    total = float(weights.sum())
    with np.errstate(invalid="ignore", over="ignore"):  # an infinite loss leaves no interval
        reference = float(sums.sum()) / total if total else 0.0
        rest = sums - reference * weights
        squares = [float((a * b).sum()) for a, b in ((rest, rest), (rest, weights), (weights, weights))]
    return float(len(sums)), reference, *squares


class Groups:
    """Sum of losses, sum of weights and number of rows for each key."""

    def __init__(self) -> None:
        self.keys = np.zeros(0, np.int64)
        self.table = np.zeros((0, 3))

    def add(self, keys: Array, table: Array) -> None:
        """Add a block: its keys, each once and in order, and a row of the table for each."""
        known = np.union1d(self.keys, keys)
        if len(known) > len(self.keys):
            grown = np.zeros((len(known), 3))
            grown[np.searchsorted(known, self.keys)] = self.table
            self.keys, self.table = known, grown
        self.table[np.searchsorted(self.keys, keys)] += table


def groups_of(keys: Array, sums: Array, weights: Array) -> tuple[Array, Array]:
    """The keys of a block, and for each its sums."""
    found, place = np.unique(keys, return_inverse=True)
    columns = [np.bincount(place, of, len(found)) for of in (sums, weights, np.ones(len(sums)))]
    return found.astype(np.int64), np.stack(columns, axis=1)


class Bins:
    """How often losses occur, to 9 binary digits: enough for quantiles within 0.2 %."""

    def __init__(self) -> None:
        self.counts = np.zeros(BINS, np.int64)
        self.least, self.most = math.inf, -math.inf

    def add(self, found: tuple[Array, Array], ends: tuple[float, float]) -> None:
        """Add a block."""
        self.counts[found[0]] += found[1]
        self.least, self.most = min(self.least, ends[0]), max(self.most, ends[1])


def bins_of(losses: Array) -> tuple[Array, Array]:
    """The bins of some losses, none of them NaN, and how many fall into each."""
    with np.errstate(over="ignore"):
        bits = losses.astype(np.float32).view(np.uint32)
    # negative floats count downwards: with their bits turned over, all are in order
    ordered = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    counts = np.bincount(ordered >> DROPPED_BITS, minlength=BINS)
    found = np.flatnonzero(counts)
    return found, counts[found]


def edges(found: Array) -> tuple[Array, Array]:
    """Lower and upper end of some bins; those of the infinities end there, not at the NaNs beyond."""
    ends = []
    for last in (0, (1 << DROPPED_BITS) - 1):
        ordered = ((found.astype(np.int64) << DROPPED_BITS) + last).astype(np.uint32)
        bits = np.where(ordered >> 31, ordered & np.uint32((1 << 31) - 1), ~ordered)
        ends.append(bits.astype(np.uint32).view(np.float32))
    lower, upper = ends
    lower, upper = np.where(np.isnan(lower), upper, lower), np.where(np.isnan(upper), lower, upper)
    return lower.astype(np.float64), upper.astype(np.float64)


def worst_of(losses: Array, rows: Array, most: int) -> list[tuple[float, int]]:
    """The largest losses with their rows, the largest first, and among equal ones the first row."""
    if len(losses) > most:
        # all that are as large as the last one taken: which of several equal ones are cut off must not be chance
        kept = losses >= -np.partition(-losses, most - 1)[most - 1]
        losses, rows = losses[kept], rows[kept]
    order = np.lexsort((rows, -losses))[:most]
    return [(float(losses[k]), int(rows[k])) for k in order]


class Total:
    """Everything about one series."""

    def __init__(self, bins: bool, worst: int, interval: bool, groups: bool) -> None:
        self.total, self.weight = Sum(), Sum()
        self.nans, self.nan_rows = 0, ()  # type: tuple[int, tuple[int, ...]]
        self.bins = Bins() if bins else None
        self.most, self.worst = worst, []  # type: tuple[int, list[tuple[float, int]]]
        self.moments = Moments() if interval else None
        self.groups = Groups() if groups else None

    def add(self, part: Part) -> None:
        """Add the part of the next block."""
        self.total.add(part.total)
        self.weight.add(part.weight)
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

    def state(self) -> dict[str, Any]:
        """What there is so far, as plain data."""
        found = np.flatnonzero(self.bins.counts) if self.bins is not None else None
        return {
            "sums": [self.total.high, self.total.low, self.weight.high, self.weight.low],
            "nans": [self.nans, *self.nan_rows],
            "bins": None if self.bins is None else [found.tolist(), self.bins.counts[found].tolist()],  # type: ignore[union-attr]
            "ends": None if self.bins is None else [self.bins.least, self.bins.most],
            "worst": [list(found) for found in self.worst],
            "moments": None if self.moments is None else self.moments.numbers,
            "groups": None if self.groups is None else [self.groups.keys.tolist(), self.groups.table.tolist()],
        }

    def take_up(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.total.high, self.total.low, self.weight.high, self.weight.low = state["sums"]
        self.nans, *rows = state["nans"]
        self.nan_rows = tuple(rows)
        self.worst = [(loss, row) for loss, row in state["worst"]]
        if self.bins is not None:
            found, counts = (np.array(values, np.int64) for values in state["bins"])
            self.bins.counts[found] = counts
            self.bins.least, self.bins.most = state["ends"]
        if self.moments is not None:
            self.moments.numbers = list(state["moments"])
        if self.groups is not None:
            self.groups.keys = np.array(state["groups"][0], np.int64)
            self.groups.table = np.array(state["groups"][1], np.float64).reshape(-1, 3)
