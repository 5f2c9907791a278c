"""What numbers of groups are made of, checked: the same for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from ..common.halves import widened, working
from ..loops.codes import WEIGHT_OPERAND
from . import checks as check
from .lists import pointers_of
from .outputs import check_apart
from .rowwise import flag

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request


class Groups:
    """One call: numbers, where their groups are, which the host must know, and what is written."""

    def __init__(self, place: Arrays, request: Request) -> None:
        self.place, self.loss = place, request.loss
        loss = self.loss
        self.given = place.prediction(loss, loss.inputs[0], request.arguments[0])
        self.shape, self.real = tuple(self.given.shape), working(self.given.dtype)
        groups, weight = request.option("groups"), request.option("weight")
        self.pointers = pointers_of(loss, None if groups is None else place.on_host(groups), self.given.size)
        self.weight = None if weight is None else place.real(loss, "weight", weight)
        if self.weight is not None:
            check.same_shape(loss, "weight", tuple(self.weight.shape), self.shape, loss.inputs[0])
        self.others = int(request.number("baseline"))
        self.scaled = int(flag(loss, "scaled", request.option("scaled")))
        self.epsilon = request.number("epsilon")
        out = request.options.get("out")
        self.out = place.output(loss, out, self.given, self.shape, "values")
        if out is not None:
            check_apart(place, request, [("values", self.out)], loss.inputs)

    def complain(self, position: int, operand: int) -> NoReturn:
        """Raise for the first weight, or number, that a kernel found outside its domain."""
        host = self.place.on_host
        if operand == WEIGHT_OPERAND:
            check.bad_weight(self.loss, widened(np.asarray(host(self.weight))), position)
        check.bad_number(self.loss, 0, widened(np.asarray(host(self.given))), self.real.name, position)
