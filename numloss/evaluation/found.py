"""What an evaluation finds, piece by piece."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data.source import Array


def ratio(total: float, weight: float) -> float:
    """The mean; NaN if nothing counts, as nothing has no mean."""
    return total / weight if weight else math.nan


def reach_of(level: float) -> float:
    """How many standard errors an interval of a level reaches to both sides."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + level / 2.0)


@dataclass(frozen=True)
class Interval:
    """A confidence interval of a mean, from the jackknife over rows and the normal distribution."""

    level: float
    low: float
    high: float
    error: float


@dataclass(frozen=True)
class Distribution:
    """How the losses of rows are spread: exactly as long as they are few, otherwise to 9 binary digits."""

    least: float
    most: float
    lower: Array
    upper: Array
    counts: Array

    def quantile(self, q: float) -> float:
        """The loss of the row with the floor of this share of all others before it: exact for the first and the last,
        otherwise less than the width of a bin away, 1/512 of itself. NaN without rows."""
        if not len(self.counts):
            return math.nan
        last = int(self.counts.sum()) - 1
        rank = math.floor(q * last)
        if rank in (0, last):
            return self.least if rank == 0 else self.most
        below = np.cumsum(self.counts) - self.counts
        k = int(np.searchsorted(below, rank, side="right")) - 1
        share = (rank - below[k] + 0.5) / self.counts[k]
        low, high = max(float(self.lower[k]), self.least), min(float(self.upper[k]), self.most)
        return low if math.isinf(low) or math.isinf(high) else low + min(float(share), 1.0) * (high - low)

    def histogram(self, bins: int = 30) -> tuple[Array, Array]:
        """Counts of rows between edges at equal distances from the least to the largest finite loss."""
        middle = np.maximum(self.lower, self.least) / 2.0 + np.minimum(self.upper, self.most) / 2.0
        inner = np.isfinite(middle)
        counts, ends = np.histogram(middle[inner] / 4.0, bins, weights=self.counts[inner])  # so that no range overflows
        return counts, ends * 4.0


@dataclass(frozen=True)
class GroupMeans:
    """Losses by key: for each key the sum, the weight and the number of rows.

    Keys of several parts have two axes, one row for each key.
    """

    keys: Array
    sums: Array
    weights: Array
    rows: Array
    errors: Array | None = None
    level: float = 0.0

    @property
    def intervals(self) -> Array:
        """Both ends of the confidence interval of each mean; they are NaN where no interval was asked for."""
        reach = np.nan if self.errors is None else reach_of(self.level) * self.errors
        return np.stack([self.means - reach, self.means + reach], axis=1)

    @property
    def means(self) -> Array:
        """The weighted mean of each group; NaN where nothing counts."""
        return np.divide(self.sums, self.weights, out=np.full_like(self.sums, np.nan), where=self.weights > 0.0)


@dataclass(frozen=True)
class BadRow:
    """A row with its loss, its number among all rows, and where it stands."""

    loss: float
    row: int
    file: str
    row_in_file: int
    shown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """One loss over all rows: its weighted sum, the sum of the weights, and what else was asked for."""

    model: str
    loss: str
    options: dict[str, Any]
    label: str
    total: float
    weight: float
    nans: int = 0
    nan_rows: tuple[BadRow, ...] = ()
    interval: Interval | None = None
    quantiles: tuple[tuple[float, float], ...] = ()
    distribution: Distribution | None = None
    worst: tuple[BadRow, ...] = ()
    groups: GroupMeans | None = None

    @property
    def mean(self) -> float:
        """The weighted mean; NaN if nothing counts."""
        return ratio(self.total, self.weight)


@dataclass(frozen=True)
class GroupValues:
    """A metric by key: for each key its value, and the number of rows. Keys are as those of `GroupMeans`.

    A value is never below `least`, nor above 1.
    """

    keys: Array
    values: Array
    rows: Array
    errors: Array | None = None
    level: float = 0.0
    least: float = -math.inf

    @property
    def intervals(self) -> Array:
        """Both ends of the confidence interval of each value; they are NaN where no interval was asked for."""
        reach = np.nan if self.errors is None else reach_of(self.level) * self.errors
        return np.stack([np.maximum(self.values - reach, self.least), np.minimum(self.values + reach, 1.0)], axis=1)


@dataclass(frozen=True)
class MetricValue:
    """A metric over all rows: its value, and the ends between which it certainly is where not all was looked at.

    `figures` and `tables` are what else is known, as the metric has it: figures by name, columns of tables by name.
    Where rows were NaN and are not left out, so is the value.
    """

    model: str
    metric: str
    options: dict[str, Any]
    label: str
    value: float
    low: float
    high: float
    rows: int
    nans: int = 0
    nan_rows: tuple[BadRow, ...] = ()
    interval: Interval | None = None
    figures: dict[str, float] = field(default_factory=dict)
    tables: dict[str, dict[str, Array]] = field(default_factory=dict)
    groups: GroupValues | None = None

    @property
    def exact(self) -> bool:
        """Whether the ends are the value."""
        return self.low == self.high


@dataclass(frozen=True)
class Difference:
    """Mean of one score less that of another, row by row on the rows that count in both.

    `p` is how likely a difference as large is by chance, where there is none, by the normal distribution; `holm` the
    same where all differences of an evaluation are looked at, by Holm's correction.
    """

    first: str
    second: str
    mean: float
    interval: Interval
    p: float = math.nan
    holm: float = math.nan


@dataclass(frozen=True)
class Found:
    """The scores of all losses on all sets of predictions, and what it took to read their inputs once."""

    scores: tuple[Score, ...]
    differences: tuple[Difference, ...]
    rows: int
    bytes: int
    seconds: float
    losses_to: tuple[str, ...] = ()
    gradients_to: tuple[str, ...] = ()
    metrics: tuple[MetricValue, ...] = ()

    @property
    def rows_per_second(self) -> float:
        """Rows of all files together count once."""
        return self.rows / self.seconds

    @property
    def gigabytes_per_second(self) -> float:
        """Bytes of all files, in units of 10**9."""
        return self.bytes / self.seconds / 1e9


def names_of(found: Score | MetricValue) -> tuple[str, str, str]:
    """What a score or metric may be called: its name, that with options, and that after the name of predictions."""
    name = found.loss if isinstance(found, Score) else found.metric
    return name, found.label.removeprefix(f"{found.model}."), found.label
