"""The embedding family on the host: a law of sums over the entries of rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls import checks as check
from ...calls.arrays import HOST
from ..packing.embedding import PackedVectors
from ..packing.operands import Problem
from . import plans

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of rows of vectors."""
    call, loss, mode = PackedVectors(HOST, request), request.loss, request.mode
    rows, real, weight, values = call.rows, call.real, call.weight, call.values
    total = float(rows)
    if request.averaged and weight is not None and mode:
        total = backend.weight_sum(loss, weight, real)
    loop, tile = backend.kernel(loss, "embedding_block", real, min(mode, 1))
    header = call.header(tile, request.scale(total))
    problem = Problem(loop, header, -(-rows // header.block), rows * call.size * loss.cost)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        call.complain(outcome.bad_at, outcome.bad_in)
    check.finite_weights(loss, request.options.get("weight"), outcome.weight)
    total = total if weight is None else outcome.weight
    if values is None and not (mode and weight is not None):
        read, written = ("vectors.operand", "known"), ("gradients.operand",)
        plans.remember(backend, request, problem, total, read, written, fixed=weight is None)
    return request.answer(request.reduced(outcome.value, total) if values is None else values, call.outputs)
