"""The header of losses of chosen actions, of arguments on the host or on a device."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import TYPE_CHECKING, Any

from ...loops.codes import BOUND
from ...loops.headers import ActionStrides, ActionValue, Operand
from .operands import ABSENT, code_of, in_place, operand

if TYPE_CHECKING:
    from ...calls.action_value import Transitions


def strides_of(array: Any, unit: int) -> ActionStrides:
    """From row to row and from action to action, in so many bytes, if there is an array."""
    if array is None:
        return ActionStrides(0, 0)
    row, action = array.strides
    return ActionStrides(row // unit, action // unit)


def header_of(
    step: Transitions, arrays: Many[Any], block: int, unit: int, tile: int, kept: list[Any], scale: float = 1.0
) -> ActionValue:
    """The header of a problem of so many rows a block; `kept` must outlive it. Strides are in so many bytes.

    arrays: q, next_q and, if they are written, its gradient and curvature.
    """
    real, place, loss = step.real, step.place, step.loss
    q, next_q, gradient, curvature = (*arrays, None, None)[:4]

    def one(array: Any) -> Operand:
        return operand(array, real, kept, place)

    def rows(array: Any) -> Operand:
        return ABSENT if array is None else in_place(array, code_of(array, real), place)

    return ActionValue(
        elements=step.rows,
        block=block,
        tile=tile,
        actions=step.actions,
        next_actions=step.next_actions,
        mode=step.request.mode,
        bound=step.request.policy == BOUND,
        itemsize=real.itemsize,
        param_count=len(step.params),
        scale=scale,
        least=loss.least,
        discount=step.discount,
        q=rows(q),
        action=one(step.action),
        reward=one(step.reward),
        next_q=rows(next_q),
        done=one(step.done),
        next_action=one(step.next_action),
        weighted=step.request.weighting(step.weight),
        weight=one(step.weight),
        values=one(step.values),
        gradient=rows(gradient),
        curvature=rows(curvature),
        q_strides=strides_of(q, unit),
        next_q_strides=strides_of(next_q, unit),
        gradient_strides=strides_of(gradient, unit),
        curvature_strides=strides_of(curvature, unit),
        params=step.params,
    )
