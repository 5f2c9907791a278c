"""The elementwise family on the host: a scalar law at every element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.outputs import check_same, given_outputs, overlapping, slots
from ...calls.thresholds import of_intervals
from ...loops.codes import TABLE, UNCHECKED, block_size
from ...loops.headers import Bounds, Elementwise, Operand
from . import plans
from .packing import ABSENT, CONSTANT, FLOAT32, FLOAT64, Array, Problem, column_operands, name_of, operand

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend


UNBOUND = Bounds(check=UNCHECKED, low=0.0, high=0.0, constant=0.0)


class Call:
    """One call: what was given, checked, and what is written to."""

    def __init__(self, request: Request) -> None:
        self.request, self.loss, self.mode = request, request.loss, request.mode
        self.wanted = request.unreduced
        self.read_inputs(request.arguments)
        self.params = request.parameters()
        loss, weight = request.loss, request.options.get("weight")
        if weight is not None:
            weight = check.host_array(loss, "weight", weight)
            check.weight_shape(loss, weight, self.shape)
            weight = check.spread(weight, self.shape)
        self.weight: Array | None = weight

    def read_inputs(self, arguments: tuple[Any, ...]) -> None:
        """Inputs of one shape, then the options that may vary by element, as arrays or constants."""
        loss = self.loss
        pred = arguments[0]
        if type(pred) is not np.ndarray or (pred.dtype is not FLOAT32 and pred.dtype is not FLOAT64):
            pred = check.prediction(loss, loss.inputs[0], pred)
        self.pred: Array = pred
        self.real, self.shape = pred.dtype, check.shape_of_elements(loss, pred.shape)
        self.flipped = pred.flags.f_contiguous and not pred.flags.c_contiguous
        self.arrays: list[Array | None] = [pred]
        for name, value in zip(loss.inputs[1:], arguments[1:], strict=True):
            array = check.host_array(loss, name, value)
            check.same_shape(loss, name, array.shape, pred.shape, loss.inputs[0])
            self.arrays.append(array)
        self.constants = [0.0] * len(self.arrays)
        for name in loss.per_element:
            varying, constant = per_element(loss, name, self.request.option(name), self.shape)
            self.arrays.append(varying)
            self.constants.append(constant)
        self.inputs = [a for a in self.arrays if a is not None]
        self.table: Array | None = None
        if loss.cuts is not None:
            self.loss, self.table = of_intervals(loss, self.request.options.get(loss.cuts), self.real)

    def prepare_outputs(self) -> None:
        """Arrays to write: values, slopes, curvatures; `direct` unless one of them is also an input."""
        loss, shape, inputs = self.loss, self.pred.shape, self.inputs
        values, slopes, curvatures = given_outputs(loss, self.mode, self.request.options.get("out"), self.wanted)
        written = slots(self.request, slopes, "gradient") if self.mode else []
        written += slots(self.request, curvatures, "curvature") if self.mode == 2 else []
        what = ["gradient"] * len(loss.wrt) + ["curvature"] * len(loss.wrt)
        self.outputs: list[Array] = [
            check.output(loss, given, self.pred, shape, inputs, name)
            for given, name in zip(written, what, strict=False)
        ]
        self.values = check.output(loss, values, self.pred, self.shape, inputs, "values") if self.wanted else None
        given_arrays = [a for a in (*written, values) if a is not None]
        shared = any(g is a or check_same(g, a) for g in given_arrays for a in inputs)
        self.direct = 0 if shared else 1
        if len(self.outputs) > 1 and overlapping(self.outputs):
            raise ValueError(f"{loss.name}: the arrays of out overlap each other")

    def described(self, array: Array, kept: list[Any], columns: int = 1) -> list[Operand]:
        """The operands of an array, one for each column, in the one order of all: C, or Fortran seen transposed."""
        if columns > 1 and not self.flipped and array.flags.c_contiguous:
            return column_operands(array, self.real, columns)
        views = [array[..., k] for k in range(columns)] if columns > 1 else [array]
        views = [view.T for view in views] if self.flipped else views
        kept += views
        return [operand(view, self.real, kept) for view in views]

    def one(self, array: Array | None, kept: list[Any]) -> Operand:
        """The operand of an array that may be absent."""
        return ABSENT if array is None else self.described(array, kept)[0]

    def read(self, kept: list[Any]) -> tuple[list[Operand], list[Bounds]]:
        """The inputs of the law: operands, and what is known of their numbers."""
        operands: list[Operand] = []
        bounds: list[Bounds] = []
        columns = self.loss.columns
        names = (*self.loss.inputs, *self.loss.per_element)
        for k, (name, array, constant) in enumerate(zip(names, self.arrays, self.constants, strict=True)):
            domain = self.loss.domains.get(name)
            if array is None:
                operands.append(CONSTANT)
                bounds.append(Bounds(check=UNCHECKED, low=0.0, high=0.0, constant=constant))
                continue
            operands += self.described(array, kept, columns)
            if domain is None:
                bounds += columns * [UNBOUND]
                continue
            low, high = domain.ends(name_of(self.real))
            bounds += columns * [Bounds(check=domain.check(k in self.loss.wrt), low=low, high=high, constant=0.0)]
        for row in () if self.table is None else self.table:
            kept.append(row)
            # chosen by the second input, the interval
            operands.append(Operand(array=id(row), kind=TABLE, layout=1))
            bounds.append(UNBOUND)
        return operands, bounds

    def header(self, tile: int, scale: float, kept: list[Any]) -> Elementwise:
        """The problem, as the loop reads it; `kept` must outlive the call."""
        elements, loss = math.prod(self.shape), self.loss
        inputs, bounds = self.read(kept)
        return Elementwise(
            elements=elements,
            block=block_size(elements),
            tile=tile,
            input_count=len(inputs),
            slope_count=loss.tile_shape[2] if self.mode else 0,
            curved=self.mode == 2,
            weighted=self.weight is not None,
            unreduced=self.wanted,
            direct=self.direct,
            itemsize=self.real.itemsize,
            param_count=len(self.params),
            scale=scale,
            least=loss.least if self.request.bound else -math.inf,
            weight=self.one(self.weight, kept),
            values=self.one(self.values, kept),
            inputs=inputs,
            outputs=[each for array in self.outputs for each in self.described(array, kept, loss.columns)],
            bounds=bounds,
            params=self.params,
        )


def compute(backend: HostBackend, request: Request) -> Any:
    """Run an elementwise loss."""
    call = Call(request)
    call.prepare_outputs()
    loss, mode = request.loss, request.mode
    elements, real, weight = math.prod(call.shape), call.real, call.weight
    total = float(elements)
    if request.averaged and weight is not None and mode:
        total = backend.weight_sum(loss, weight, real, flipped=call.flipped)
    loop, tile = backend.kernel(loss, "elementwise_block", real, mode)
    kept: list[Any] = []
    header = call.header(tile, request.scale(total), kept)
    problem = Problem(loop, header, -(-elements // header.block), elements * loss.cost)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        counted = call.direct == 1
        backend.complain(call.loss, outcome.bad_at, outcome.bad_in, call.arrays, weight, call.flipped, counted)
    total = outcome.weight if weight is not None else total
    if weight is None and not call.wanted:
        plans.remember(backend, request, problem, total, ("inputs",), ("outputs",))
    return request.answer(call.values if call.wanted else request.reduced(outcome.value, total), call.outputs)


def per_element(loss: Loss, name: str, value: Any, shape: tuple[int, ...]) -> tuple[Array | None, float]:
    """An option that may be one number or an array that follows the last axes of the prediction."""
    if value is None or np.ndim(value) == 0:
        return None, check.number(loss, name, value)
    array = check.host_array(loss, name, value)
    try:
        return np.broadcast_to(array, shape), 0.0
    except ValueError:
        raise ValueError(
            f"{loss.name}: {name} has shape {array.shape}; it must be a number or fit the last axes of {shape}"
        ) from None
