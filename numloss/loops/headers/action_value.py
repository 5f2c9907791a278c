"""Headers of chosen actions."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Operand, Weights
from .structs import Double, Header, Int, Many, many


@dataclass
class ActionStrides(Header):
    """From row to row and from action to action."""

    row: Int
    action: Int


@dataclass
class ActionValue(Weights):
    """A law of the chosen entry of each row, the element, and of a target that is made from the next row.

    `bound`: curvatures are bounds, none of them below `least`.
    """

    tile: Int
    actions: Int
    next_actions: Int
    mode: Int
    bound: Int
    param_count: Int
    scale: Double
    least: Double
    discount: Double
    q: Operand
    action: Operand
    reward: Operand
    next_q: Operand
    done: Operand
    next_action: Operand
    values: Operand
    gradient: Operand
    curvature: Operand
    q_strides: ActionStrides
    next_q_strides: ActionStrides
    gradient_strides: ActionStrides
    curvature_strides: ActionStrides
    params: Many[Double] = many(5)
