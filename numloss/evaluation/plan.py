"""What an evaluation computes, as data that can be sent to another process: sources, losses, and what is asked."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..common.halves import widened
from ..data.source import Array, Source
from ..errors import FormatError
from ..metrics import Metric
from ..metrics.places import SAMPLE, Sampled
from ..metrics.tally import Ranks
from ..metrics.weighted import unit_of
from ..registry import Loss
from ..transforms.combine_losses import Combined, Part
from ..transforms.derivatives import sum_and_weight, unwrapped
from .rows import without_class_weight

Function = Callable[..., Any]
Given = TypeVar("Given")
# Elements of the widest input in a block: two blocks of float32 fill the second cache of a core.
BLOCK_ELEMENTS = 1 << 17
NAN_POLICIES = ("propagate", "omit", "raise")
# The names under which a plan keeps what is not an input of a loss.
WEIGHT, BY, GROUPS, CLUSTER = "weight", "by", "groups", "cluster"
# Options that have an array of their own for each row, which is streamed like an input where it is given.
BY_ROW = ("indices",)
# Bytes of the counts of a metric.
COUNTS = 1 << 20
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


@dataclass(frozen=True)
class Series:
    """One loss with its options on one set of predictions, and the sources of its inputs; the last of them are options
    of these names."""

    model: str
    function: Function
    inputs: tuple[str, ...]
    named: tuple[str, ...] = ()

    def given(self, inputs: Sequence[Given]) -> tuple[tuple[Given, ...], dict[str, Given]]:
        """Its inputs as arguments and as options: their arrays, or names."""
        count = len(inputs) - len(self.named)
        return tuple(inputs[:count]), dict(zip(self.named, inputs[count:], strict=True))

    @functools.cached_property
    def loss(self) -> Loss:
        """The record of the loss."""
        return unwrapped(self.function)[0]

    @functools.cached_property
    def summed(self) -> Function:
        """Its sum and weight."""
        return sum_and_weight(self.function)

    @functools.cached_property
    def unweighted(self) -> Function:
        """The loss of which rows with class weights are multiples."""
        return without_class_weight(self.function)

    @property
    def options(self) -> dict[str, Any]:
        """What a partial has fixed."""
        return unwrapped(self.function)[2]

    @property
    def label(self) -> str:
        """The loss with its options, after the name of the predictions if there are several."""
        options = ",".join(f"{name}={short(value)}" for name, value in self.options.items())
        text = f"{self.loss.name}({options})" if options else self.loss.name
        return f"{self.model}.{text}" if self.model else text


@dataclass(frozen=True)
class MetricSeries(Series):
    """A metric, or what is counted for some, in the place of a loss."""

    @functools.cached_property
    def loss(self) -> Loss:
        """What is known of it, in the words of a loss."""
        found: Loss = self.function.__loss__  # type: ignore[attr-defined]
        return found

    @functools.cached_property
    def summed(self) -> Function:
        """Its sum and weight."""
        found: Function = self.function.summed  # type: ignore[attr-defined]
        return found

    @functools.cached_property
    def unweighted(self) -> Function:
        """The metric itself."""
        return self.function

    @property
    def options(self) -> dict[str, Any]:
        """What is not as it is by default."""
        found: dict[str, Any] = self.function.options  # type: ignore[attr-defined]
        return found


class Asked(NamedTuple):
    """A metric that is asked for on a set of predictions, and which of the counted series it is made of."""

    series: MetricSeries
    counted: int


def short(value: Any) -> str:
    """An option as it stands in a label: arrays are not printed whole."""
    return f"{value:g}" if isinstance(value, float) else f"[{len(value)}]" if np.ndim(value) else str(value)


@dataclass(frozen=True)
class Plan:
    """Everything that a block needs to know beside its rows. `records` are fields of sources that may be written: of
    each the name of the file, that of the source, and that of the field."""

    sources: dict[str, Source]
    series: tuple[Series, ...]
    block_rows: int
    nan: str
    backend: str | None
    bins: bool
    worst: int
    interval: bool
    pairs: tuple[tuple[int, int], ...]
    by: tuple[str, ...] = ()
    cluster: tuple[str, ...] = ()
    losses_to: tuple[Any, ...] = ()
    gradients_to: tuple[Any, ...] = ()
    records: tuple[tuple[str, str, str], ...] = ()
    records_to: tuple[Any, ...] = ()
    counted: tuple[MetricSeries, ...] = ()
    asked: tuple[Asked, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of every source."""
        return next(iter(self.sources.values())).rows

    @property
    def row_bytes(self) -> int:
        """Bytes that are read for a row of all sources."""
        return sum(source.read_bytes for source in self.sources.values())

    @functools.cached_property
    def by_row(self) -> bool:
        """True if the losses of single rows are wanted, not their sums alone."""
        return bool(self.by or self.bins or self.worst or self.interval or self.losses_to)

    @functools.cached_property
    def has_metrics(self) -> bool:
        """True if not all that is wanted are sums of losses."""
        return bool(self.counted) or any(isinstance(each, MetricSeries) for each in self.series)

    @property
    def one_by_one(self) -> bool:
        """True if the loss of each row is wanted, not its part of the sum alone."""
        return bool(self.bins or self.worst or self.losses_to)

    @property
    def block_bytes(self) -> int:
        """Memory of a worker: a block of every source, what readers hold, and what is computed of a block."""
        rows = min(self.block_rows, self.rows)
        read = sum(rows * source.row_bytes + source.held for source in self.sources.values())
        widest = max(rows * source.row_bytes for source in self.sources.values())
        orders = sum(len(getattr(each.function, "views", ())) or 1 for each in self.counted)
        counts = orders * COUNTS + len(self.counted) * 64 * rows
        return read + widest * (2 * bool(self.gradients_to) + 2 * self.by_row) + 64 * rows * self.by_row + counts


