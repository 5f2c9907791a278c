"""The elementwise family on the host: a scalar law at every element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...calls import checks as check
from ...calls.arrays import HOST
from ..packing.elementwise import PackedElements
from ..packing.operands import Problem, name_of
from . import plans

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend


def reads_halves(request: Request) -> bool:
    """Numbers of 16 bits are read and written by tiles."""
    return True


def compute(backend: HostBackend, request: Request) -> Any:
    """Run an elementwise loss."""
    call = PackedElements(HOST, request)
    loss, mode = request.loss, request.mode
    elements, real, weight = math.prod(call.shape), call.real, call.weight
    total = float(elements)
    if request.averaged and weight is not None and mode:
        total = backend.weight_sum(loss, weight, real, flipped=call.flipped)
    loop, tile = backend.kernel(loss, "elementwise_block", real, mode)
    header = call.header(tile, request.scale(total))
    problem = Problem(loop, header, -(-elements // header.block), elements * loss.cost)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        call.complain(outcome.bad_at, outcome.bad_in)
    check.finite_weights(loss, request.options.get("weight"), outcome.weight)
    total = outcome.weight if weight is not None else total
    if not call.wanted and not (mode and weight is not None):
        together = None if mode else ("elementwise_sums_block", name_of(real))
        fixed = weight is None
        plans.remember(backend, request, problem, total, ("inputs",), ("outputs",), fixed, together=together)
    return request.answer(call.values if call.wanted else request.reduced(outcome.value, total), call.outputs)
