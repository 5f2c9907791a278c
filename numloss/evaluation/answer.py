"""From what blocks add up to, to what is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.source import Array, Source
from ..metrics.result import Figures
from .found import (
    BadRow,
    Difference,
    Distribution,
    GroupMeans,
    GroupValues,
    Interval,
    MetricValue,
    Score,
    ratio,
    reach_of,
)
from .plan import MetricSeries, Plan
from .result import Evaluation
from .spread import Bins
from .totals import Total

if TYPE_CHECKING:
    from .counting import Counts
    from .influences import Errors
    from .question import Question


def result_of(
    plan: Plan, totals: Sequence[Total], counts: Counts, pairs: Sequence[tuple[str, str]], question: Question,
    seconds: float, shown: Mapping[str, Source], errors: Errors | None = None,
) -> Evaluation:  # fmt: skip
    """The totals as what is asked for."""
    count = len(plan.series)
    look = Look(shown)
    scores = tuple(_score(plan, k, total, question, look) for k, total in enumerate(totals[:count]))
    differences = []
    for (first, second), total in zip(pairs, totals[count:], strict=True):
        mean = ratio(total.total.value, total.weight.value)
        assert question.interval is not None
        interval = _interval(mean, total, question.interval)
        differences.append(Difference(first, second, mean, interval, chance(mean, interval.error)))
    figures = counts.figures(plan)
    if errors is not None:
        figures = [_with_errors(errors, k, *found) for k, found in enumerate(figures)]
    metrics = tuple(
        _metric(plan, counts, series, k, question, *found)
        for (series, k), found in zip(plan.asked, figures, strict=True)
    )
    for (a, b), error in (errors.pairs if errors is not None else {}).items():
        differences.append(_apart(metrics[a], metrics[b], error, question))
    corrected = holm([each.p for each in differences])
    differences = [replace(each, holm=p) for each, p in zip(differences, corrected, strict=True)]
    written = [tuple(output.path for output in outputs) for outputs in (plan.losses_to, plan.gradients_to)]
    read = plan.rows, plan.rows * plan.row_bytes
    return Evaluation(scores, tuple(differences), *read, seconds, written[0], written[1], metrics)


def _with_errors(errors: Errors, k: int, whole: Figures, by: dict[Any, Figures]) -> tuple[Figures, dict[Any, Figures]]:
    """What there is to say of a metric with its standard errors, of all rows and by key."""
    groups = {key: replace(each, error=errors.groups[k].get(key, math.nan)) for key, each in by.items()}
    return replace(whole, error=errors.whole[k]), groups


def _apart(one: MetricValue, other: MetricValue, error: float, question: Question) -> Difference:
    """How far a metric is apart on two sets of predictions; where different rows are NaN nobody knows."""
    assert question.interval is not None
    mean = one.value - other.value
    error = error if one.nan_rows == other.nan_rows and one.nans == other.nans and mean == mean else math.nan
    reach = reach_of(question.interval) * error
    interval = Interval(question.interval, mean - reach, mean + reach, error)
    return Difference(one.label, other.label, mean, interval, chance(mean, error))


def _metric(
    plan: Plan, counts: Counts, series: MetricSeries, k: int, question: Question, whole: Figures, by: dict[Any, Figures]
) -> MetricValue:
    """What was found of a metric."""
    nans = counts.nans[k]
    bad = math.nan if nans and question.nan == "propagate" else 0.0
    source, least = plan.sources[series.inputs[0]], series.function.least  # type: ignore[attr-defined]
    interval = None
    if question.interval is not None and whole.error == whole.error:
        reach = reach_of(question.interval) * whole.error
        low, high = max(least, whole.value - reach), min(1.0, whole.value + reach)
        interval = Interval(question.interval, low + bad, high + bad, whole.error + bad)
    groups = None
    if plan.by:
        found = [(figures.value, figures.rows, figures.error) for figures in by.values()]
        values, rows, errors = np.array(found, np.float64).reshape(-1, 3).T
        keys = _keys([np.array(column) for column in zip(*by, strict=True)])
        known = question.interval is not None and not np.isnan(errors).all()
        groups = GroupValues(
            keys, values, rows.astype(np.int64), errors if known else None, question.interval or 0.0, least
        )
    return MetricValue(
        series.model, series.loss.name, series.options, series.label, whole.value + bad, whole.low + bad,
        whole.high + bad, round(whole.rows), nans,
        tuple(BadRow(math.nan, row, *source.place(row)) for row in counts.nan_rows[k]),
        interval, whole.figures, whole.tables, groups,
    )  # fmt: skip


class Look:
    """What is shown of single rows, which are read one by one."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = sources

    def at(self, row: int) -> dict[str, Any]:
        """What there is of a row, by name."""
        found: dict[str, Any] = {}
        for name, source in self.sources.items():
            reader = source.reader(1)
            try:
                (value,) = reader.read(row, row + 1)
                reader.check()
                found[name] = value.decode() if isinstance(value, bytes) else value.tolist()
            finally:
                reader.close()
        return found


def _score(plan: Plan, k: int, total: Total, question: Question, look: Look) -> Score:
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
        tuple(replace(bad(loss, row), shown=look.at(row)) for loss, row in total.worst),
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
    reach = reach_of(level) * error
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
