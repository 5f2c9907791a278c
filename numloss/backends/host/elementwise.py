"""The elementwise family on the host: a scalar law at every element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...calls.arrays import HOST
from ..packing.elementwise import PackedElements
from ..packing.operands import Problem, name_of
from . import plans

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True


def compute(backend: HostBackend, request: Request) -> Any:
    """Run an elementwise loss."""
    call = PackedElements(HOST, request)
    loss, mode = request.loss, request.mode
    elements, real, weight = math.prod(call.shape), call.real, call.weight
    loop, tile = backend.kernel(loss, "elementwise_block", real, mode)
    header = call.header(tile)
    problem = Problem(loop, header, -(-elements // header.block), elements * loss.cost)
    total, count = float(elements), 0
    if request.averaged and weight is not None and mode and request.total is None:
        count = backend.loop("weight_block", name_of(real))
        total = backend.counted(problem, count, elements * 0.2, call.complain)
    header.scale = request.scale(total)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        call.complain(outcome.bad_at, outcome.bad_in)
    request.refuse_infinite(outcome.weight)
    total = outcome.weight if weight is not None else total
    together = ("elementwise_sums_block", name_of(real)) if mode == 0 and not call.wanted else None
    fields = ("inputs",), ("outputs",)
    plans.remember(
        backend, request, problem, float(elements), *fields, call.values, weight is None, count, together=together
    )
    return request.answer(call.values if call.wanted else request.reduced(outcome.value, total), call.outputs)
