"""The embedding family on the host: a law of sums over the entries of rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.arrays import HOST
from ..packing.embedding import PackedVectors
from ..packing.operands import Problem, name_of
from ..packing.stored import StoredProblem, look_for_memory
from . import plans

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of rows of vectors."""
    call, loss, mode = PackedVectors(HOST, request), request.loss, request.mode
    rows, real, weight, values = call.rows, call.real, call.weight, call.values
    loop, tile = backend.kernel(loss, "embedding_block", real, min(mode, 1))
    header = call.header(tile)
    blocks, work = -(-rows // header.block), rows * call.size * loss.cost
    problem = Problem(loop, header, blocks, work)
    if call.stored:
        of_stored = backend.loop("stored_block", name_of(real))
        problem = StoredProblem(of_stored, header, blocks, work, loop, (rows, header.block), call.stored, call.kept)
    total, count = float(rows), 0
    if request.averaged and weight is not None and mode:
        count = backend.loop("weight_block", name_of(real))
        total = backend.counted(problem, count, rows * 0.2, call.complain)
    header.scale = request.scale(total)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        look_for_memory(outcome.bad_in)
        call.complain(outcome.bad_at, outcome.bad_in)
    request.refuse_infinite(outcome.weight)
    total = total if weight is None else outcome.weight
    fields = ("vectors.operand", "known"), ("gradients.operand",)
    plans.remember(backend, request, problem, float(rows), *fields, values, weight is None, count)
    return request.answer(request.reduced(outcome.value, total) if values is None else values, call.outputs)
