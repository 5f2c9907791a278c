"""The examplewise family on the host: losses of whole examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...common.halves import is_half
from ..packing.examplewise import PackedExamples
from ..packing.operands import Array, Problem, name_of
from . import plans

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True


def deliver_sums(backend: HostBackend, call: PackedExamples, sums: Array) -> None:
    """Add up the sums of the blocks, in their order, to the gradients by what all examples share."""
    total = np.zeros(call.sum_count)
    for each in sums:
        total += each
    at = 0
    for k, output in zip(call.graded, call.outputs, strict=True):
        if not call.common[k]:
            continue
        found = total[at : at + call.entries[k]].reshape(output.shape)
        at += call.entries[k]
        if is_half(output.dtype):
            backend.convert(found.astype(np.float32), output)
        else:
            output[...] = found


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of whole examples."""
    call, loss = PackedExamples(HOST, request), request.loss
    name, weight, values = name_of(call.real), call.weight, call.values
    blocks = -(-call.count // call.block)
    sums = np.zeros((blocks, call.sum_count))
    header = call.header(backend.loop(loss.rows["loop"], name), id(sums))
    problem = Problem(backend.loop("examplewise_block", name), header, blocks, call.count * call.work)
    total, count = float(call.count), 0
    if request.averaged and weight is not None and request.mode:
        count = backend.loop("weight_block", name)
        total = backend.counted(problem, count, call.count * 0.2, call.complain)
    header.scale = request.scale(total)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        call.complain(outcome.bad_at, outcome.bad_in)
    request.refuse_infinite(outcome.weight)
    if call.sum_count:
        deliver_sums(backend, call, sums)
    else:
        fields = ("arrays.stored",), ("slopes.stored",)
        plans.remember(backend, request, problem, float(call.count), *fields, values, weight is None, count)
    total = total if weight is None else outcome.weight
    return request.answer(request.reduced(outcome.value, total) if values is None else values, call.outputs)
