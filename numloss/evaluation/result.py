"""What an evaluation found: as objects, as plain data, as tables, as a picture."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.extras import optional
from ..common.files import finite, write_json
from ..common.tables import Section, as_text, page
from ..data.source import Array
from .plan import Plan
from .spread import Bins
from .totals import Groups, Moments, Total

if TYPE_CHECKING:
    from rich.console import Group

    from .question import Question

# Rows of a table of groups that are printed; the object and JSON hold all of them.
SHOWN_GROUPS = 20


def ratio(total: float, weight: float) -> float:
    """The mean; NaN if nothing counts, as nothing has no mean."""
    return total / weight if weight else math.nan


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
        """The loss of the row that has this share of the others below it, within 0.2 %; NaN without rows."""
        if not len(self.counts):
            return math.nan
        rank = math.floor(q * (int(self.counts.sum()) - 1))
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
class Difference:
    """Mean of one score less that of another, row by row on the rows that count in both."""

    first: str
    second: str
    mean: float
    interval: Interval


@dataclass(frozen=True)
class Evaluation:
    """The scores of all losses on all sets of predictions, and what it took to read their inputs once."""

    scores: tuple[Score, ...]
    differences: tuple[Difference, ...]
    rows: int
    bytes: int
    seconds: float
    losses_to: tuple[str, ...] = ()
    gradients_to: tuple[str, ...] = ()

    @property
    def rows_per_second(self) -> float:
        """Rows of all files together count once."""
        return self.rows / self.seconds

    @property
    def gigabytes_per_second(self) -> float:
        """Bytes of all files, in units of 10**9."""
        return self.bytes / self.seconds / 1e9

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data. NaN and infinity, which JSON does not have, are None."""
        rates = {name: getattr(self, name) for name in ("rows_per_second", "gigabytes_per_second")}
        return {**plain(self), **rates}  # type: ignore[dict-item]

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Everything as JSON; written to a file too if a path is given."""
        content = self.to_dict()
        if path is not None:
            write_json(path, content)
        return json.dumps(content, indent=2, allow_nan=False)

    def plot(self, ax: Any = None) -> Any:
        """Draw the means with their intervals, or histograms of the losses of rows if quantiles were asked for.

        Returns the axes of matplotlib; without `ax` a figure of its own is made, and nothing is shown.
        """
        if ax is None:
            # a Figure of its own: pyplot would choose a window system and keep the figure in the process
            module = optional("matplotlib.figure", "plot", "drawing an evaluation")
            ax = module.Figure(figsize=(7, 4), layout="constrained").subplots()
        spread = [score for score in self.scores if score.distribution is not None]
        for score in spread:
            assert score.distribution is not None
            counts, ends = score.distribution.histogram()
            ax.stairs(counts, ends, label=score.label)
        if spread:
            ax.set(xlabel="loss of a row", ylabel="rows", yscale="log")
            ax.legend()
            return ax
        labels, means = [score.label for score in self.scores], [score.mean for score in self.scores]
        bars = ax.barh(labels, means)
        for bar, score in zip(bars, self.scores, strict=True):
            if score.interval is not None:
                middle = bar.get_y() + bar.get_height() / 2
                ax.hlines(middle, score.interval.low, score.interval.high, color="black")
        ax.invert_yaxis()
        ax.set(xlabel="mean loss")
        return ax

    def sections(self) -> Iterator[Section]:
        """The tables that are printed: titles, names of columns, and rows."""
        yield self._summary()
        if self.differences:
            rows = [
                (f"{d.first} - {d.second}", d.mean, d.interval.low, d.interval.high, d.interval.error)
                for d in self.differences
            ]
            yield "paired differences", ("", "mean", "low", "high", "standard error"), rows
        if self.scores[0].quantiles:
            names = [f"{q:g}" for q, _ in self.scores[0].quantiles]
            yield "quantiles of the loss of a row", ("", *names), [
                (score.label, *(value for _, value in score.quantiles)) for score in self.scores
            ]
        for score in self.scores:
            if score.groups is not None:
                g = score.groups
                names = [", ".join(map(str, key)) if isinstance(key, list) else key for key in g.keys.tolist()]
                columns = zip(names, *(of.tolist() for of in (g.means, g.sums, g.weights, g.rows)), strict=True)
                more = f", the first {SHOWN_GROUPS} of {len(g.keys)}" if len(g.keys) > SHOWN_GROUPS else ""
                title = f"{score.label} by group{more}"
                yield title, ("group", "mean", "sum", "weight", "rows"), list(columns)[:SHOWN_GROUPS]
        for score in self.scores:
            if score.worst:
                found = [(bad.loss, bad.row, bad.file, bad.row_in_file) for bad in score.worst]
                yield f"{score.label}: the worst rows", ("loss", "row", "file", "row in it"), found

    def _summary(self) -> Section:
        title = (
            f"{self.rows} rows in {self.seconds:.3g} s: "
            f"{self.rows_per_second:.3g} rows/s, {self.gigabytes_per_second:.3g} GB/s"
        )
        columns: dict[str, list[Any]] = {}
        if any(score.model for score in self.scores):
            columns["predictions"] = [score.model for score in self.scores]
        columns["loss"] = [score.loss for score in self.scores]
        columns["options"] = [", ".join(f"{k}={v}" for k, v in score.options.items()) for score in self.scores]
        columns["mean"] = [score.mean for score in self.scores]
        intervals = [score.interval for score in self.scores if score.interval is not None]
        if intervals:
            columns[f"{intervals[0].level:g} interval"] = [f"{i.low:.6g} to {i.high:.6g}" for i in intervals]
        columns["sum"] = [score.total for score in self.scores]
        columns["weight"] = [score.weight for score in self.scores]
        if any(score.nans for score in self.scores):
            columns["NaN rows"] = [_nans(score) for score in self.scores]
        return title, tuple(columns), list(zip(*columns.values(), strict=True))

    def __rich__(self) -> Group:
        return page(self.sections())

    def __str__(self) -> str:
        return as_text(page(self.sections()))


def _nans(score: Score) -> str:
    shown = ", ".join(str(bad.row) for bad in score.nan_rows[:3])
    return f"{score.nans}: {shown}{', ...' if score.nans > 3 else ''}" if score.nans else "0"


def plain(value: Any) -> Any:
    """Objects of this module as dictionaries, all else in types of JSON."""
    if isinstance(value, Distribution):
        return {"least": plain(value.least), "most": plain(value.most), "rows": int(value.counts.sum())}
    if isinstance(value, GroupMeans):
        columns = {"keys": value.keys, "means": value.means, "sums": value.sums, "weights": value.weights}
        return {name: plain(of.tolist()) for name, of in {**columns, "rows": value.rows}.items()}
    if hasattr(value, "__dataclass_fields__"):
        fields = {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
        return {**fields, "mean": plain(value.mean)} if isinstance(value, Score) else fields
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return finite(value)


def result_of(
    plan: Plan, totals: Sequence[Total], pairs: Sequence[tuple[str, str]], question: Question, seconds: float
) -> Evaluation:
    """The totals as what is asked for."""
    count = len(plan.series)
    scores = tuple(_score(plan, k, total, question) for k, total in enumerate(totals[:count]))
    differences = []
    for (first, second), total in zip(pairs, totals[count:], strict=True):
        mean = ratio(total.total.value, total.weight.value)
        assert total.moments is not None and question.interval is not None
        differences.append(Difference(first, second, mean, _interval(total.moments, mean, total, question.interval)))
    written = [tuple(output.path for output in outputs) for outputs in (plan.losses_to, plan.gradients_to)]
    return Evaluation(scores, tuple(differences), plan.rows, plan.rows * plan.row_bytes, seconds, *written)


def _score(plan: Plan, k: int, total: Total, question: Question) -> Score:
    series = plan.series[k]
    value, weight = total.total.value, total.weight.value
    source = plan.sources[series.inputs[series.loss.differentiable[0]]]

    def bad(loss: float, row: int) -> BadRow:
        return BadRow(loss, row, *source.place(row))

    interval = None
    if total.moments is not None and question.interval is not None:
        interval = _interval(total.moments, ratio(value, weight), total, question.interval)
    spread = None if total.bins is None else _distribution(total.bins)
    return Score(
        series.model,
        series.loss.name,
        series.options,
        series.label,
        value,
        weight,
        total.nans,
        tuple(bad(math.nan, row) for row in total.nan_rows),
        interval,
        tuple((q, spread.quantile(q)) for q in question.quantiles) if spread is not None else (),
        spread,
        tuple(bad(loss, row) for loss, row in total.worst),
        None if total.groups is None else _groups(total.groups),
    )


def _interval(moments: Moments, mean: float, total: Total, level: float) -> Interval:
    from statistics import NormalDist

    error = moments.error(mean, total.weight.value)
    reach = NormalDist().inv_cdf(0.5 + level / 2.0) * error
    return Interval(level, mean - reach, mean + reach, error)


def _distribution(bins: Bins) -> Distribution:
    return Distribution(bins.least, bins.most, *bins.limits(), bins.tally.counts)


def _groups(groups: Groups) -> GroupMeans:
    sums, weights, rows = groups.table.T
    keys = groups.keys
    if len({column.dtype.kind for column in keys}) > 1:  # numbers beside text, which NumPy would make text of
        keys = tuple(column.astype(object) for column in keys)
    found = keys[0] if len(keys) == 1 else np.stack(keys, axis=1) if keys else np.zeros(0, np.int64)
    return GroupMeans(found, sums, weights, rows.astype(np.int64))
