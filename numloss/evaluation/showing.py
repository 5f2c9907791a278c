"""What an evaluation found as tables, as columns, and as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..common.extras import optional
from ..common.tables import Section

if TYPE_CHECKING:
    from .found import Difference, Found, MetricValue, Score

# Rows of a table of groups that are printed; the object and JSON hold all of them.
SHOWN_GROUPS = 20
COLUMNS = (
    "kind", "predictions", "name", "options", "group", "value", "low", "high", "error", "p", "holm", "sum", "weight",
    "rows", "nans",
)  # fmt: skip


def options_text(options: dict[str, Any]) -> str:
    """Options as they are written."""
    return ", ".join(f"{name}={value}" for name, value in options.items())


def key_text(key: Any) -> Any:
    """A key of one or several parts."""
    return ", ".join(map(str, key)) if isinstance(key, list) else key


def interval_text(low: float, high: float) -> str:
    """Both ends of an interval."""
    return f"{low:.6g} to {high:.6g}"


def sections(result: Found) -> Iterator[Section]:
    """The tables that are printed: titles, names of columns, and rows."""
    if result.scores or not result.metrics:
        yield speed(result), *scores(result)
    if result.differences:
        yield "paired differences", *differences(result.differences)
    if result.scores and result.scores[0].quantiles:
        names = [f"{q:g}" for q, _ in result.scores[0].quantiles]
        rows = [(score.label, *(value for _, value in score.quantiles)) for score in result.scores]
        yield "quantiles of the loss of a row", ("", *names), rows
    if result.metrics:
        yield "metrics" if result.scores else speed(result), *metrics(result)
    found: tuple[Any, ...] = (*result.scores, *result.metrics)
    for each in found:
        if each.groups is not None:
            count = len(each.groups.keys)
            more = f", the first {SHOWN_GROUPS} of {count}" if count > SHOWN_GROUPS else ""
            columns, rows = groups(each.groups)
            yield f"{each.label} by group{more}", columns, rows[:SHOWN_GROUPS]
    for score in result.scores:
        if score.worst:
            yield f"{score.label}: the worst rows", *worst(score)


def speed(result: Found) -> str:
    """How much was read, and how fast."""
    rates = f"{result.rows_per_second:.3g} rows/s, {result.gigabytes_per_second:.3g} GB/s"
    return f"{result.rows} rows in {result.seconds:.3g} s: {rates}"


def differences(found: tuple[Difference, ...]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The table of differences; one alone needs no correction."""
    names = ["", "mean", "low", "high", "standard error", "p", "p by Holm"]
    rows = [
        (f"{d.first} - {d.second}", d.mean, d.interval.low, d.interval.high, d.interval.error, d.p, d.holm)
        for d in found
    ]
    shown = len(names) - (len(rows) == 1)
    return names[:shown], [row[:shown] for row in rows]


def groups(found: Any) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The table of what there is by key."""
    columns: dict[str, list[Any]] = {"group": [key_text(key) for key in found.keys.tolist()]}
    mean = hasattr(found, "means")
    columns |= {"mean": found.means.tolist()} if mean else {"value": found.values.tolist()}
    if found.errors is not None:
        columns[f"{found.level:g} interval"] = [interval_text(*ends) for ends in found.intervals.tolist()]
    columns |= {"sum": found.sums.tolist(), "weight": found.weights.tolist()} if mean else {}
    columns["rows"] = found.rows.tolist()
    return tuple(columns), list(zip(*columns.values(), strict=True))


def worst(score: Score) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The table of the worst rows, with what is shown of them."""
    names = tuple(score.worst[0].shown)
    rows = [(bad.loss, bad.row, bad.file, bad.row_in_file, *map(str, bad.shown.values())) for bad in score.worst]
    return ("loss", "row", "file", "row in it", *names), rows


