"""What is counted for metrics: in the pass of an evaluation, and in those over parts of the rows that follow it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..data.source import Array
from ..metrics.base import Rows
from ..metrics.kernels import nan_rows
from ..metrics.tally import ROOM
from .plan import WEIGHT, Plan
from .totals import FIRST_ROWS, Keys, Part


class Counting:
    """What is counted in the blocks of a task."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tasks = [each.function.begin() for each in plan.counted]  # type: ignore[attr-defined]
        self.gone: list[tuple[int, ...]] = [()] * len(self.tasks)
        self.count = [0] * len(self.tasks)

    def nans(self, pred: Array) -> Array | None:
        """Which rows of predictions are NaN, None if none is."""
        found = nan_rows(pred.reshape(-1)) if pred.size else None
        return found if found is None or pred.ndim == 1 else found.reshape(len(pred), -1).any(axis=1)

    def add(
        self, k: int, inputs: tuple[Array, ...], weight: Array | None, keys: Keys | None, gone: tuple[int, ...]
    ) -> None:
        """Count the rows of a block; `gone` are those that are left out."""
        self.count[k] += len(gone)
        self.gone[k] = (self.gone[k] + gone)[:FIRST_ROWS]
        names = () if keys is None else tuple(zip(*(column.tolist() for column in keys.keys), strict=True))
        place = None if keys is None else keys.place
        self.tasks[k].add(Rows(inputs[0], inputs[1], weight, names, place, self.plan.backend))

    def deliver(self, parts: list[list[Part]]) -> None:
        """Give what was counted to the part of the last block."""
        if self.tasks and parts:
            parts[-1][-1].counts = list(zip(self.tasks, self.count, self.gone, strict=True))


def further(plan: Plan, **wanted: Any) -> Plan:
    """The plan of a further pass over the rows that have all they need: what is counted, or series with their pairs."""
    parts = {"series": (), "counted": (), "pairs": (), "cluster": (), **wanted}
    inputs = {name for series in (*parts["series"], *parts["counted"]) for name in series.inputs}
    names = {*inputs, *plan.by, *parts["cluster"], WEIGHT}
    return replace(
        plan, sources={name: source for name, source in plan.sources.items() if name in names}, asked=(), losses_to=(),
        gradients_to=(), records=(), records_to=(), interval=bool(parts["series"]), bins=False, worst=0, nan="omit",
        **parts,
    )  # fmt: skip


class Counts:
    """What all tasks have counted."""

    def __init__(self, plan: Plan) -> None:
        self.totals = [each.function.total(bool(plan.by)) for each in plan.counted]  # type: ignore[attr-defined]
        self.nans = [0] * len(self.totals)
        self.nan_rows: list[tuple[int, ...]] = [()] * len(self.totals)
        self.under_way: list[int] = []

    def add(self, part: Part) -> None:
        """Add the part of the next blocks."""
        for k, (task, nans, rows) in zip(self.under_way or range(len(self.totals)), part.counts or (), strict=False):
            self.totals[k].add(task)
            if not self.under_way:
                self.nans[k] += nans
                self.nan_rows[k] = (self.nan_rows[k] + rows)[:FIRST_ROWS]

    def state(self) -> list[Any]:
        """What there is so far, as plain data."""
        return [[total.state() for total in self.totals], self.nans, self.nan_rows]

    def take_up(self, state: list[Any]) -> None:
        """Go on from what `state` gave."""
        found, self.nans, rows = state
        self.nan_rows = [tuple(each) for each in rows]
        for total, each in zip(self.totals, found, strict=True):
            total.take_up(each)

    def settle(self, plan: Plan) -> None:
        """The pass over all rows has ended."""
        for total in self.totals:
            total.settle(plan.backend)

    def next_pass(self, plan: Plan) -> Plan | None:
        """What a further pass looks at, as much as there is room for; None if everything is known."""
        room, counted = ROOM, []
        self.under_way = []
        for k, (series, total) in enumerate(zip(plan.counted, self.totals, strict=True)):
            narrowed = total.narrowed(room) if room > 0 else None
            if narrowed is not None:
                self.under_way.append(k)
                counted.append(replace(series, function=narrowed))
                room -= total.held
        if not counted:
            return None
        return replace(further(plan, counted=tuple(counted)), nan=plan.nan)

    def end_pass(self, plan: Plan) -> None:
        """A further pass has ended."""
        for k in self.under_way:
            self.totals[k].end_pass(plan.sources[plan.counted[k].inputs[0]].name)

    def figures(self, plan: Plan) -> Sequence[tuple[Any, dict[Any, Any]]]:
        """What there is to say of each metric that is asked for, of all rows and by key."""
        found = []
        for series, k in plan.asked:
            total, metric = self.totals[k], series.function
            whole = metric.figures(total.whole())  # type: ignore[attr-defined]
            found.append((whole, {key: metric.figures(total.of(key)) for key in total.keys()}))  # type: ignore[attr-defined]
        return found
