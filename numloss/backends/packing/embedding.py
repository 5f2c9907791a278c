"""The header of the embedding family, of arguments on the host or on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.embedding import VectorRows, sums_in_order, sums_of, takes_units
from ...common.halves import is_half
from ...loops.codes import DATA, IN_ORDER, UNCHECKED, block_size
from ...loops.headers import Bounds, Embedding, Operand, Vectors, VectorSum
from .operands import name_of, operand, regular, steps
from .stored import Stored, stand_in

if TYPE_CHECKING:
    from ...calls.arrays import Arrays
    from ...calls.request import Request


class PackedVectors(VectorRows):
    """One call and, in `kept`, what its header points to."""

    def __init__(self, place: Arrays, request: Request) -> None:
        super().__init__(place, request)
        self.params = request.parameters(self.real)
        self.kept: list[Any] = []
        # vectors and gradients of 16 bits, which are something else in the header
        self.stored: list[Stored] = []

    def one(self, array: Any) -> Operand:
        """The operand of an array that may be absent."""
        return operand(array, self.real, self.kept, self.place)

    def in_rows(self, field: str, arrays: list[Any]) -> list[Vectors]:
        """The vectors of a field as loops and kernels read or write them."""
        found = []
        for k, array in enumerate(arrays):
            if is_half(array.dtype):
                self.stored.append(Stored(array, f"{field}.operand", field == "gradients", k))
                array = stand_in(array)
            else:
                array = regular(array) if field == "vectors" else array
            self.kept.append(array)
            found.append(self.vectors_at(array))
        return found

    def vectors_at(self, array: Any) -> Vectors:
        """An array of rows of entries."""
        per_row, per_entry = steps(array)
        return Vectors(Operand(self.place.address(array), DATA, IN_ORDER), per_row, per_entry)

    def header(self, tile: int, scale: float = 1.0) -> Embedding:
        """The problem, as loops and kernels read it. `tile` is machine code of the host."""
        loss, size = self.loss, self.size
        sums = [VectorSum(*each) for each in sums_in_order(sums_of(loss, self.params))]
        vectors = self.in_rows("vectors", self.vectors)
        domain = None if self.known is None else loss.domains[loss.inputs[-1]]
        low, high = domain.ends(name_of(self.real)) if domain else (0.0, 0.0)
        return Embedding(
            elements=self.rows,
            block=max(1, block_size(self.rows * size) // max(1, size)),
            tile=tile,
            entries=size,
            vector_count=len(vectors),
            sum_count=len(sums),
            units=takes_units(loss),
            sloped=self.request.mode > 0,
            weighted=self.request.weighting(self.weight),
            unreduced=self.values is not None,
            itemsize=self.real.itemsize,
            param_count=len(self.params),
            scale=scale,
            vectors=vectors,
            known=self.one(self.known),
            weight=self.one(self.weight),
            values=self.one(self.values),
            gradients=self.in_rows("gradients", self.outputs),
            sums=sums,
            bounds=Bounds(domain.check(False) if domain else UNCHECKED, low, high, constant=0.0),
            params=self.params,
        )
