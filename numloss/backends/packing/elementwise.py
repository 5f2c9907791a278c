"""The header of the elementwise family, of arguments on the host or on a device."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...calls.elementwise import Elements
from ...loops.codes import BOUND, EXACT, TABLE, TIGHT, UNCHECKED, block_size
from ...loops.headers import Bounds, Elementwise, Operand
from .operands import ABSENT, CONSTANT, column_operands, name_of, operand

if TYPE_CHECKING:
    from ...calls.arrays import Arrays
    from ...calls.request import Request

UNBOUND = Bounds(check=UNCHECKED, low=-math.inf, high=math.inf, constant=0.0)

# What no tight curvature is below: far away some vanish.
LEAST_TIGHT = 1e-16


class PackedElements(Elements):
    """One call and, in `kept`, what its header points to."""

    def __init__(self, place: Arrays, request: Request) -> None:
        super().__init__(place, request)
        self.kept: list[Any] = []

    def described(self, array: Any, columns: int = 1) -> list[Operand]:
        """The operands of an array, one for each column, in the one order of all: C, or Fortran seen transposed."""
        if columns > 1 and not self.flipped and self.place.c_order(array):
            return column_operands(array, self.real, columns, self.place)
        views = [array[..., k] for k in range(columns)] if columns > 1 else [array]
        views = [view.T for view in views] if self.flipped else views
        self.kept += views
        return [operand(view, self.real, self.kept, self.place) for view in views]

    def one(self, array: Any) -> Operand:
        """The operand of an array that may be absent."""
        return ABSENT if array is None else self.described(array)[0]

    def read(self) -> tuple[list[Operand], list[Bounds]]:
        """The inputs of the law: operands, and what is known of their numbers."""
        operands: list[Operand] = []
        bounds: list[Bounds] = []
        columns = self.loss.columns
        names = (*self.loss.inputs, *self.loss.per_element)
        for k, (name, array, constant) in enumerate(zip(names, self.arrays, self.constants, strict=True)):
            domain = self.loss.domains.get(name)
            if array is None:
                operands.append(CONSTANT)
                bounds.append(Bounds(check=UNCHECKED, low=-math.inf, high=math.inf, constant=constant))
                continue
            operands += self.described(array, columns)
            if domain is None:
                bounds += columns * [UNBOUND]
                continue
            low, high = domain.ends(name_of(self.real))
            check = domain.check(k in self.loss.differentiable)
            bounds += columns * [Bounds(check=check, low=low, high=high, constant=0.0)]
        if self.table is not None:
            table, _ = self.place.numbers(self.table, self.kept)
            rows = [table[k] for k in range(len(self.table))]
            self.kept += rows
            # chosen by the second input, the interval
            operands += [Operand(array=self.place.address(row), kind=TABLE, layout=1) for row in rows]
            bounds += len(rows) * [UNBOUND]
        return operands, bounds

    def least(self) -> float:
        """What no curvature is below."""
        policy = self.request.policy
        return -math.inf if policy == EXACT else self.loss.least if policy == BOUND else LEAST_TIGHT

    def header(self, tile: int, scale: float = 1.0) -> Elementwise:
        """The problem, as loops and kernels read it. `tile` is machine code of the host."""
        elements, loss = math.prod(self.shape), self.loss
        inputs, bounds = self.read()
        return Elementwise(
            elements=elements,
            block=block_size(elements),
            tile=tile,
            input_count=len(inputs),
            slope_count=loss.tile_shape[2] if self.mode else 0,
            curved=self.mode == 2,
            weighted=self.request.weighting(self.weight),
            unreduced=self.wanted,
            direct=not self.replaced,
            itemsize=self.real.itemsize,
            param_count=len(self.params),
            scale=scale,
            least=self.least(),
            tight=self.request.policy == TIGHT,
            weight=self.one(self.weight),
            values=self.one(self.values),
            inputs=inputs,
            outputs=[each for array in self.outputs for each in self.described(array, loss.columns)],
            bounds=bounds,
            params=self.params,
        )