@dataclass(frozen=True)
class Task:
    """Blocks one after the other, in one thread; `pointers` are the ends of groups of rows in each block."""

    plan: Plan
    bounds: tuple[tuple[int, int], ...]
    pointers: tuple[Array | None, ...] = ()
    threads: int | None = field(default=None)


def byte_count(size: int | str) -> int:
    """A number of bytes, also written as 512MiB."""
    if isinstance(size, int) and size > 0:
        return size
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(size).strip())
    if found is None or found[2].upper() not in UNITS or not float(found[1]):
        raise ValueError(f"{size!r} is not a number of bytes; write for instance 512MiB")
    return int(float(found[1]) * UNITS[found[2].upper()])


def functions_of(losses: Any) -> list[Function]:
    """One loss or several, each a loss or a partial with options fixed, in a form that adds up over rows."""
    functions = list(losses) if isinstance(losses, Sequence) and not isinstance(losses, str) else [losses]
    for function in functions:
        loss, arguments, options = unwrapped(function)
        fixed = [name for name in ("weight", "out", *BY_ROW, *loss.inputs) if name in options]
        if arguments or fixed:
            raise ValueError(f"{loss.name}: only options may be fixed, not {', '.join(fixed) or 'arrays'}")
        if loss.shared:
            raise ValueError(f"{loss.name}: all rows share its {loss.inputs[loss.shared[0]]}; evaluate reads rows")
        if loss.batch_axis:
            raise ValueError(f"{loss.name}: its samples lie on axis {loss.batch_axis}; evaluate reads rows, on axis 0")
        if keeps_some(loss, options):
            raise ValueError(f"{loss.name}: reduction='top' is of a batch, and the rows here are read in blocks")
        sum_and_weight(function)
    return functions


def keeps_some(loss: Loss, options: Mapping[str, Any]) -> bool:
    """Whether a loss, or a part of a combination, is the mean of the largest losses of a batch."""
    parts: list[Part] = loss.law.parts if isinstance(loss.law, Combined) else []
    return options.get("reduction") == "top" or any(keeps_some(part, fixed) for _, part, fixed in parts)


def series_of(functions: Sequence[Function], given: Mapping[str, Any]) -> tuple[list[Series], dict[str, Any]]:
    """Every loss on every set of predictions, and what is to be opened for them by name.

    An input given as a mapping differs from one set of predictions to the next; the others are shared and opened once.
    """
    sets = {name: value for name, value in given.items() if isinstance(value, Mapping)}
    models = list(next(iter(sets.values()), {""}))
    for name, value in sets.items():
        if set(value) != set(models):
            raise ValueError(f"{name} is given for {', '.join(value)}, but other inputs are for {', '.join(models)}")
    opened = {name: value for name, value in given.items() if name not in sets}
    opened.update({f"{name} of {model}": values[model] for name, values in sets.items() for model in models})
    series = []
    for model in models:
        for function in functions:
            loss = unwrapped(function)[0]
            wanted = [name for name in loss.inputs if name != GROUPS]
            missing = [name for name in wanted if name not in given]
            if missing:
                raise ValueError(f"{loss.name}: no file for {', '.join(missing)}; it takes {', '.join(loss.inputs)}")
            named = tuple(name for name in BY_ROW if name in given and name in loss.defaults)
            names = tuple(f"{name} of {model}" if name in sets else name for name in (*wanted, *named))
            series.append((MetricSeries if isinstance(function, Metric) else Series)(model, function, names, named))
    used = {name for each in series for name in each.inputs}
    unused = [name for name in opened if name not in used and name != WEIGHT]
    if unused:
        raise ValueError(f"no loss takes {', '.join(unused)}")
    return series, opened


