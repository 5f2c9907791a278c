"""The action_value family on the host: a law of one chosen entry of each row (td_error)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls import checks as check
from ...calls.action_value import Transitions
from ...calls.arrays import HOST
from ...loops.codes import block_size
from ..packing.action_value import header_of
from ..packing.operands import Problem, regular
from . import plans

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

OPERANDS = ("q", "action", "reward", "next_q", "done")


def problem_of(backend: HostBackend, step: Transitions, total: float, kept: list[Any]) -> Problem:
    """The problem, if the weights add up to the total; `kept` must outlive it."""
    request, loss, real = step.request, step.loss, step.real
    q, next_q = regular(step.q), regular(step.next_q if step.next_q.dtype == real else step.next_q.astype(real))
    kept += [q, next_q]
    loop, tile = backend.kernel(loss, "action_value_block", real, request.mode)
    actions = step.actions + step.next_actions
    size = max(512, block_size(step.rows * actions) // max(1, actions))
    header = header_of(step, q, next_q, size, real.itemsize, tile, request.scale(total), kept)
    return Problem(loop, header, -(-step.rows // size), step.rows * (step.actions + 4.0))


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of the chosen entries of q."""
    step, loss = Transitions(HOST, request), request.loss
    weight, values = step.weight, step.values
    total = float(step.rows)
    if request.averaged and weight is not None and request.mode:
        total = backend.weight_sum(loss, weight, step.real)
    kept: list[Any] = []
    problem = problem_of(backend, step, total, kept)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        step.complain(outcome.bad_at, outcome.bad_in)
    check.finite_weights(loss, request.options.get("weight"), outcome.weight)
    total = total if weight is None else outcome.weight
    if values is None and step.next_action is None and not (request.mode and weight is not None):
        plans.remember(backend, request, problem, total, OPERANDS, ("gradient",), fixed=weight is None)
    return request.answer(request.reduced(outcome.value, total) if values is None else values, step.outputs)
