"""Errors of metrics that are no means of rows: a further pass over what each row moves them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..common.halves import widened
from ..data.source import Array
from ..metrics.base import Pull, RowMetric, Rows
from ..metrics.binary import Ranked
from ..metrics.kernels import nan_rows
from ..metrics.places import Placed, Sampled
from ..metrics.tally import Key, Ranks
from .counting import Counts, further
from .found import ratio
from .plan import WEIGHT, MetricSeries, Plan
from .totals import Adding, Keys, Total, columns_of

Pass = Callable[[Plan, Sequence[Adding]], object]


class Influence(RowMetric):
    """What rows move a metric by, of all rows or of the groups that their keys name, as a number of each row."""

    name: ClassVar[str] = "influence"

    def __init__(self, whole: Pull | None, groups: Mapping[Key, Pull] | None = None) -> None:
        object.__setattr__(self, "pulls", {} if whole is None else {(): whole})
        object.__setattr__(self, "groups", groups)

    def check(self, pred: Array, target: Array) -> None:
        return None

    def values(self, pred: Array, target: Array, backend: str | None) -> Array:
        return self(pred, target, backend=backend)

    def __call__(
        self, pred: Array, target: Array, *keys: Array,
        weight: Array | None = None, backend: str | None = None, reduction: str = "none",
    ) -> Array:  # fmt: skip
        bad = nan_rows(pred.reshape(-1)) if pred.size else None
        rows = Rows(widened(pred), widened(target), weight, (), None, backend)
        found = self._of_groups(rows, keys) if keys else self.pulls[()](rows.pred, rows.target, backend)  # type: ignore[attr-defined]
        if bad is not None:
            found = np.where(bad.reshape(len(pred), -1).any(axis=1), np.nan, found)
        return np.asarray(found * rows.weights)

    def summed(
        self, pred: Array, target: Array, *keys: Array, weight: Array | None = None, backend: str | None = None
    ) -> tuple[float, float]:
        """The sum over rows, and of their weights."""
        found = self(pred, target, *keys, weight=weight, backend=backend)
        return float(found.sum()), float(len(found)) if weight is None else float(np.sum(weight, dtype=np.float64))

    def _of_groups(self, rows: Rows, given: tuple[Array, ...]) -> Array:
        keys = Keys(tuple(column for source in given for column in columns_of(source)))
        names = zip(*(column.tolist() for column in keys.keys), strict=True)
        order, found = np.argsort(keys.place, kind="stable"), np.zeros(len(rows.pred))
        for name, some in zip(names, np.split(order, np.cumsum(keys.rows[:-1]).astype(np.int64)), strict=True):
            found[some] = self.groups[name](rows.pred[some], rows.target[some], rows.backend)  # type: ignore[attr-defined]
        return found


@dataclass(frozen=True)
class Errors:
    """The standard errors of metrics, as they are asked for; those of their groups by key; those of differences."""

    whole: tuple[float, ...] = ()
    groups: tuple[dict[Key, float], ...] = ()
    pairs: dict[tuple[int, int], float] = field(default_factory=dict)


def errors_of(plan: Plan, counts: Counts, passed: Pass) -> Errors | None:
    """The errors of all metrics; None where none are wanted, or what was counted says them."""
    models = len({series.model for series, _ in plan.asked})
    told = WEIGHT not in plan.sources and all(
        series.function.tells_error(plan.sources[series.inputs[0]].shape)  # type: ignore[attr-defined]
        for series, _ in plan.asked
    )
    if not plan.interval or not plan.asked or (models == 1 and told and not plan.cluster):
        return None
    each = len(plan.asked) // models
    pairs = [(k % each, k) for k in range(each, len(plan.asked))]
    whole, by = _pulls(plan, counts, passed)
    series = [
        MetricSeries(asked.model, Influence(pull), asked.inputs)
        for (asked, _), pull in zip(plan.asked, whole, strict=True)
    ]
    if plan.by:
        series += [
            MetricSeries(asked.model, Influence(None, pulls), (*asked.inputs, *plan.by))
            for (asked, _), pulls in zip(plan.asked, by, strict=True)
        ]
    totals = [Total(False, 0, True, bool(plan.by), bool(plan.cluster)) for _ in series]
    differences = [Total(False, 0, True, False, bool(plan.cluster)) for _ in pairs]
    passed(further(plan, series=tuple(series), pairs=tuple(pairs), cluster=plan.cluster), [*totals, *differences])
    count = len(plan.asked)
    return Errors(
        tuple(map(_error, totals[:count])),
        tuple(map(_by_key, totals[count:])),
        {pair: _error(total) for pair, total in zip(pairs, differences, strict=True)},
    )


def _error(total: Total) -> float:
    return total.error(ratio(total.total.value, total.weight.value))


def _by_key(total: Total) -> dict[Key, float]:
    """The errors of groups by their keys."""
    groups = total.groups
    assert groups is not None
    if not groups.keys:
        return {}
    errors = groups.errors() if total.clusters is None else total.clusters.over_clusters(total.key_parts)
    return dict(zip(zip(*(column.tolist() for column in groups.keys), strict=True), errors.tolist(), strict=True))


def _pulls(plan: Plan, counts: Counts, passed: Pass) -> tuple[list[Pull], list[dict[Key, Pull]]]:
    """What rows move each metric by, of all rows and of those of each key; of orders after a pass over all scores."""
    placed = _placed(plan, counts, passed)
    whole, by = [], []
    for series, k in plan.asked:
        metric: Any = series.function
        known: tuple[Any, ...] = ()
        total = counts.totals[k]
        if isinstance(metric, Ranked):
            total = placed[k]
            known = (total.cuts,)
        whole.append(metric.pull(*known, total.whole()))
        by.append({key: metric.pull(*known, total.of(key)) for key in total.keys()})
    return whole, by


class Places:
    """Cuts between the scores of one set of predictions, in each view, and what is between them."""

    def __init__(self, cuts: list[Array], totals: list[Any]) -> None:
        self.cuts, self.totals = cuts, totals

    def whole(self) -> list[Array]:
        """What is between cuts, of all rows."""
        return [total.whole() for total in self.totals]

    def of(self, key: Key) -> list[Array]:
        """The same of a key."""
        none = [np.zeros((2 * len(cuts) + 1, Placed.columns)) for cuts in self.cuts]
        return [total.tables.get(key, zeros) for total, zeros in zip(self.totals, none, strict=True)]

    def keys(self) -> list[Key]:
        """The keys that there are."""
        return sorted({key for total in self.totals for key in total.keys()})


def _placed(plan: Plan, counts: Counts, passed: Pass) -> dict[int, Places]:
    """What is between the cuts of scores, for each series of orders that was counted, by its number."""
    both = list(zip(plan.counted, counts.totals, strict=True))
    samples = {series.inputs: total for series, total in both if isinstance(series.function, Sampled)}
    tallies: list[tuple[int, Any, tuple[str, ...]]] = []
    for k, (series, _) in enumerate(both):
        if isinstance(series.function, Ranks):
            for view in series.function.views or (None,):
                tallies.append((k, Placed(cuts=samples[series.inputs].cuts(view), view=view), series.inputs))
    if not tallies:
        return {}
    narrowed = further(plan, counted=tuple(MetricSeries("", tally, names) for _, tally, names in tallies))
    found = Counts(narrowed)
    passed(narrowed, [found])
    by_series: dict[int, Places] = {}
    for (k, tally, _), total in zip(tallies, found.totals, strict=True):
        places = by_series.setdefault(k, Places([], []))
        places.cuts.append(tally.cuts)
        places.totals.append(total)
    return by_series
