"""The sequence family on a device. Lengths and labels pass over the host, where they are checked and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.sequence import Sequences, Targets
from ..packing.sequence import header_of
from . import jit
from .call import Call
from .reduction import conclude
from .sequence_kernels import Alignments, steps_kernel, walk_kernel

if TYPE_CHECKING:
    from ...calls.request import Request


def occurrences(targets: Targets) -> tuple[Any, Any]:
    """Where each blank and label comes next, counted from the beginning of its sequence, and which are the first."""
    counts = targets.counts + 1
    owner = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((np.arange(len(owner)), targets.classes, owner))
    one, other = order[:-1], order[1:]
    same = (owner[one] == owner[other]) & (targets.classes[one] == targets.classes[other])
    following, first = np.full(len(owner), -1), np.ones(len(owner), np.int64)
    following[one[same]] = (other - targets.starts[owner[other]])[same]
    first[other[same]] = 0
    return following, first


def beside(call: Call, batch: Sequences, width: int, partials: int) -> Alignments:
    """What only the device needs."""
    rows = max(1, batch.steps * batch.count)
    nexts, firsts = occurrences(batch.targets)
    return Alignments(
        partials=partials,
        shares=call.library.numbers(batch.shares(), call.kept)[1],
        nexts=call.library.numbers(nexts, call.kept)[1],
        firsts=call.library.numbers(firsts, call.kept)[1],
        scores=call.workspace(rows * width),
        rests=call.workspace(rows),
        rows=call.workspace(max(1, batch.count) * width * (4 * batch.steps + 14)),
        zero_infinity=batch.zero_infinity,
        values=call.described(batch.values, batch.pred.dtype),
    )


def compute(request: Request) -> Any:
    """Run a loss of sequences."""
    call = Call(request)
    with call.library.current():
        batch = Sequences(call.library, request)
        partials, dtype = call.workspace(4 * max(batch.count, 1)), batch.pred.dtype.name
        width = int(batch.targets.counts.max(initial=0)) + 2
        problem = header_of(batch, batch.pred, batch.losses(), width, 1, call.kept)
        headers = problem, beside(call, batch, width, partials)
        if batch.steps * batch.count:
            steps_kernel(dtype).launch(call.stream, batch.steps * batch.count, jit.THREADS, *headers)
        if batch.count:
            walk_kernel(dtype).launch(call.stream, batch.count, jit.THREADS, *headers)
        written = batch.values, batch.outputs
        return conclude(call, (partials, batch.count), batch.total, written, [], lambda *_: None)
