"""Blocks of rows: read, and worked on while they still lie in the cache, in whatever thread or process takes them."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from ..backends.threads import num_threads
from ..common.halves import is_floating, widened
from ..data.source import Array, Reader
from ..transforms.derivatives import unwrapped, value_and_grad
from .counting import Counting
from .outputs import Written
from .plan import GROUPS, WEIGHT, Plan, Series, Task
from .rows import row_sums, row_weights, uneven
from .spread import tally_of
from .sweep import swept
from .totals import FIRST_ROWS, Keys, Part, RowPart, columns_of, moments_of, worst_of

NOTHING = np.zeros(0)
PLACE = re.compile(r"\b([A-Za-z_]\w*)\[(\d+)")


# Bytes of mapped files that a task has in memory, and of each of them at least.
WINDOWS, LEAST_WINDOW = 16 << 20, 1 << 20


class Readers:
    """The readers of whoever works through tasks, in one thread at a time; from one task to the next they stay open."""

    def __init__(self) -> None:
        self.open: dict[str, Reader] = {}

    def of(self, task: Task) -> dict[str, Reader]:
        """A reader of each source, opened again if what stands there is not what was opened."""
        plan = task.plan
        for name, source in plan.sources.items():
            if name in self.open and not self.open[name].fresh():
                self.open.pop(name).close()
            if name not in self.open:
                self.open[name] = source.reader(plan.block_rows)
            reader = self.open[name]
            reader.omits = plan.nan == "omit" and name not in (*plan.by, *plan.cluster)
            reader.window = max(LEAST_WINDOW, WINDOWS // len(plan.sources))
        return self.open

    def close(self) -> None:
        """Close all that is open."""
        while self.open:
            self.open.popitem()[1].close()


def run(task: Task, readers: Readers | None = None) -> list[list[Part]]:
    """The parts of each block of a task, or of several together: one for each series, then one for each pair."""
    if readers is None:
        with contextlib.closing(Readers()) as readers:
            return run(task, readers)
    plan = task.plan
    with contextlib.ExitStack() as stack:
        if task.threads is not None:
            stack.enter_context(num_threads(task.threads))
        written, opened = stack.enter_context(Written(plan)), readers.of(task)
        counting = Counting(plan)
        parts: list[list[Part]] = []
        k = 0
        while k < len(task.bounds):
            with unchanged(opened):
                found = [] if task.pointers else swept(plan, opened, task.bounds[k:])
                if not found:
                    start, stop = task.bounds[k]
                    arrays = {name: reader.read(start, stop) for name, reader in opened.items()}
                    missing = {name: reader.missing for name, reader in opened.items() if reader.missing is not None}
                    pointers = task.pointers[k] if task.pointers else None
                    block = Block(plan, start, arrays, missing, pointers, written)
                    block.unasked = [reader.unasked for reader in opened.values() if reader.unasked is not None]
                    found = block.parts() + block.counted(counting)
                    del arrays, missing, block
            parts.append(found)
            k += len(found[0].totals)
        counting.deliver(parts)
        return parts


@contextlib.contextmanager
def unchanged(readers: dict[str, Reader]) -> Iterator[None]:
    """What is found is of what the files have, and so is what is wrong with it."""
    try:
        yield
    finally:
        for reader in readers.values():
            reader.check()


class Block:
    """The arrays of one block; in rows that are `missing` some of them had nothing, where such rows are left out."""

    def __init__(
        self, plan: Plan, start: int, arrays: dict[str, Array], missing: dict[str, Array], pointers: Array | None,
        written: Written,
    ) -> None:  # fmt: skip
        self.plan, self.start, self.arrays, self.missing = plan, start, arrays, missing
        self.pointers, self.written = pointers, written
        self.unasked: list[Array] = []
        self.fixed: dict[str, Any] = {} if plan.backend is None else {"backend": plan.backend}
        self.columns, self.cluster = (
            tuple(column for name in names for column in columns_of(arrays[name])) for names in (plan.by, plan.cluster)
        )

    @functools.cached_property
    def keys(self) -> Keys:
        """The keys of all rows, which are the same for all series."""
        return Keys(self.columns)

    @functools.cached_property
    def clusters(self) -> Keys:
        """The same with the clusters of rows behind them."""
        return Keys(self.columns + self.cluster)

    def parts(self) -> list[Part]:
        """The parts of all series, then the moments of the pairs."""
        single = [SeriesBlock(self, k, series) for k, series in enumerate(self.plan.series)]
        found = [each.part() for each in single]
        for k, (_, source, field) in enumerate(self.plan.records if self.plan.records_to else ()):
            self.written.records(k, self.start, self.arrays[source][field])
        return found + [difference(single[a], single[b]) for a, b in self.plan.pairs]

    def counted(self, counting: Counting) -> list[Part]:
        """Count what metrics need; the part of all of it has nothing before the end of the task."""
        for k, series in enumerate(self.plan.counted):
            SeriesBlock(self, k, series).count(counting)
        return [Part([0.0], [0.0])] if self.plan.counted else []


class SeriesBlock:
    """One series on one block. `kept` are the rows that count, counted in the block; None stands for all of them."""

    def __init__(self, block: Block, k: int, series: Series) -> None:
        self.block, self.k, self.series = block, k, series
        self.inputs: tuple[Array, ...] = tuple(block.arrays[name] for name in series.inputs)
        self.weight = block.arrays.get(WEIGHT) if series.loss.weighted else None
        self.kept: Array | None = None
        self.sums: Array = NOTHING
        self.weights: Array | float = 1.0

    @property
    def given(self) -> dict[str, Any]:
        """The keywords of a call."""
        given: dict[str, Any] = dict(self.block.fixed)
        if self.weight is not None:
            given[WEIGHT] = self.weight
        loss = self.series.loss
        if self.block.pointers is not None and loss.adds_up == "groups":
            if GROUPS in loss.inputs or GROUPS in loss.defaults:
                given[GROUPS] = self.block.pointers
        return given

    def part(self) -> Part:
        """Everything that is wanted of this series."""
        total, weight, nans = self._sum()
        part = Part([total], [weight])
        if nans is not None:
            found = np.flatnonzero(nans & ~np.logical_or.reduce(self.block.unasked))
            part.nans = len(found)
            part.nan_rows = tuple(int(row) + self.block.start for row in found[:FIRST_ROWS])
        if self.block.plan.by_row:
            part.rows = self._by_row(total)
        if self.block.plan.gradients_to:
            self._write_gradients()
        return part

    def count(self, counting: Counting) -> None:
        """Count the rows that have all that is needed, and those that are NaN."""
        omit = self.block.plan.nan == "omit"
        self._drop(self._missing())
        if omit:
            self._drop(self._nan_inputs())
        nans = counting.nans(self.inputs[0])
        if nans is not None:
            if self.block.plan.nan == "raise":
                self._raise_nan(nans)
            self._drop(nans)
        keys = None
        if self.block.plan.by:
            keys = self.block.keys if self.kept is None else Keys(self._kept(self.block.columns))
        gone = self._gone()
        rows = () if gone is None else tuple(int(row) + self.block.start for row in np.flatnonzero(gone))
        self._call(lambda *inputs: counting.add(self.k, inputs, self.weight, keys, rows))

    def _sum(self) -> tuple[float, float, Array | None]:
        """Sum and weight, and which rows are NaN; rows that are to be omitted are gone from here on."""
        omit = self.block.plan.nan == "omit"
        self._drop(self._missing())
        try:
            total, weight = self._call(self.series.summed, **self.given)
            if total == total:
                return total, weight, self._gone()
        except ValueError:
            if not omit:
                raise
        if omit:
            self._drop(self._nan_inputs())
            total, weight = self._call(self.series.summed, **self.given)
        if total != total:
            nans = np.isnan(row_sums(self._values()))
            if self.block.plan.nan == "raise" and nans.any():
                self._raise_nan(nans)
            if omit:
                self._drop(nans)
                total, weight = self._call(self.series.summed, **self.given)
            else:
                return total, weight, nans
        return total, weight, self._gone()

    def _gone(self) -> Array | None:
        """Which rows are left out, None for none."""
        if self.kept is None:
            return None
        gone = np.ones(len(self.block.arrays[self.series.inputs[0]]), bool)
        gone[self.kept] = False
        return gone

    def _values(self) -> Array:
        """The unreduced loss."""
        return np.asarray(self._call(self.series.function, **self.given, reduction="none"))

    def _call(self, function: Any, **given: Any) -> Any:
        try:
            arguments, options = self.series.given(self.inputs)
            return function(*arguments, **options, **given)
        except (ValueError, IndexError) as error:
            self._raise_located(error)

    def _nan_inputs(self) -> Array:
        """Rows with a NaN where none is allowed: in targets, weights and whatever is not a prediction."""
        loss = self.series.loss
        others = [array for k, array in enumerate(self.inputs) if k not in loss.differentiable]
        if self.weight is not None:
            others.append(self.weight)
        bad = np.zeros(len(self.inputs[0]), bool)
        named = self.series.given(self.inputs)[1].get("indices")
        for array in others:
            if is_floating(array.dtype):
                nans = np.isnan(widened(array))  # what fills a row up says nothing
                nans &= named >= 0 if named is not None and named.shape == nans.shape else True
                bad |= nans.any(axis=tuple(range(1, array.ndim)))
        return bad

    def _missing(self) -> Array:
        """Rows of which an input or the weight has nothing."""
        bad = np.zeros(len(self.inputs[0]), bool)
        for name in (*self.series.inputs, WEIGHT):
            if name in self.block.missing:
                bad |= self.block.missing[name]
        return bad

    def _drop(self, bad: Array) -> None:
        if not bad.any():
            return
        good = np.flatnonzero(~bad)
        self.inputs = tuple(array[good] for array in self.inputs)
        self.weight = None if self.weight is None else self.weight[good]
        self.kept = good if self.kept is None else self.kept[good]

    def _by_row(self, total: float) -> RowPart:
        plan, part = self.block.plan, RowPart()
        values = self._values()
        self.sums = row_sums(values)
        arguments, series = self.series.given(self.inputs)[0], self.series
        self.weights = row_weights(series.loss, series.options, arguments, self.weight, values.shape)
        if isinstance(self.weights, float) and not (self.weights > 0.0 and total == total):
            self.weights = np.full(len(self.sums), self.weights)
        # which rows count; a sum that is a number has only numbers in it
        heavy = self.weights > 0.0
        counted: Any = slice(None) if heavy is True else heavy & (self.sums == self.sums)
        weights = self.weights if isinstance(self.weights, float) else self.weights[counted]
        some = NOTHING
        if plan.one_by_one:
            losses = self._losses(heavy)
            some = losses[counted]
            if plan.losses_to:
                self.block.written.losses(self.k, self.block.start, self._all_rows(losses))
        if plan.bins:
            part.bins = tally_of(some)
            part.ends = (float(some.min()), float(some.max())) if len(some) else part.ends
        if plan.worst and len(some):
            rows = None if heavy is True else np.flatnonzero(counted)
            found = worst_of(some, plan.worst)
            part.worst = [(loss, self._row(k if rows is None else int(rows[k]))) for loss, k in found]
        if plan.interval and not plan.cluster:
            sums, counts = self.sums[counted], weights
            if not isinstance(self.weights, float):  # a row that counts nothing may still add to the sum
                there = (heavy | (self.sums != 0.0)) & (self.sums == self.sums)
                sums, counts = self.sums[there], self.weights[there]
            part.moments = moments_of(sums, counts) if len(sums) else None
        if plan.by:
            keys = self.block.keys if self.kept is None else Keys(self._kept(self.block.columns))
            part.groups = keys.keys, keys.table(self.sums, self.weights, plan.interval and not plan.cluster)
        if plan.cluster:
            columns = self.block.columns + self.block.cluster
            keys = self.block.clusters if self.kept is None else Keys(self._kept(columns))
            part.clusters = keys.keys, keys.table(self.sums, self.weights)
        return part

    def _kept(self, columns: tuple[Array, ...]) -> tuple[Array, ...]:
        """The rows that count, of keys."""
        return tuple(column[self.kept] for column in columns)

    def _losses(self, heavy: Any) -> Array:
        """The loss of each row by itself, whatever it counts; the mean of its values, where there are several."""
        series = self.series
        if self.weight is None and series.unweighted is series.function:
            if isinstance(self.weights, float):
                return self.sums if self.weights == 1.0 else self.sums / self.weights
            return np.divide(self.sums, self.weights, out=np.zeros_like(self.sums), where=heavy)
        own = np.asarray(self._call(series.unweighted, **self.block.fixed, reduction="none"))
        loss, _, options = unwrapped(series.unweighted)
        arguments, _ = series.given(self.inputs)
        sums, counts = row_sums(own), row_weights(loss, options, arguments, None, own.shape)
        losses = np.divide(sums, counts, out=sums, where=counts > 0.0)
        if uneven(series.loss, series.options, arguments, self.weight, own.ndim):
            np.divide(self.sums, self.weights, out=losses, where=heavy)
        return losses

    def _all_rows(self, losses: Array) -> Array:
        """One number for each row of the block: NaN for rows that were omitted."""
        if self.kept is None:
            return losses
        full = np.full(len(self.block.arrays[self.series.inputs[0]]), np.nan)
        full[self.kept] = losses
        return full

    def _write_gradients(self) -> None:
        first = self.series.loss.differentiable[0]
        function = value_and_grad(self.series.function, argnums=first)
        _, gradient = self._call(function, **self.given, reduction="sum")
        if self.kept is not None:
            full = np.zeros((len(self.block.arrays[self.series.inputs[0]]), *gradient.shape[1:]), gradient.dtype)
            full[self.kept] = gradient
            gradient = full
        self.block.written.gradients(self.k, self.block.start, gradient)

    def _raise_nan(self, nans: Array) -> NoReturn:
        name = self.series.inputs[self.series.loss.differentiable[0]]
        row = int(np.flatnonzero(nans)[0])
        file, place = self.block.plan.sources[name].place(self._row(row))
        raise ValueError(
            f"{file}: {self.series.label}: the loss of row {place} is NaN, as of {int(nans.sum())} of the "
            f"{len(nans)} rows read with it; nan='omit' leaves such rows out, nan='propagate' reports NaN"
        )

    def _row(self, k: int) -> int:
        """The row of all, for a row of what is computed here."""
        return self.block.start + (k if self.kept is None else int(self.kept[k]))

    def _raise_located(self, error: ValueError | IndexError) -> NoReturn:
        """Raise the error with the row counted from the start of its file, and with the file's name."""
        arguments, options = self.series.given(self.series.inputs)
        sources = {**dict(zip(self.series.loss.inputs, arguments, strict=False)), **options, WEIGHT: WEIGHT}
        found = PLACE.search(str(error))
        if found is None or sources.get(found[1]) not in self.block.plan.sources:
            raise error
        row = self._row(int(found[2]))
        file, place = self.block.plan.sources[sources[found[1]]].place(row)
        text = PLACE.sub(lambda match: f"{match[1]}[{place}", str(error), count=1)
        if file == sources[found[1]]:  # an array in memory
            raise type(error)(text) from error
        raise type(error)(f"{file}: {text}; rows count from the start of the file") from error


