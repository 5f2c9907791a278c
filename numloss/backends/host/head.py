"""The head family on the host: the last layer of a network and a loss of its logits, which are never all in memory.

The logits of some rows are a product of matrices; the loop of the rowwise family puts their gradient in their place,
and three products take it to where the logits came from. The products are those of NumPy's BLAS. Rows that count
nothing are left out before the first of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.linear import OPTIONS, LinearLayer
from ...calls.request import Request
from ..packing.operands import Array
from . import plans
from .products import Products, evenly, in_order

if TYPE_CHECKING:
    from . import HostBackend

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
            counts &= self.weight != 0
        if self.row_options.class_weight is not None and not self.row_options.smoothing:
            counts[counts] = np.asarray(self.row_options.class_weight)[self.target[counts]] > 0
        return slice(0, len(counts)) if counts.all() else np.flatnonzero(counts)

    def run(self, backend: HostBackend, scale: float) -> float:
        """The sum of the losses; values are written, and the gradients of that sum times the scale."""
        counted, classifier = self.counted(), in_order(self.classifier)[0]
        if self.values is not None:
            self.values[...] = 0.0
        positions = range(len(self.hidden))[counted] if isinstance(counted, slice) else counted
        most = rows_of_block(len(self.hidden), len(self.classifier), self.real.itemsize)
        most = evenly(len(positions), most)
        for name, array in self.slopes.items():
            if name != "classifier" or not len(positions):  # the first block overwrites that of the classifier
                array[...] = 0.0
        buffer = np.empty((min(most, len(positions)), len(self.classifier)), self.real)
        total = 0.0
        with Products(backend, self.real) as multiply:
            for start in range(0, len(positions), most):
                rows = slice(start, min(start + most, len(positions)))
                chosen = rows if isinstance(counted, slice) else counted[rows]
                logits = buffer[: rows.stop - rows.start]
                total += self.block(backend, multiply, chosen, classifier, logits)
                self.add_slopes(multiply, chosen, classifier, logits, self.real.type(scale), start > 0)
        return total

    def block(self, backend: HostBackend, multiply: Products, rows: Any, classifier: Array, logits: Array) -> float:
        """Losses of some rows; the gradient of their logits takes the place of these."""
        hidden, target = self.hidden[rows], self.target[rows]
        multiply(hidden, classifier.T, logits)
        if self.bias is not None:
            logits += self.bias
        options = self.options(*OPTIONS) | {"backend": backend.name}
        if self.weight is not None:
            options["weight"] = self.weight[rows]
        if self.values is not None:
            options["reduction"] = "none"
        if self.slopes:
            options["out"] = logits
        signed = self.request.signed
        rowwise = Request(self.loss.logits, self.mode, (logits, target), options, self.values is None, signed=signed)
        answer = plans.computed(backend, rowwise)
        if self.slopes:
            answer = answer[0]
        if self.values is not None:
            self.values[rows] = answer
            return 0.0
        return float(answer[0])

    def add_slopes(
        self, multiply: Products, rows: Any, classifier: Array, slope: Array, scale: Any, add: bool
    ) -> None:
        """Take the gradient of some rows' logits, times the scale, to hidden, classifier and bias."""
        hidden = self.hidden[rows]
        if "hidden" in self.slopes:
            turned = np.empty(hidden.shape, self.real)
            multiply(slope, classifier, turned)
            self.slopes["hidden"][rows] = turned * scale
        if "bias" in self.slopes:
            self.slopes["bias"] += np.matmul(np.full(len(slope), scale), slope)
        if "classifier" in self.slopes:
            multiply(slope.T, hidden * scale, self.slopes["classifier"], add)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of the logits of a last layer."""
    call = Head(HOST, request)
    weight = call.count(backend)
    with np.errstate(all="ignore"):  # what is infinite or NaN is so in the answer
        total = call.run(backend, request.scale(weight))
    result = request.reduced(total, weight) if call.values is None else call.values
    return call.answer(result, tuple(call.slopes.values()))
