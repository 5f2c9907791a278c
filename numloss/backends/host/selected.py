"""The selected family on the host: a law of one chosen entry of each row (td_error)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.action_value import Transitions
from ...calls.arrays import HOST
from ...loops.codes import block_size
from ...loops.headers import ActionStrides, ActionValue, Operand
from . import plans
from .packing import ABSENT, Array, Problem, in_place, label_operand, operand, regular, steps

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

OPERANDS = ("q", "action", "reward", "next_q", "done")


def strides_of(array: Array | None) -> ActionStrides:
    """From row to row and from action to action, if there is an array."""
    row, action = (0, 0) if array is None else steps(array)
    return ActionStrides(row=row, action=action)


def problem_of(backend: HostBackend, step: Transitions, total: float, kept: list[Any]) -> Problem:
    """The problem, if the weights add up to the total; `kept` must outlive it."""
    request, loss, real = step.request, step.loss, step.real
    q, next_q = regular(step.q), regular(step.next_q if step.next_q.dtype == real else step.next_q.astype(real))
    kept += [q, next_q]
    loop, tile = backend.kernel(loss, "selected_block", real, request.mode)
    actions = step.actions + step.next_actions
    size = max(512, block_size(step.rows * actions) // max(1, actions))
    gradient, curvature = (*step.outputs, None, None)[:2]

    def one(array: Array | None) -> Operand:
        return ABSENT if array is None else operand(array, real, kept)

    header = ActionValue(
        rows=step.rows,
        block=size,
        tile=tile,
        actions=step.actions,
        next_actions=step.next_actions,
        mode=request.mode,
        bound=request.bound,
        itemsize=real.itemsize,
        param_count=len(step.params),
        scale=request.scale(total),
        least=loss.least,
        discount=step.discount,
        q=in_place(q),
        action=label_operand(step.action, kept),
        reward=one(step.reward),
        next_q=in_place(next_q),
        done=one(step.done),
        next_action=ABSENT if step.next_action is None else label_operand(step.next_action, kept),
        weight=one(step.weight),
        values=one(step.values),
        gradient=ABSENT if gradient is None else in_place(gradient),
        curvature=ABSENT if curvature is None else in_place(curvature),
        q_strides=strides_of(q),
        next_q_strides=strides_of(next_q),
        gradient_strides=strides_of(gradient),
        curvature_strides=strides_of(curvature),
        params=step.params,
    )
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
    if weight is not None:
        total = outcome.weight
    elif values is None and step.next_action is None:
        plans.remember(backend, request, problem, total, OPERANDS, ("gradient",))
    return request.answer(request.reduced(outcome.value, total) if values is None else values, step.outputs)
