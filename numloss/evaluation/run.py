"""An evaluation from the first check to the last block."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from ..backends.choice import chosen_backend
from ..backends.threads import limit
from ..common.halves import working
from ..data.opening import source_of
from ..data.source import Array, Source
from ..errors import FormatError
from ..metrics import RowMetric, metrics_of
from .answer import result_of
from .counting import Counts
from .executors import in_order, workers_of
from .influences import Errors, errors_of
from .journal import Journal
from .outputs import created
from .plan import (
    BY,
    CLUSTER,
    GROUPS,
    Plan,
    Task,
    block_bounds,
    block_rows,
    byte_count,
    check_losses,
    check_metrics,
    check_rows,
    counted_of,
    functions_of,
    series_of,
)
from .question import Question
from .result import Evaluation
from .rowfile import folder_for, removed_if_empty, written
from .totals import Adding, Total

# Bytes that a task reads: at first many, so that tasks are few; at the end few, so that all workers finish together.
MOST_BYTES, LEAST_BYTES = 128 << 20, 8 << 20
# A worker takes what is left divided by the number of workers and this; it takes so many tasks at least.
PART, TASKS_EACH = 2, 4
# Memory of this size that has been freed once the C library of Linux keeps from then on. Smaller pieces it gave back
# with every block, to take them again full of zeros: four fifths of the time of intervals.
KEPT = 16 << 20
# Bytes that a task of a further pass for metrics reads: what it finds is in memory until it ends.
AGAIN = 2 << 20


def evaluated(losses: Any, given: Mapping[str, Any], groups: Any, question: Question) -> Evaluation:
    """Answer the question for every loss on every set of predictions, in one pass."""
    question.check()
    parquet, folder = question.losses_to, folder_for(question.losses_to)
    if folder is not None:
        question = replace(question, losses_to=folder)
    memory = byte_count(question.memory)
    plan, pointers = planned(losses, given, groups, question, memory)
    shown = {name: source_of(value, name, memory, keys=True) for name, value in dict(question.show or {}).items()}
    if shown:
        check_rows({**plan.sources, **shown})
    with removed_if_empty(folder):
        result = answered(plan, pointers, question, memory, shown)
    if folder is None:
        return result
    assert parquet is not None
    keys = {name.partition(" ")[2] or name: plan.sources[name] for name in (*plan.by, *plan.cluster)}
    written(parquet, folder, result.losses_to, [each.label for each in plan.series], keys)
    return replace(result, losses_to=(os.fsdecode(parquet),))


def answered(
    plan: Plan, pointers: Array | None, question: Question, memory: int, shown: Mapping[str, Source]
) -> Evaluation:
    """What a plan gives: all of its blocks added up."""
    pairs = [(plan.series[a].label, plan.series[b].label) for a, b in plan.pairs]
    totals = [
        Total(plan.bins, plan.worst, plan.interval, bool(plan.by), bool(plan.cluster)) for _ in plan.series
    ] + [Total(False, 0, True, False, bool(plan.cluster)) for _ in pairs]  # fmt: skip
    counts = Counts(plan)
    everything: list[Adding] = [*totals, *([counts] if plan.counted else [])]
    journal = Journal(plan, pointers, question)
    if plan.by_row or plan.counted or question.gradients_to:
        np.empty(KEPT, np.uint8)
    began = time.perf_counter()
    with _with_outputs(plan, question) as complete:
        blocks = _add_up(complete, pointers, everything, question, memory, journal)
        errors = _count_again(plan, counts, question, memory, lambda: journal.save(blocks, everything, now=True))
        journal.done()
    return result_of(complete, totals, counts, pairs, question, time.perf_counter() - began, shown, errors)


def _count_again(
    plan: Plan, counts: Counts, question: Question, memory: int, save: Callable[[], object]
) -> Errors | None:
    """Pass over the rows again as long as metrics are not known exactly that should be, and then for their errors."""
    counts.settle(plan)
    chunk = AGAIN if question.chunk is None else min(byte_count(question.chunk), AGAIN)
    quiet = replace(question, resume=None, progress=None, chunk=chunk)

    def passed(further: Plan, totals: Sequence[Adding]) -> None:
        _add_up(further, None, totals, quiet, memory, Journal(further, None, quiet))

    while (further := counts.next_pass(plan)) is not None:
        save()
        passed(further, [counts])
        counts.end_pass(plan)
    return errors_of(plan, counts, passed)


def planned(
    losses: Any, given: Mapping[str, Any], groups: Any, question: Question, memory: int
) -> tuple[Plan, Array | None]:
    """The plan, everything in it checked, and the ends of groups of rows if a loss needs them."""
    metrics = metrics_of(question.metrics)
    functions: list[Any] = [*functions_of(losses), *(each for each in metrics if isinstance(each, RowMetric))]
    whole: list[Any] = [each for each in metrics if not isinstance(each, RowMetric)]
    if not functions and not whole:
        raise ValueError("no loss and no metric to evaluate")
    inputs = {name: value for name, value in given.items() if value is not None and name not in (BY, CLUSTER)}
    every, opened = series_of([*functions, *whole], inputs)
    series = [each for each in every if each.function not in whole]
    keys, clusters = (keys_of(name, given.get(name), memory) for name in (BY, CLUSTER))
    if clusters and question.interval is None:
        raise ValueError("cluster says which rows belong together, for intervals; interval= says of which level")
    sources = {**{name: source_of(value, name, memory) for name, value in opened.items()}, **keys, **clusters}
    check_rows(sources)
    count = len(functions)
    wanted = question.interval is not None
    pairs = [(a, k) for k in range(count, len(series)) for a in (k % count,)] if wanted else []
    plan = Plan(
        sources, tuple(series), block_rows(sources), question.nan, question.backend or chosen_backend(),
        bool(question.quantiles), question.worst, wanted, tuple(pairs), tuple(keys), tuple(clusters),
        **counted_of([each for each in every if each.function in whole], sources, wanted),
    )  # fmt: skip
    check_losses(plan)
    check_metrics(plan, question.gradients_to is not None)
    grouped = [each.loss.name for each in series if each.loss.adds_up == "groups"]
    if not grouped:
        return plan, None
    if groups is None:
        raise ValueError(f"{grouped[0]} adds up over groups of rows; groups= says where they begin and end")
    if plan.by_row or plan.has_metrics or question.losses_to or question.gradients_to:
        raise ValueError(f"{grouped[0]} adds up over groups of rows: a single row has no loss")
    return plan, _pointers(groups, plan.rows, memory)


def keys_of(kind: str, by: Any, memory: int) -> dict[str, Source]:
    """The sources of the keys of groups, or of clusters, by name."""
    if by is None:
        return {}
    named = {f"{kind} {name}": value for name, value in by.items()} if isinstance(by, Mapping) else {kind: by}
    sources = {name: source_of(value, name, memory, keys=True) for name, value in named.items()}
    for source in sources.values():
        if source.dtype.kind not in "iubUS" or len(source.shape) > 2:
            found = f"{source.name} has shape {source.shape} and dtype {source.dtype}"
            raise TypeError(f"{kind}: {found}; it holds one integer a row, a truth value, text, or several numbers")
    return sources


def _pointers(groups: Any, rows: int, memory: int) -> Array:
    """The ends of groups, from 0 to the number of rows, each above the one before."""
    source = source_of(groups, GROUPS, memory)
    reader = source.reader(source.rows)
    try:
        found = np.array(reader.read(0, source.rows))
    finally:
        reader.close()
    rising = found.ndim == 1 and len(found) > 0 and found.dtype.kind in "iu" and bool((found[1:] >= found[:-1]).all())
    if not rising or found[0] != 0 or found[-1] != rows:
        raise FormatError(f"{source.name}: groups are integers that rise from 0 to the number of rows, {rows}")
    return found.astype(np.int64)


@contextlib.contextmanager
def _with_outputs(plan: Plan, question: Question) -> Iterator[Plan]:
    """The plan with files to write to; they take their names when the block ends."""
    keep = question.resume is not None
    preds = [plan.sources[each.inputs[each.loss.differentiable[0]]] for each in plan.series]
    losses = [((plan.rows,), working(source.dtype).newbyteorder("=")) for source in preds]
    gradients = [(source.shape, source.dtype.newbyteorder("=")) for source in preds]
    records = [((plan.rows,), plan.sources[source].dtype[field]) for _, source, field in plan.records]
    labels, names = [each.label for each in plan.series], [name for name, _, _ in plan.records]
    with (
        created(question.losses_to, labels, losses, keep) as losses_to,
        created(question.gradients_to, labels, gradients, keep) as gradients_to,
        created(question.records_to, names, records, keep) as records_to,
    ):
        yield replace(plan, losses_to=losses_to, gradients_to=gradients_to, records_to=records_to)


def _add_up(
    plan: Plan, pointers: Array | None, totals: Sequence[Adding], question: Question, memory: int, journal: Journal
) -> int:
    """Run every block and add up its parts; how many there were."""
    bounds = block_bounds(plan.rows, plan.block_rows, pointers) or [(0, 0)]
    done = journal.take_up(plan, totals)
    workers = _workers(plan, question.executor, len(bounds), memory)
    spans = _spans(done, len(bounds), workers, *_blocks_of_task(plan, question, len(bounds), workers))
    tasks = (_task(plan, bounds[k:end], pointers, workers) for k, end in spans)
    with contextlib.closing(in_order(tasks, question.executor, workers)) as results:
        for parts in results:
            for some in parts:
                for total, part in zip(totals, some, strict=True):
                    total.add(part)
                done += len(some[0].totals)
            journal.save(done, totals)
            if question.progress is not None:
                rows = bounds[done - 1][1]
                question.progress(rows, plan.rows, rows * plan.row_bytes)
    return done


def _workers(plan: Plan, executor: Executor | None, blocks: int, memory: int) -> int:
    """How many blocks may be worked on at a time."""
    if executor is not None:
        fixed = [source.name for source in plan.sources.values() if not source.portable]
        if fixed and not isinstance(executor, ThreadPoolExecutor):
            raise ValueError(f"{', '.join(fixed)} is in memory, and tasks carry paths, not arrays; save it as .npy")
        return workers_of(executor)
    fitting = memory // max(1, plan.block_bytes)
    if not fitting:
        raise ValueError(f"one block needs {plan.block_bytes} bytes, but memory is {memory}")
    return min(limit(), blocks, fitting)


def _blocks_of_task(plan: Plan, question: Question, blocks: int, workers: int) -> tuple[int, int]:
    """Blocks that a worker takes at a time, at least and at most. No result depends on them."""
    block = max(1, plan.block_rows * plan.row_bytes)
    if question.chunk is not None:
        return (max(1, byte_count(question.chunk) // block),) * 2
    grain = max(source.grain for source in plan.sources.values())
    least = max(1, min(LEAST_BYTES // block, math.ceil(blocks / (TASKS_EACH * workers))))
    least = max(least, math.ceil(grain / plan.block_rows) if grain > 1 else 1)
    return least, max(least, MOST_BYTES // block)


def _spans(done: int, blocks: int, workers: int, least: int, most: int) -> Iterator[tuple[int, int]]:
    """The first block alone, which shows what is wrong with all of them, then fewer and fewer at a time."""
    size = 1
    while done < blocks:
        yield done, min(done + size, blocks)
        done += size
        size = max(least, min(most, (blocks - done) // (PART * workers)))


def _task(plan: Plan, bounds: Sequence[tuple[int, int]], pointers: Array | None, workers: int) -> Task:
    ends: tuple[Array | None, ...] = ()
    if pointers is not None:
        cut = [np.searchsorted(pointers, both) for both in bounds]
        ends = tuple(pointers[a : b + 1] - pointers[a] for a, b in cut)
    return Task(plan, tuple(bounds), ends, None if workers == 1 else 1)
