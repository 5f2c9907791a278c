"""What an evaluation found: as objects, as plain data, as tables, as a picture."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.extras import optional
from ..common.files import finite, write_json
from ..common.tables import Section, as_text, page
from ..data.source import Array
from ..metrics.result import Figures
from .plan import MetricSeries, Plan
from .spread import Bins
from .totals import Total

if TYPE_CHECKING:
    from rich.console import Group

    from .counting import Counts
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
    errors: Array | None = None
    level: float = 0.0

    @property
    def intervals(self) -> Array:
        """Both ends of the confidence interval of each mean; they are NaN where no interval was asked for."""
        reach = np.nan if self.errors is None else _reach(self.level) * self.errors
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
    """A metric by key: for each key its value, and the number of rows. Keys are as those of `GroupMeans`."""

    keys: Array
    values: Array
    rows: Array
    errors: Array | None = None
    level: float = 0.0


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
class Evaluation:
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
                (f"{d.first} - {d.second}", d.mean, d.interval.low, d.interval.high, d.interval.error, d.p, d.holm)
                for d in self.differences
            ]
            names = ["", "mean", "low", "high", "standard error", "p", "p by Holm"]
            shown = len(names) - (len(rows) == 1)
            yield "paired differences", names[:shown], [row[:shown] for row in rows]
        if self.scores and self.scores[0].quantiles:
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
        if self.metrics:
            yield self._metrics()
        for metric in self.metrics:
            if metric.groups is not None:
                by = metric.groups
                names = [", ".join(map(str, key)) if isinstance(key, list) else key for key in by.keys.tolist()]
                values = list(zip(names, by.values.tolist(), by.rows.tolist(), strict=True))
                more = f", the first {SHOWN_GROUPS} of {len(values)}" if len(values) > SHOWN_GROUPS else ""
                yield f"{metric.label} by group{more}", ("group", "value", "rows"), values[:SHOWN_GROUPS]
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

    def _metrics(self) -> Section:
        columns: dict[str, list[Any]] = {}
        if any(metric.model for metric in self.metrics):
            columns["predictions"] = [metric.model for metric in self.metrics]
        columns["metric"] = [metric.metric for metric in self.metrics]
        columns["options"] = [", ".join(f"{k}={v}" for k, v in metric.options.items()) for metric in self.metrics]
        columns["value"] = [metric.value for metric in self.metrics]
        if not all(metric.exact or metric.value != metric.value for metric in self.metrics):
            columns["certainly"] = [f"{metric.low:.6g} to {metric.high:.6g}" for metric in self.metrics]
        intervals = [metric.interval for metric in self.metrics]
        if any(intervals):
            level = next(each.level for each in intervals if each)
            columns[f"{level:g} interval"] = [f"{i.low:.6g} to {i.high:.6g}" if i else "" for i in intervals]
        columns["rows"] = [metric.rows for metric in self.metrics]
        if any(metric.nans for metric in self.metrics):
            columns["NaN rows"] = [_nans(metric) for metric in self.metrics]
        return "metrics", tuple(columns), list(zip(*columns.values(), strict=True))

    def __rich__(self) -> Group:
        return page(self.sections())

    def __str__(self) -> str:
        return as_text(page(self.sections()))


def _nans(score: Score | MetricValue) -> str:
    shown = ", ".join(str(bad.row) for bad in score.nan_rows[:3])
    return f"{score.nans}: {shown}{', ...' if score.nans > 3 else ''}" if score.nans else "0"


def plain(value: Any) -> Any:
    """Objects of this module as dictionaries, all else in types of JSON."""
    if isinstance(value, Distribution):
        return {"least": plain(value.least), "most": plain(value.most), "rows": int(value.counts.sum())}
    if isinstance(value, GroupValues):
        columns = {"keys": value.keys, "values": value.values, "rows": value.rows}
        columns |= {} if value.errors is None else {"errors": value.errors}
        return {name: plain(of.tolist()) for name, of in columns.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, GroupMeans):
        columns = {"keys": value.keys, "means": value.means, "sums": value.sums, "weights": value.weights}
        if value.errors is not None:
            columns |= {"errors": value.errors, "intervals": value.intervals}
        return {name: plain(of.tolist()) for name, of in {**columns, "rows": value.rows}.items()}
    if hasattr(value, "__dataclass_fields__"):
        fields = {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
        if isinstance(value, MetricValue):
            fields["exact"] = value.exact
        return {**fields, "mean": plain(value.mean)} if isinstance(value, Score) else fields
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return finite(value)


def result_of(
    plan: Plan, totals: Sequence[Total], counts: Counts, pairs: Sequence[tuple[str, str]], question: Question,
    seconds: float,
) -> Evaluation:  # fmt: skip
    """The totals as what is asked for."""
    count = len(plan.series)
    scores = tuple(_score(plan, k, total, question) for k, total in enumerate(totals[:count]))
    differences = []
    for (first, second), total in zip(pairs, totals[count:], strict=True):
        mean = ratio(total.total.value, total.weight.value)
        assert question.interval is not None
        interval = _interval(mean, total, question.interval)
        differences.append(Difference(first, second, mean, interval, chance(mean, interval.error)))
    corrected = holm([each.p for each in differences])
    differences = [replace(each, holm=p) for each, p in zip(differences, corrected, strict=True)]
    written = [tuple(output.path for output in outputs) for outputs in (plan.losses_to, plan.gradients_to)]
    metrics = tuple(
        _metric(plan, counts, series, k, question, *found)
        for (series, k), found in zip(plan.asked, counts.figures(plan), strict=True)
    )
    read = plan.rows, plan.rows * plan.row_bytes
    return Evaluation(scores, tuple(differences), *read, seconds, written[0], written[1], metrics)


def _metric(
    plan: Plan, counts: Counts, series: MetricSeries, k: int, question: Question, whole: Figures, by: dict[Any, Figures]
) -> MetricValue:
    """What was found of a metric."""
    nans = counts.nans[k]
    bad = math.nan if nans and question.nan == "propagate" else 0.0
    source = plan.sources[series.inputs[0]]
    interval = None
    if question.interval is not None and not plan.cluster and whole.error == whole.error:
        reach = _reach(question.interval) * whole.error
        low, high = max(0.0, whole.value - reach), min(1.0, whole.value + reach)
        interval = Interval(question.interval, low + bad, high + bad, whole.error + bad)
    groups = None
    if plan.by:
        found = [(figures.value, figures.rows, figures.error) for figures in by.values()]
        values, rows, errors = np.array(found, np.float64).reshape(-1, 3).T
        keys = _keys([np.array(column) for column in zip(*by, strict=True)])
        known = question.interval is not None and not plan.cluster and not np.isnan(errors).all()
        groups = GroupValues(keys, values, rows.astype(np.int64), errors if known else None, question.interval or 0.0)
    return MetricValue(
        series.model, series.loss.name, series.options, series.label, whole.value + bad, whole.low + bad,
        whole.high + bad, round(whole.rows), nans,
        tuple(BadRow(math.nan, row, *source.place(row)) for row in counts.nan_rows[k]),
        interval, whole.figures, whole.tables, groups,
    )  # fmt: skip


def _reach(level: float) -> float:
    """How many standard errors an interval of a level reaches to both sides."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + level / 2.0)


