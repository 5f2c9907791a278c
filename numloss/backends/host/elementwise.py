"""The elementwise family on the host: a scalar law at every element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...calls.arrays import HOST
from ...calls.elementwise import Elements
from ...loops.codes import TABLE, UNCHECKED, block_size
from ...loops.headers import Bounds, Elementwise, Operand
from . import plans
from .packing import ABSENT, CONSTANT, Array, Problem, column_operands, name_of, operand

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend


UNBOUND = Bounds(check=UNCHECKED, low=0.0, high=0.0, constant=0.0)


class Call(Elements):
    """One call, as the loop reads it."""

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
            direct=not self.replaced,
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
    call = Call(HOST, request)
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
        call.complain(outcome.bad_at, outcome.bad_in)
    total = outcome.weight if weight is not None else total
    if weight is None and not call.wanted:
        plans.remember(backend, request, problem, total, ("inputs",), ("outputs",))
    return request.answer(call.values if call.wanted else request.reduced(outcome.value, total), call.outputs)