def difference(first: SeriesBlock, second: SeriesBlock) -> Part:
    """Sums and moments of what two series differ by on the rows that count in both."""
    changes: Array
    both: Any
    counts: Array | float
    even = isinstance(first.weights, float) and isinstance(second.weights, float) and first.weights == second.weights
    if even and first.kept is None and second.kept is None:
        changes, counts, both = first.sums - second.sums, float(first.weights), slice(None)
        weight = counts * len(changes)
    else:
        size = len(first.block.arrays[first.series.inputs[0]])
        full = np.full((2, 2, size), np.nan)
        for k, each in enumerate((first, second)):
            kept = slice(None) if each.kept is None else each.kept
            full[k, 0, kept], full[k, 1, kept] = each.sums, each.weights
        (sums, weights), (other_sums, other_weights) = full
        both = (weights > 0.0) & (other_weights > 0.0) | (sums != 0.0) & (other_sums != 0.0)
        both &= (sums == sums) & (other_sums == other_sums) & (weights == weights)
        changes, counts = (sums - other_sums)[both], weights[both]
        weight = float(np.sum(counts))
    if first.block.plan.cluster:
        keys = Keys(tuple(column[both] for column in first.block.cluster))
        rows = RowPart(clusters=(keys.keys, keys.table(changes, counts)))
    else:
        rows = RowPart(moments=moments_of(changes, counts) if len(changes) else None)
    return Part([float(changes.sum())], [weight], rows=rows)