def _score(plan: Plan, k: int, total: Total, question: Question) -> Score:
    series = plan.series[k]
    value, weight = total.total.value, total.weight.value
    source = plan.sources[series.inputs[series.loss.differentiable[0]]]

    def bad(loss: float, row: int) -> BadRow:
        return BadRow(loss, row, *source.place(row))

    interval = None
    if question.interval is not None:
        interval = _interval(ratio(value, weight), total, question.interval)
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
        None if total.groups is None else _groups(total, question.interval),
    )


def chance(mean: float, error: float) -> float:
    """The p value of a mean with its standard error, by the normal distribution; 1 for no difference at all."""
    if mean == 0.0 and error == 0.0:
        return 1.0
    return math.erfc(abs(mean) / error / math.sqrt(2.0)) if error else 0.0 if error == 0.0 else math.nan


def holm(chances: Sequence[float]) -> list[float]:
    """Holm's correction of p values for their number; NaN stays, and is not counted."""
    known = sorted((p, k) for k, p in enumerate(chances) if p == p)
    found, most = list(chances), 0.0
    for place, (p, k) in enumerate(known):
        most = max(most, min(1.0, (len(known) - place) * p))
        found[k] = most
    return found


def _interval(mean: float, total: Total, level: float) -> Interval:
    error = total.error(mean)
    reach = _reach(level) * error
    return Interval(level, mean - reach, mean + reach, error)


def _distribution(bins: Bins) -> Distribution:
    return Distribution(bins.least, bins.most, *bins.limits(), bins.tally.counts)


def _groups(total: Total, level: float | None) -> GroupMeans:
    groups = total.groups
    assert groups is not None
    sums, weights, rows = groups.table[:, :3].T
    errors = None
    if level is not None and groups.keys:
        errors = groups.errors() if total.clusters is None else total.clusters.over_clusters(total.key_parts)
    return GroupMeans(_keys(groups.keys), sums, weights, rows.astype(np.int64), errors, level or 0.0)


def _keys(columns: Sequence[Array]) -> Array:
    """Keys by their parts as one array."""
    if len({column.dtype.kind for column in columns}) > 1:  # numbers beside text, which NumPy would make text of
        columns = [column.astype(object) for column in columns]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1) if columns else np.zeros(0, np.int64)
