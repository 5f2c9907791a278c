"""What an elementwise loss takes, checked: the same for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import working
from ..loops.codes import WEIGHT_OPERAND
from . import checks as check
from .arrays import HOST
from .outputs import outputs_of
from .thresholds import of_intervals

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request


class Elements:
    """One call: what was given, and what is written to.

    arrays: inputs of one shape, then the options that may vary by element, None where one is a number, which
    constants has then. loss: that of the request, or for as many intervals as `table` has columns. replaced: whether
    one of the outputs is an input.
    """

    def __init__(self, place: Arrays, request: Request) -> None:
        self.place, self.request, self.loss, self.mode = place, request, request.loss, request.mode
        self.wanted = request.unreduced
        self.read_inputs(request.arguments)
        self.params = request.parameters(self.real)
        self.weight = request.weight(place, self.shape)
        replaced = (*self.loss.inputs, *self.loss.per_element)
        self.values, self.outputs = outputs_of(place, request, self.pred, self.shape, replaced)
        inputs = [array for array in self.arrays if array is not None]
        self.replaced = request.options.get("out") is not None and any(
            place.same(a, b) for a in (self.outputs or [self.values]) for b in inputs
        )

    def read_inputs(self, arguments: tuple[Any, ...]) -> None:
        """What the law takes of every element."""
        place, loss = self.place, self.loss
        pred = self.pred = place.prediction(loss, loss.inputs[0], arguments[0])
        self.real: np.dtype[Any] = working(pred.dtype)
        self.shape = check.shape_of_elements(loss, pred.shape)
        self.flipped = place.f_order(pred)
        self.arrays: list[Any] = [pred]
        for k, (name, value) in enumerate(zip(loss.inputs[1:], arguments[1:], strict=True), 1):
            # what has a gradient is floating; the gradient has the dtype of the prediction
            array = (place.prediction if k in loss.differentiable else place.real)(loss, name, value)
            check.same_shape(loss, name, array.shape, pred.shape, loss.inputs[0])
            self.arrays.append(array)
        self.constants = [0.0] * len(self.arrays)
        for name in loss.per_element:
            value = self.request.option(name)
            varies = place.varies(value)
            self.arrays.append(self.varying(name, value) if varies else None)
            self.constants.append(0.0 if varies else check.number(loss, name, value, self.real))
        self.table: np.ndarray[Any, Any] | None = None
        if loss.cuts is not None:
            self.loss, self.table = of_intervals(loss, place.on_host(self.request.options.get(loss.cuts)), self.real)

    def varying(self, name: str, value: Any) -> Any:
        """An option that follows the last axes of the prediction."""
        array = self.place.real(self.loss, name, value)
        try:
            return self.place.broadcast(array, self.pred.shape)
        except ValueError:
            raise ValueError(
                f"{self.loss.name}: {name} has shape {array.shape}; it must be a number or fit the last axes of "
                f"{self.pred.shape}"
            ) from None

    def complain(self, position: int, operand: int) -> NoReturn:
        """Raise for the first value that a kernel found outside its domain, in the operand of this number."""
        host = self.place.on_host
        if operand == WEIGHT_OPERAND:
            check.bad_weight(self.loss, HOST.spread(host(self.weight), self.shape), position, self.flipped)
        array = np.broadcast_to(host(self.arrays[operand // self.loss.columns]), self.pred.shape)
        check.bad_number(self.loss, operand, array, self.real.name, position, self.flipped, not self.replaced)
