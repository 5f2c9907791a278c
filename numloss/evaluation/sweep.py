"""Sums of many blocks in one loop in C, where nothing else is wanted of them and calls repeat.

A block of which there is something else to say, as that a value is bad, or that a sum is NaN, is left for Python.
"""

from __future__ import annotations

from typing import Any

from ..backends import threads
from ..backends.choice import chosen_backend
from ..backends.host.plans import find, sweep
from ..data.source import Reader
from .plan import WEIGHT, Plan
from .totals import Part


def swept(plan: Plan, readers: dict[str, Reader], bounds: tuple[tuple[int, int], ...]) -> list[Part]:
    """The parts of as many of these blocks as can be swept, all of them together; empty for none."""
    if any(each.named for each in plan.series):
        return []
    rows, (start, stop) = plan.block_rows, bounds[0]
    if plan.has_metrics or plan.by_row or plan.gradients_to or stop - start < rows or threads.limit() > 1:
        return []
    arrays, feeds = [], []
    for reader in readers.values():
        found = reader.stretch(start, bounds[-1][1])
        if found is None:
            return []
        arrays.append(found[0])
        feeds.append(found[1])
    blocks = min(len(array) // rows for array in arrays)
    place = {name: k for k, name in enumerate(readers)}
    first = [array[:rows] for array in arrays]
    calls, places = [], []
    for series in plan.series:
        inputs, weight = [place[name] for name in series.inputs], place.get(WEIGHT) if series.loss.weighted else None
        given: dict[str, Any] = {} if plan.backend is None else {"backend": plan.backend}
        given |= {} if weight is None else {WEIGHT: first[weight]}
        arguments, options = series.summed.given(tuple(first[k] for k in inputs), given)  # type: ignore[attr-defined]
        calls.append(find(series.loss, arguments, options, chosen_backend()))
        places.append(inputs if weight is None else [*inputs, weight])
    if blocks < 1 or None in calls:
        return []
    sums = sweep(calls, places, [array[: rows * blocks] for array in arrays], feeds, blocks)
    return [Part(total, weight) for total, weight in sums.tolist() if total]
