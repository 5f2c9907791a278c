"""The selected family on the host: a law of one chosen entry of each row (td_error)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ...calls import checks as check
from ...loops.codes import ACTION_OPERAND, DONE_OPERAND, NEXT_ACTION_OPERAND, REWARD_OPERAND, block_size
from ...loops.headers import ActionStrides, ActionValue
from . import plans
from .packing import ABSENT, Array, Problem, in_place, label_operand, operand, regular, steps
from .rowwise import row_outputs

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend


OPERANDS = ("q", "action", "reward", "next_q", "done")


def strides_of(array: Array | None) -> ActionStrides:
    """From row to row and from action to action, if there is an array."""
    row, action = (0, 0) if array is None else steps(array)
    return ActionStrides(row=row, action=action)


def indices(loss: Loss, name: str, value: Any, rows: int) -> Array:
    """One integer a row."""
    array: Array = check.host_array(loss, name, value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{loss.name}: {name} has dtype {array.dtype}; integers are needed")
    check.same_shape(loss, name, array.shape, (rows,), "the batch")
    return array


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of the chosen entries of q."""
    loss, mode, arguments = request.loss, request.mode, request.arguments
    q = regular(check.prediction(loss, loss.inputs[0], arguments[0]))
    if q.ndim != 2:
        raise ValueError(f"{loss.name}: q has shape {q.shape}; it must be (N, actions)")
    rows, actions = q.shape
    real = q.dtype
    action = indices(loss, "action", arguments[1], rows)
    reward, done = (check.host_array(loss, n, v) for n, v in (("reward", arguments[2]), ("done", arguments[4])))
    for name, array in (("reward", reward), ("done", done)):
        check.same_shape(loss, name, array.shape, (rows,), "the batch")
    next_q = check.prediction(loss, "next_q", arguments[3])
    if next_q.ndim != 2 or next_q.shape[0] != rows:
        raise ValueError(f"{loss.name}: next_q has shape {next_q.shape}; it must be ({rows}, actions)")
    if rows and (actions == 0 or next_q.shape[1] == 0):
        raise ValueError(f"{loss.name}: q and next_q need at least one action, got {q.shape} and {next_q.shape}")
    next_q = regular(next_q if next_q.dtype == real else next_q.astype(real))
    next_action = request.option("next_action")
    if next_action is not None:
        next_action = indices(loss, "next_action", next_action, rows)
    discount, params = request.number("discount"), request.parameters()
    weight = request.options.get("weight")
    if weight is not None:
        weight = check.host_array(loss, "weight", weight)
        check.weight_shape(loss, weight, (rows,))
    values, outputs = row_outputs(request, q, (rows,), (q, next_q))
    if any(np.may_share_memory(out, q) for out in outputs):
        raise ValueError(f"{loss.name}: out for the gradient overlaps q, most of which it would overwrite with zeros")
    total = float(rows)
    if request.averaged and weight is not None and mode:
        total = backend.weight_sum(loss, weight, real)
    loop, tile = backend.kernel(loss, "selected_block", real, mode)
    size = max(512, block_size(rows * (actions + next_q.shape[1])) // max(1, actions + next_q.shape[1]))
    kept: list[Any] = []
    gradient, curvature = (*outputs, None, None)[:2]
    header = ActionValue(
        rows=rows,
        block=size,
        tile=tile,
        actions=actions,
        next_actions=next_q.shape[1],
        mode=mode,
        bound=request.bound,
        itemsize=real.itemsize,
        param_count=len(params),
        scale=request.scale(total),
        least=loss.least,
        discount=discount,
        q=in_place(q),
        action=label_operand(action, kept),
        reward=operand(reward, real, kept),
        next_q=in_place(next_q),
        done=operand(done, real, kept),
        next_action=ABSENT if next_action is None else label_operand(next_action, kept),
        weight=ABSENT if weight is None else operand(weight, real, kept),
        values=ABSENT if values is None else operand(values, real, kept),
        gradient=ABSENT if gradient is None else in_place(gradient),
        curvature=ABSENT if curvature is None else in_place(curvature),
        q_strides=strides_of(q),
        next_q_strides=strides_of(next_q),
        gradient_strides=strides_of(gradient),
        curvature_strides=strides_of(curvature),
        params=params,
    )
    problem = Problem(loop, header, -(-rows // size), rows * (actions + 4.0))
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        arrays = action, reward, done, next_action
        complain(loss, outcome.bad_at, outcome.bad_in, arrays, weight, actions, next_q.shape[1])
    total = total if weight is None else outcome.weight
    if weight is None and values is None and next_action is None and next_q is arguments[3] and q is arguments[0]:
        plans.remember(backend, request, problem, total, OPERANDS, ("gradient",))
    return request.answer(request.reduced(outcome.value, total) if values is None else values, outputs)


def complain(
    loss: Loss,
    position: int,
    which: int,
    arrays: tuple[Array | None, ...],
    weight: Array | None,
    actions: int,
    next_actions: int,
) -> NoReturn:
    """Raise for the first bad index or number."""
    action, reward, done, next_action = arrays
    if which in (ACTION_OPERAND, NEXT_ACTION_OPERAND):
        name, array, size = "action", action, actions
        if which == NEXT_ACTION_OPERAND:
            name, array, size = "next_action", next_action, next_actions
        assert array is not None
        bad = int(np.count_nonzero((array < 0) | (array >= size)))
        raise IndexError(
            f"{loss.name}: {name}[{position}] = {array[position]} is outside [0, {size}); "
            f"{bad} of {array.size} are bad. Actions start at 0."
        )
    if which == REWARD_OPERAND:
        assert reward is not None
        bad = int(np.count_nonzero(np.isnan(reward)))
        check.value_outside(loss, "reward", reward, position, "a number, not NaN", bad)
    if which == DONE_OPERAND:
        assert done is not None
        bad = int(np.count_nonzero(~((done >= 0) & (done <= 1))))
        check.value_outside(loss, "done", done, position, "in [0, 1]", bad)
    assert weight is not None
    bad = int(np.count_nonzero(~(weight >= 0)))
    check.value_outside(loss, "weight", weight, position, ">= 0, not NaN", bad)