def scores(result: Found) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The table of the scores."""
    columns: dict[str, list[Any]] = {}
    found = result.scores
    if any(score.model for score in found):
        columns["predictions"] = [score.model for score in found]
    columns["loss"] = [score.loss for score in found]
    columns["options"] = [options_text(score.options) for score in found]
    columns["mean"] = [score.mean for score in found]
    intervals = [score.interval for score in found if score.interval is not None]
    if intervals:
        columns[f"{intervals[0].level:g} interval"] = [interval_text(i.low, i.high) for i in intervals]
    columns["sum"] = [score.total for score in found]
    columns["weight"] = [score.weight for score in found]
    if any(score.nans for score in found):
        columns["NaN rows"] = [_nans(score) for score in found]
    return tuple(columns), list(zip(*columns.values(), strict=True))


def metrics(result: Found) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The table of the metrics that are no means of rows."""
    columns: dict[str, list[Any]] = {}
    found = result.metrics
    if any(metric.model for metric in found):
        columns["predictions"] = [metric.model for metric in found]
    columns["metric"] = [metric.metric for metric in found]
    columns["options"] = [options_text(metric.options) for metric in found]
    columns["value"] = [metric.value for metric in found]
    if not all(metric.exact or metric.value != metric.value for metric in found):
        columns["certainly"] = [interval_text(metric.low, metric.high) for metric in found]
    intervals = [metric.interval for metric in found]
    if any(intervals):
        level = next(each.level for each in intervals if each)
        columns[f"{level:g} interval"] = [interval_text(i.low, i.high) if i else "" for i in intervals]
    columns["rows"] = [metric.rows for metric in found]
    if any(metric.nans for metric in found):
        columns["NaN rows"] = [_nans(metric) for metric in found]
    return tuple(columns), list(zip(*columns.values(), strict=True))


def _nans(score: Score | MetricValue) -> str:
    shown = ", ".join(str(bad.row) for bad in score.nan_rows[:3])
    return f"{score.nans}: {shown}{', ...' if score.nans > 3 else ''}" if score.nans else "0"


def columns(result: Found, more: Sequence[dict[str, Any]] = ()) -> dict[str, list[Any]]:
    """Everything as rows of one table, by column, `more` first; what a row has not is NaN, and its group None."""
    rows = list(more)
    found: tuple[Any, ...] = (*result.scores, *result.metrics)
    for each in found:
        mean = hasattr(each, "mean")
        kind, name, value = ("loss", each.loss, each.mean) if mean else ("metric", each.metric, each.value)
        same = {"kind": kind, "predictions": each.model, "name": name, "options": options_text(each.options)}
        row = {**same, "value": value, "nans": each.nans}
        row |= {"sum": each.total, "weight": each.weight, "rows": result.rows} if mean else {"rows": each.rows}
        if each.interval is not None:
            row |= {"low": each.interval.low, "high": each.interval.high, "error": each.interval.error}
        rows.append(row)
        if each.groups is not None:
            rows += [same | by for by in _by_group(each.groups)]
    for d in result.differences:
        row = {"kind": "difference", "name": f"{d.first} - {d.second}", "value": d.mean, "p": d.p, "holm": d.holm}
        rows.append({**row, "low": d.interval.low, "high": d.interval.high, "error": d.interval.error})
    empty = {"predictions": "", "options": "", "group": None, "rows": result.rows, "nans": 0}
    return {name: [row.get(name, empty.get(name, math.nan)) for row in rows] for name in COLUMNS}


def _by_group(found: Any) -> Iterator[dict[str, Any]]:
    for k, key in enumerate(found.keys.tolist()):
        row: dict[str, Any] = {"group": key_text(key), "rows": int(found.rows[k])}
        if hasattr(found, "means"):
            row |= {"value": float(found.means[k]), "sum": float(found.sums[k]), "weight": float(found.weights[k])}
        else:
            row |= {"value": float(found.values[k])}
        if found.errors is not None:
            row["error"] = float(found.errors[k])
            row["low"], row["high"] = found.intervals[k].tolist()
        yield row


def plot(result: Found, ax: Any = None) -> Any:
    """Draw the means with their intervals, or histograms of the losses of rows if there are some."""
    if ax is None:
        # a Figure of its own: pyplot would choose a window system and keep the figure in the process
        module = optional("matplotlib.figure", "plot", "drawing an evaluation")
        ax = module.Figure(figsize=(7, 4), layout="constrained").subplots()
    spread = [score for score in result.scores if score.distribution is not None]
    for score in spread:
        assert score.distribution is not None
        counts, ends = score.distribution.histogram()
        ax.stairs(counts, ends, label=score.label)
    if spread:
        ax.set(xlabel="loss of a row", ylabel="rows", yscale="log")
        ax.legend()
        return ax
    found = [(each.label, each.mean, each.interval) for each in result.scores]
    found += [(each.label, each.value, each.interval) for each in result.metrics]
    bars = ax.barh([label for label, _, _ in found], [value for _, value, _ in found])
    for bar, (_, _, interval) in zip(bars, found, strict=True):
        if interval is not None:
            middle = bar.get_y() + bar.get_height() / 2
            ax.hlines(middle, interval.low, interval.high, color="black")
    ax.invert_yaxis()
    ax.set(xlabel="mean loss" if not result.metrics else "value")
    return ax
