"""The selected family on a device: a law of the chosen entries of q (td_error)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.action_value import Transitions
from ...loops.headers import ActionStrides, ActionValue, Operand
from . import jit
from .arrays import DeviceArray
from .call import Call
from .headers import value_of
from .reduction import Shares, conclude, rows_of_a_block, weight_scale
from .selected_kernels import selected_kernel

if TYPE_CHECKING:
    from ...calls.request import Request


def in_bytes(array: DeviceArray | None) -> ActionStrides:
    """The strides of an array, if there is one."""
    row, action = (0, 0) if array is None else array.strides
    return ActionStrides(row=row, action=action)


def header_of(call: Call, step: Transitions, block: int) -> ActionValue:
    """The header of a problem of so many rows a block."""
    request, real = step.request, step.real
    gradient, curvature = (*step.outputs, None, None)[:2]

    def one(array: DeviceArray | None) -> Operand:
        return Operand(*call.operand(array, real))

    return ActionValue(
        rows=step.rows,
        block=block,
        tile=0,
        actions=step.actions,
        next_actions=step.next_actions,
        mode=request.mode,
        bound=request.bound,
        itemsize=real.itemsize,
        param_count=len(step.params),
        scale=request.scale(step.rows),
        least=step.loss.least,
        discount=step.discount,
        q=one(step.q),
        action=one(step.action),
        reward=one(step.reward),
        next_q=one(step.next_q),
        done=one(step.done),
        next_action=one(step.next_action),
        weight=one(step.weight),
        values=one(step.values),
        gradient=one(gradient),
        curvature=one(curvature),
        q_strides=in_bytes(step.q),
        next_q_strides=in_bytes(step.next_q),
        gradient_strides=in_bytes(gradient),
        curvature_strides=in_bytes(curvature),
        params=step.params,
    )


def compute(request: Request) -> Any:
    """Run a loss of the chosen entries of q."""
    call, loss, mode = Call(request), request.loss, request.mode
    with call.library.current():
        step = Transitions(call.library, request)
        block = rows_of_a_block(step.rows, 1)
        blocks = -(-step.rows // block)
        partials, real, scale, notes = call.workspace(4 * max(blocks, 1)), step.real, 0, list[Any]()
        if request.averaged and mode and step.weight is not None:
            scale, notes = weight_scale(call, step.weight, partials, real)
        if blocks:
            shares = Shares(all=step.rows, each=block, partials=partials, scale=scale)
            kernel = selected_kernel(loss.law, len(loss.params), real.name, mode)
            kernel.launch(call.stream, blocks, jit.THREADS, value_of(header_of(call, step, block)), value_of(shares))
        known = float(step.rows) if step.weight is None else None
        return conclude(call, (partials, blocks), known, (step.values, step.outputs), notes, step.complain)
