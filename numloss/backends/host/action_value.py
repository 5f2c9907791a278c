"""The action_value family on the host: a law of one chosen entry of each row (td_error)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.action_value import Transitions
from ...calls.arrays import HOST
from ...common.halves import is_half, widened
from ...loops.codes import block_size
from ..packing.action_value import header_of
from ..packing.operands import FLOAT32, Problem, name_of, regular
from ..packing.stored import Stored, StoredProblem, look_for_memory, stand_in
from . import plans

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True
ROWS = ("q", "next_q", "gradient", "curvature")
OPERANDS = ("q", "action", "reward", "next_q", "done")


def problem_of(backend: HostBackend, step: Transitions, kept: list[Any]) -> Problem:
    """The problem, before it is known what slopes are scaled by; `kept` must outlive it."""
    request, loss, real = step.request, step.loss, step.real
    next_q = step.next_q
    if next_q.dtype != real and not (is_half(next_q.dtype) and real == FLOAT32):
        next_q = widened(next_q).astype(real)
    arrays = [regular(step.q), regular(next_q), *step.outputs]
    stored = [Stored(array, ROWS[k], k > 1) for k, array in enumerate(arrays) if is_half(array.dtype)]
    arrays = [stand_in(array) if is_half(array.dtype) else array for array in arrays]
    kept += arrays
    loop, tile = backend.kernel(loss, "action_value_block", real, request.mode)
    actions = step.actions + step.next_actions
    size = max(512, block_size(step.rows * actions) // max(1, actions))
    header = header_of(step, arrays, size, real.itemsize, tile, kept)
    blocks, work = -(-step.rows // size), step.rows * (step.actions + 4.0)
    if not stored:
        return Problem(loop, header, blocks, work)
    of_stored = backend.loop("stored_block", name_of(real))
    return StoredProblem(of_stored, header, blocks, work, loop, (step.rows, size), stored, kept)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of the chosen entries of q."""
    step = Transitions(HOST, request)
    weight, values = step.weight, step.values
    kept: list[Any] = []
    problem = problem_of(backend, step, kept)
    total, count = float(step.rows), 0
    if request.averaged and weight is not None and request.mode:
        count = backend.loop("weight_block", name_of(step.real))
        total = backend.counted(problem, count, step.rows * 0.2, step.complain)
    problem.header.scale = request.scale(total)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        look_for_memory(outcome.bad_in)
        step.complain(outcome.bad_at, outcome.bad_in)
    request.refuse_infinite(outcome.weight)
    total = total if weight is None else outcome.weight
    rows = float(step.rows)
    plans.remember(
        backend, request, problem, rows, OPERANDS, ("gradient", "curvature"), values, weight is None, count
    )
    return request.answer(request.reduced(outcome.value, total) if values is None else values, step.outputs)
