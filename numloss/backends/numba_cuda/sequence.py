"""The sequence family on a device. Lengths and labels pass over the host, where they are checked and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.sequence import Sequences, Targets
from ...loops.headers import Operand, Sequence, SequenceStrides
from . import jit
from .arrays import DeviceArray
from .call import Call
from .headers import value_of
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


def in_bytes(array: DeviceArray | None) -> SequenceStrides:
    """The strides of an array, if there is one."""
    step, sequence, entry = (0, 0, 0) if array is None else array.strides
    return SequenceStrides(step=step, sequence=sequence, entry=entry)


def headers_of(call: Call, batch: Sequences, partials: int) -> tuple[Sequence, Alignments]:
    """The headers of a problem."""
    real, targets = batch.pred.dtype, batch.targets
    gradient, rows = batch.outputs[0] if batch.outputs else None, max(1, batch.steps * batch.count)
    width = int(targets.counts.max(initial=0)) + 2
    following, first = occurrences(targets)
    problem = Sequence(
        sequences=batch.count,
        blocks=batch.count,
        steps=batch.steps,
        classes=batch.classes,
        from_logits=batch.from_logits,
        width=width,
        stretch=batch.steps,
        line_size=0,
        state_size=0,
        order=0,
        used=call.uploaded(batch.used),
        counts=call.uploaded(targets.counts),
        starts=call.uploaded(targets.starts),
        labels=call.uploaded(targets.classes),
        factors=call.uploaded(batch.factors()),
        losses=call.uploaded(batch.losses()),
        lines=0,
        states=0,
        pred=Operand(*call.operand(batch.pred, real)),
        pred_strides=in_bytes(batch.pred),
        gradient=Operand(*call.operand(gradient, real)),
        gradient_strides=in_bytes(gradient),
    )
    return problem, Alignments(
        partials=partials,
        shares=call.uploaded(batch.shares()),
        nexts=call.uploaded(following),
        firsts=call.uploaded(first),
        scores=call.workspace(rows * width),
        rests=call.workspace(rows),
        rows=call.workspace(max(1, batch.count) * width * (4 * batch.steps + 14)),
        zero_infinity=batch.zero_infinity,
        values=Operand(*call.operand(batch.values, real)),
    )


def compute(request: Request) -> Any:
    """Run a loss of sequences."""
    call = Call(request)
    with call.library.current():
        batch = Sequences(call.library, request)
        partials, dtype = call.workspace(4 * max(batch.count, 1)), batch.pred.dtype.name
        headers = tuple(map(value_of, headers_of(call, batch, partials)))
        if batch.steps * batch.count:
            steps_kernel(dtype).launch(call.stream, batch.steps * batch.count, jit.THREADS, *headers)
        if batch.count:
            walk_kernel(dtype).launch(call.stream, batch.count, jit.THREADS, *headers)
        written = batch.values, batch.outputs
        return conclude(call, (partials, batch.count), batch.total, written, [], lambda *_: None)
