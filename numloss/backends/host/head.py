"""The head family on the host: the last layer of a network and a loss of its logits, which are never all in memory.

The logits of some rows are a product of matrices; the loop of the rowwise family puts their gradient in their place,
and three products take it to where the logits came from. The products are those of NumPy's BLAS. Rows that count
nothing are left out before the first of them. A classifier of 16 bits is widened within the products, hidden states are
block by block, and gradients are rounded once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.linear import OPTIONS, LinearLayer
from ...calls.request import Request
from ...common.halves import is_half, widened
from ..packing.operands import Array
from . import plans
from .products import Products, evenly, in_order

if TYPE_CHECKING:
    from . import HostBackend

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True
# BLAS packs all of the classifier for each block of rows: a fifth of its time with 160 rows, a seventh with 192, a
# fourteenth with 384. A block is a part of the batch, so that its logits and what is beside them are less than a tenth
# of all, unless they are few.
LEAST_ROWS, MOST_ROWS, PART = 384, 512, 10.5
BLOCK_BYTES = 20 * 2**20


def rows_of_block(rows: int, classes: int, itemsize: int) -> int:
    """Rows whose logits are worked on together: a function of the shape alone."""
    return max(LEAST_ROWS, min(MOST_ROWS, int(rows / PART)), BLOCK_BYTES // (classes * itemsize))


class Head(LinearLayer):
    """One call: the products and the losses of its rows."""

    def count(self, backend: HostBackend) -> float:
        """What the rows count with; every label and weight has been checked after this."""
        scores = np.broadcast_to(np.zeros(1, self.real), (len(self.hidden), len(self.classifier)))
        options = self.options("weight", "class_weight", "ignore_index") | {"backend": backend.name}
        counts = Request(self.loss.counts, 0, (scores, self.target), options, True, signed=self.request.signed)
        return float(plans.computed(backend, counts)[1])

    def counted(self) -> Array | slice:
        """The rows that are not ignored and have a weight, as has their class: a slice of all, or their positions."""
        ignored = self.row_options.ignore
        counts = np.ones(len(self.target), bool) if ignored is None else self.target != ignored
        if self.weight is not None:
            counts &= widened(self.weight) != 0
        if self.row_options.class_weight is not None and not self.row_options.smoothing:
            counts[counts] = widened(np.asarray(self.row_options.class_weight))[self.target[counts]] > 0
        return slice(0, len(counts)) if counts.all() else np.flatnonzero(counts)

    def run(self, backend: HostBackend, scale: float) -> float:
        """The sum of the losses; values are written, and the gradients of that sum times the scale."""
        counted, classifier = self.counted(), in_order(self.classifier)[0]
        if self.values is not None:
            self.values[...] = 0.0
        positions = range(len(self.hidden))[counted] if isinstance(counted, slice) else counted
        most = rows_of_block(len(self.hidden), len(self.classifier), self.real.itemsize)
        most = evenly(len(positions), most)
        # what adds up over the rows; the first block overwrites that of the classifier
        sums = {name: self.wide(array) for name, array in self.slopes.items() if name != "hidden"}
        for name, array in (self.slopes | sums).items():
            if name != "classifier" or not len(positions):
                array[...] = np.zeros((), array.dtype)
        buffer = np.empty((min(most, len(positions)), len(self.classifier)), self.real)
        total = 0.0
        with Products(backend, self.real) as multiply:
            for start in range(0, len(positions), most):
                rows = slice(start, min(start + most, len(positions)))
                chosen = rows if isinstance(counted, slice) else counted[rows]
                hidden, logits = self.read(backend, chosen), buffer[: rows.stop - rows.start]
                multiply(hidden, classifier.T, logits)
                total += self.block(backend, chosen, logits)
                if "hidden" in self.slopes:
                    turned = np.empty_like(hidden)
                    multiply(logits, classifier, turned)
                    turned *= self.real.type(scale)
                    self.write(backend, chosen, turned)
                self.add_slopes(multiply, hidden, logits, self.real.type(scale), sums, start > 0)
        for name, array in sums.items():
            if array is not self.slopes[name]:
                backend.convert(array, self.slopes[name])
        return total

    def wide(self, array: Array) -> Array:
        """An array that is written to, or where its numbers are added up before they are rounded."""
        return np.empty(array.shape, self.real) if is_half(array.dtype) else array

    def read(self, backend: HostBackend, rows: Any) -> Array:
        """Some of the hidden states, in the dtype that is computed with."""
        hidden: Array = self.hidden[rows]
        if not is_half(hidden.dtype):
            return hidden
        found = np.empty(hidden.shape, self.real)
        backend.convert(hidden, found)
        return found

    def write(self, backend: HostBackend, rows: Any, found: Array) -> None:
        """Bring the gradient of some of the hidden states to its place."""
        sink = self.slopes["hidden"]
        if is_half(sink.dtype):
            rounded = np.empty(found.shape, sink.dtype)
            backend.convert(found, rounded)
            found = rounded
        sink[rows] = found

    def block(self, backend: HostBackend, rows: Any, logits: Array) -> float:
        """Losses of some rows of logits; their gradient takes the place of these."""
        if self.bias is not None:
            logits += widened(self.bias)
        options = self.options(*OPTIONS) | {"backend": backend.name}
        if self.weight is not None:
            options["weight"] = self.weight[rows]
        if self.values is not None:
            options["reduction"] = "none"
        if self.slopes:
            options["out"] = logits
        signed, target = self.request.signed, self.target[rows]
        rowwise = Request(self.loss.logits, self.mode, (logits, target), options, self.values is None, signed=signed)
        answer = plans.computed(backend, rowwise)
        if self.slopes:
            answer = answer[0]
        if self.values is not None:
            self.values[rows] = answer
            return 0.0
        return float(answer[0])

    def add_slopes(
        self, multiply: Products, hidden: Array, slope: Array, scale: Any, sums: dict[str, Array], add: bool
    ) -> None:
        """Take the gradient of some rows' logits, times the scale, to classifier and bias."""
        if "bias" in sums:
            sums["bias"] += np.matmul(np.full(len(slope), scale), slope)
        if "classifier" in sums:
            multiply(slope.T, hidden * scale, sums["classifier"], add)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of the logits of a last layer."""
    call = Head(HOST, request)
    weight = call.count(backend)
    with np.errstate(all="ignore"):  # what is infinite or NaN is so in the answer
        total = call.run(backend, request.scale(weight))
    result = request.reduced(total, weight) if call.values is None else call.values
    return call.answer(result, tuple(call.slopes.values()))
