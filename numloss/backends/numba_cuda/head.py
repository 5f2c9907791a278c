"""The head family on a device: the last layer of a network and a loss of its logits, which are never all in memory.

The logits of some rows are a product of matrices; the kernel of the rowwise family puts their gradient in their place,
and two products take it to where the logits came from. Rows that count nothing are left out before the first of them,
on the device: nothing waits for how many they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...calls.linear import LinearLayer
from ...calls.request import Request
from ...calls.rowwise import Rows
from ...loops.codes import LABELS, LOG_PROBABILITIES
from . import jit
from .arrays import DeviceArray
from .call import Call
from .head_kernels import Counting, LiveRows, columns_kernel, gather_kernel, positions_kernel, scatter_kernel
from .products import Products, matrix, scratch, whole_tiles
from .reduction import conclude
from .rowwise import packed, run_rows, team_of
from .rowwise_texts import Plan

# A block is a part of the batch, so that its logits are less than a tenth of all, unless they and hidden are small; so
# many rows that their products keep a large device busy.
LEAST_ROWS, MOST_ROWS, PART = 512, 2048, 12
BLOCK_BYTES = 128 * 2**20


def rows_of_block(rows: int, numbers: int, real: Any) -> int:
    """Rows of so many numbers that are worked on together, whole tiles of them: a function of the shape alone."""
    most = max(LEAST_ROWS, min(MOST_ROWS, rows // PART), BLOCK_BYTES // (numbers * real.itemsize))
    return whole_tiles(rows, most, real.name)


class Head(LinearLayer):
    """One call, and what is in memory of a block of rows."""

    def __init__(self, call: Call, request: Request) -> None:
        super().__init__(call.library, request)
        self.call, self.dtype, self.multiply = call, self.real.name, Products(call)
        # the logits as far as they are known before there are any
        scores = replace(self.hidden, shape=(self.rows, self.classes), strides=(0, 0))
        self.given = Rows(call.library, call.loss, self.row_options, scores, 1, self.target, self.weight)
        self.given.signed = request.signed
        self.most = rows_of_block(self.rows, max(self.classes, self.features), self.real)
        self.positions = scratch(call, (1 + self.rows,), "int64").address

    def count(self) -> tuple[int, Any]:
        """Address of 1 / what the rows count with, and the note of bad labels and weights."""
        header = packed(self.call, self.given, 0)
        blocks = -(-self.rows // header.block)
        partials, scale = self.call.workspace(4 * max(1, blocks)), self.call.workspace(1)
        self.class_weight = 0 if header.smoothing else header.class_weight
        plan = Plan(LOG_PROBABILITIES, LABELS, False, -1, team_of(self.given))
        run_rows(self.call, plan, header, blocks, partials)
        return scale, self.call.finish(partials, blocks, None, scale=scale)

    def order(self) -> None:
        """Find the rows that count."""
        counting = Counting(
            rows=self.rows,
            classes=self.classes,
            ignores=self.row_options.ignore is not None,
            ignored=self.row_options.ignore or 0,
            class_weight=self.class_weight,
            target=self.call.described(self.target, self.real),
            weight=self.call.described(self.weight, self.real),
        )
        positions_kernel(self.dtype).launch(self.call.stream, 1, jit.THREADS, counting, self.positions)

    def run(self, scale: int) -> tuple[int, int]:
        """Compute block by block; gives the address and the number of the partial results."""
        call, width = self.call, (self.most, self.features)
        logits, hidden = scratch(call, (self.most, self.classes), self.real), scratch(call, width, self.real)
        turned = scratch(call, width, self.real) if "hidden" in self.slopes else hidden
        labels, weight = scratch(call, (self.most,), "int64"), scratch(call, (self.most,), self.real)
        values = None if self.values is None else scratch(call, (self.most,), self.real)
        signed = self.request.signed
        rows = Rows(call.library, call.loss, self.row_options, logits, 1, labels, weight, values=values, signed=signed)
        rows.outputs = [logits] if self.mode else []
        header = packed(call, rows, self.mode)
        header.scale = self.request.pull
        each = -(-self.most // header.block)
        starts = range(0, max(1, self.rows), self.most)
        partials = call.workspace(4 * each * len(starts))
        dense = self.row_options.smoothing > 0.0
        plan = Plan(self.row_options.scores, LABELS, dense, self.mode, team_of(rows))
        given = matrix(self.hidden), call.described(self.target, self.real), call.described(self.weight, self.real)
        places = hidden.address, labels.address, weight.address
        for k, start in enumerate(starts):
            live = LiveRows(rows=self.rows, features=self.features, positions=self.positions, first=start)
            gather_kernel(self.dtype).launch(call.stream, self.most, jit.THREADS, live, *given, *places)
            self.score(hidden, logits, start)
            run_rows(call, plan, header, each, partials + 32 * each * k, scale)
            self.spread(logits, hidden, turned, values, live)
        return partials, each * len(starts)

    def score(self, hidden: DeviceArray, logits: DeviceArray, start: int) -> None:
        """The logits of the rows from `start` on."""
        onto = None
        if self.bias is not None:
            onto = replace(self.bias, shape=logits.shape, strides=(0, *self.bias.strides))
        live = (self.positions, start, False)
        self.multiply(hidden, self.classifier.T, logits, onto=onto, live=live)

    def spread(
        self, slope: DeviceArray, hidden: DeviceArray, turned: DeviceArray, values: DeviceArray | None,
        live: LiveRows,
    ) -> None:  # fmt: skip
        """Take the gradient of some rows' logits to hidden, classifier and bias, and their losses to the values."""
        call, slopes, start = self.call, self.slopes, live.first
        if "hidden" in slopes:
            self.multiply(slope, self.classifier, turned, live=(self.positions, start, False))
        if "hidden" in slopes or values is not None:
            losses = 0 if values is None else values.address
            places = turned.address, matrix(slopes.get("hidden")), losses, call.described(self.values, self.real)
            scatter_kernel(self.dtype).launch(call.stream, self.most, jit.THREADS, live, *places)
        if "classifier" in slopes:
            y = slopes["classifier"]
            self.multiply(slope.T, hidden, y, onto=y if start else None, live=(self.positions, start, True))
        if "bias" in slopes:
            y = slopes["bias"]
            blocks = -(-self.classes // jit.THREADS)
            sums = slope.address, y.address, y.strides[0], int(start > 0)
            columns_kernel(self.dtype).launch(call.stream, blocks, jit.THREADS, live, self.most, self.classes, *sums)


def compute(request: Request) -> Any:
    """Run a loss of the logits of a last layer."""
    # kernels and messages know its loss of the logits; the gradients are put together here
    given = request.arguments, request.options, request.pair
    call = Call(Request(request.loss.logits, 0, *given, signed=request.signed, pull=request.pull))
    with call.library.current():
        layer = Head(call, request)
        scale, note = layer.count()
        layer.order()
        partials = layer.run(scale if request.averaged and request.mode else 0)
        result = conclude(call, partials, None, (layer.values, []), [note], layer.given.complain)
        return layer.answer(result, tuple(array.owner for array in layer.slopes.values()))