def check_rows(sources: Mapping[str, Source]) -> None:
    """All sources have the same number of rows."""
    first, *others = sources.values()
    for other in others:
        if other.rows != first.rows:
            raise FormatError(f"{first.name} has {first.rows} rows, but {other.name} has {other.rows}")


def check_losses(plan: Plan) -> None:
    """Shapes and dtypes fit each other: every loss is asked about no rows at all, before the first one is read."""
    empty = {name: np.empty((0, *source.shape[1:]), source.dtype) for name, source in plan.sources.items()}
    for each in plan.series:
        given = {WEIGHT: empty[WEIGHT]} if WEIGHT in empty and each.loss.weighted else {}
        if each.loss.adds_up == "groups":
            continue
        try:
            arguments, options = each.given([empty[name] for name in each.inputs])
            each.summed(*arguments, **options, **given, backend=plan.backend)
        except (ValueError, TypeError) as error:
            names = {name: plan.sources[name].name for name in (*each.inputs, *given)}
            files = ", ".join(f"{name} is {source}" for name, source in names.items() if name != source)
            if not files or " has " not in str(error):  # about an option
                raise
            raise type(error)(f"{error} ({files})") from error


def counted_of(series: Sequence[Series], sources: Mapping[str, Source], interval: bool) -> dict[str, Any]:
    """What is counted for metrics, each once, and the metrics that are made of it; for intervals samples of scores."""
    counted: list[MetricSeries] = []
    asked = []
    unit: float | None = None
    for each in series:
        tally = each.function.tally(sources[each.inputs[0]])  # type: ignore[attr-defined]
        if isinstance(tally, Ranks) and WEIGHT in sources:
            unit = unit or unit_of(largest(sources[WEIGHT]))
            tally = replace(tally, unit=unit)
        for k, known in enumerate(counted):
            both = known.function.for_both(tally) if known.inputs == each.inputs else None  # type: ignore[attr-defined]
            if both is not None:
                counted[k] = MetricSeries(each.model, both, each.inputs)
                break
        else:
            k = len(counted)
            counted.append(MetricSeries(each.model, tally, each.inputs))
        asked.append(Asked(MetricSeries(each.model, each.function, each.inputs), k))
    if interval:
        rows = next(iter(sources.values())).rows
        sampled: Any = Sampled(step=max(1, -(-rows // SAMPLE)))
        scored = {each.inputs: each for each in counted if isinstance(each.function, Ranks)}
        counted += [MetricSeries(each.model, sampled, inputs) for inputs, each in scored.items()]
    return {"counted": tuple(counted), "asked": tuple(asked)}


def largest(source: Source) -> float:
    """The largest finite number of a source, 0 without one."""
    size = max(1, BLOCK_ELEMENTS // max(1, source.elements))
    reader, found = source.reader(size), 0.0
    reader.omits = True
    try:
        for start in range(0, source.rows, size):
            values = widened(reader.read(start, min(start + size, source.rows)))
            found = max(found, float(np.max(values, initial=0.0, where=np.isfinite(values))))
            reader.check()
    finally:
        reader.close()
    return found


def check_metrics(plan: Plan, gradients: bool) -> None:
    """Shapes and dtypes fit the metrics, too."""
    graded = [each.loss.name for each in plan.series if isinstance(each, MetricSeries)]
    if graded and gradients:
        raise ValueError(f"{graded[0]} has no gradient")
    for series, _ in plan.asked:
        sources = [plan.sources[name] for name in series.inputs]
        series.function.check(*(np.empty((0, *source.shape[1:]), source.dtype) for source in sources))  # type: ignore[attr-defined]


def block_rows(sources: Mapping[str, Source]) -> int:
    """Rows of a block. They follow from the shapes alone, since the bits of its sum depend on them."""
    widest = max(source.elements for source in sources.values())
    return max(1, BLOCK_ELEMENTS // max(1, widest))


def block_bounds(rows: int, size: int, pointers: Array | None) -> list[tuple[int, int]]:
    """Where the blocks begin and end: every `size` rows, or at the last end of a group before that."""
    if pointers is None:
        return [(start, min(start + size, rows)) for start in range(0, rows, size)]
    bounds, start = [], 0
    while start < rows:
        k = int(np.searchsorted(pointers, start + size, side="right")) - 1
        stop = int(pointers[k])
        if stop <= start:  # one group that is larger than a block
            stop = int(pointers[np.searchsorted(pointers, start, side="right")])
        bounds.append((start, stop))
        start = stop
    return bounds
