"""What a loss of chosen actions takes, checked: the same for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import working
from ..loops.codes import ACTION_OPERAND, DONE_OPERAND, NEXT_ACTION_OPERAND, WEIGHT_OPERAND
from . import checks as check
from .outputs import outputs_of

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request


class Transitions:
    """One call: the values of actions before and after a step, what was done and what came of it."""

    def __init__(self, place: Arrays, request: Request) -> None:
        self.place, self.request, self.loss = place, request, request.loss
        q, action, reward, next_q, done = request.arguments
        self.q = place.prediction(self.loss, "q", q)
        if self.q.ndim != 2:
            raise ValueError(f"{self.loss.name}: q has shape {self.q.shape}; it must be (N, actions)")
        self.real, (self.rows, self.actions) = working(self.q.dtype), self.q.shape
        self.action = check.indices(place, self.loss, "action", action, self.rows)
        self.reward = self.of_rows("reward", reward)
        self.done = self.of_rows("done", done)
        self.next_q = self.values_after(next_q)
        self.next_actions = self.next_q.shape[1]
        chosen = request.option("next_action")
        if chosen is not None:
            chosen = check.indices(place, self.loss, "next_action", chosen, self.rows)
        self.next_action = chosen
        self.discount, self.params = request.number("discount", self.real), request.parameters(self.real)
        self.weight = request.weight(place, (self.rows,))
        self.values, self.outputs = outputs_of(place, request, self.q, (self.rows,))

    def values_after(self, given: Any) -> Any:
        """The values of the actions of the next step, which are as many as they like."""
        loss, next_q = self.loss, self.place.prediction(self.loss, "next_q", given)
        if next_q.ndim != 2 or next_q.shape[0] != self.rows:
            raise ValueError(f"{loss.name}: next_q has shape {next_q.shape}; it must be ({self.rows}, actions)")
        if self.rows and 0 in (self.actions, next_q.shape[1]):
            raise ValueError(
                f"{loss.name}: q and next_q need at least one action, got {self.q.shape} and {next_q.shape}"
            )
        return next_q

    def of_rows(self, name: str, value: Any) -> Any:
        """One number a row."""
        array = self.place.real(self.loss, name, value)
        check.same_shape(self.loss, name, array.shape, (self.rows,), "the batch")
        return array

    def complain(self, position: int, operand: int) -> NoReturn:
        """Raise for the first bad index or number that a kernel found, in the operand of this number."""
        host = self.place.on_host
        if operand == WEIGHT_OPERAND:
            check.bad_weight(self.loss, host(self.weight), position)
        if operand == ACTION_OPERAND:
            self.bad_index("action", host(self.action), self.actions, position)
        if operand == NEXT_ACTION_OPERAND:
            self.bad_index("next_action", host(self.next_action), self.next_actions, position)
        array = self.done if operand == DONE_OPERAND else self.reward
        check.bad_number(self.loss, operand, host(array), self.real.name, position)

    def bad_index(self, name: str, array: Any, size: int, position: int) -> NoReturn:
        """Raise for the first index that is no action."""
        bad = int(np.count_nonzero((array < 0) | (array >= size)))
        raise IndexError(
            f"{self.loss.name}: {name}[{position}] = {array[position]} is outside [0, {size}); "
            f"{bad} of {array.size} are bad. Actions start at 0."
        )
