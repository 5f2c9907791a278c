"""The head family on a device: the last layer of a network and a loss of its logits, which are never all in memory.

The logits of some rows are a product of matrices; the kernel of the rowwise family puts their gradient in their place,
and two products take it to where the logits came from. Rows that count nothing are left out before the first of them,
on the device: nothing waits for how many they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...calls import checks as check
from ...calls.linear import check_separate, labels_of, layer_of
from ...calls.outputs import given_outputs
from ...calls.rowwise import RowOptions, options_of
from ...loops.codes import LABELS, LOG_PROBABILITIES
from ..host.head import OPTIONS
from . import checks, jit
from .arrays import DeviceArray
from .call import ABSENT, Call
from .head_kernels import columns_kernel, gather_kernel, positions_kernel, scatter_kernel
from .products import NOTHING, Products, matrix, scratch, whole_tiles
from .reduction import conclude, rows_of_a_block
from .rowwise import explainer, problem_of, team_of
from .rowwise_kernels import rowwise_kernel
from .rowwise_texts import Plan

if TYPE_CHECKING:
    from ...calls.request import Request

# A block is a part of the batch, so that its logits are less than a tenth of all, unless they and hidden are small; so
# many rows that their products keep a large device busy.
LEAST_ROWS, MOST_ROWS, PART = 512, 2048, 12
BLOCK_BYTES = 128 * 2**20


def rows_of_block(rows: int, numbers: int, real: Any) -> int:
    """Rows of so many numbers that are worked on together, whole tiles of them: a function of the shape alone."""
    most = max(LEAST_ROWS, min(MOST_ROWS, rows // PART), BLOCK_BYTES // (numbers * real.itemsize))
    return whole_tiles(rows, most, real.name)


class Head:
    """One call: the arrays, checked, and what is in memory of a block of rows."""

    def __init__(self, call: Call, request: Request) -> None:
        loss, mode, arguments = request.loss, request.mode, request.arguments
        given, argnums = request.options, request.argnums
        self.call, self.loss, self.mode = call, loss, mode
        self.multiply, library = Products(call), call.library
        layer = layer_of(loss, arguments, given.get("bias"), lambda k, x: checks.prediction(loss, k, x, library))
        self.hidden, self.classifier, self.bias = layer
        self.real, self.dtype = self.hidden.dtype, self.hidden.dtype.name
        self.target = labels_of(loss, checks.real_array(loss, "target", arguments[2], library), self.hidden)
        weight = given.get("weight")
        self.weight = None if weight is None else checks.real_array(loss, "weight", weight, library)
        (self.rows, self.features), self.classes = self.hidden.shape, self.classifier.shape[0]
        if self.weight is not None:
            check.weight_shape(loss, self.weight, (self.rows,))
        self.chosen = ["hidden", "classifier", "bias"] if argnums is None else [loss.inputs[k] for k in argnums]
        self.chosen = [name for name in self.chosen if getattr(self, name) is not None] if mode else []
        options = {name: given[name] for name in OPTIONS if name in given}
        self.options: RowOptions = options_of(loss.logits, (self.hidden, self.target), options)
        self.values, self.slopes = self.outputs(given.get("out"))
        self.most = rows_of_block(self.rows, max(self.classes, self.features), self.real)
        self.positions = scratch(call, (1 + self.rows,), "int64").address

    def outputs(self, out: Any) -> tuple[DeviceArray | None, dict[str, DeviceArray]]:
        """The values, for reduction="none", and the gradients by the name of what they belong to."""
        loss, library = self.loss, self.call.library
        inputs = [a for a in (self.hidden, self.classifier, self.bias, self.target, self.weight) if a is not None]
        wanted = self.call.request.unreduced
        given_values, given_slopes, _ = given_outputs(loss, self.mode, out, wanted)
        values = None
        if wanted:
            values = library.describe(library.empty((self.rows,), self.real))
            if given_values is not None:
                values = checks.output(loss, given_values, values, inputs, library, "values")
        slopes = {}
        written_to = check.several(loss, given_slopes, len(self.chosen), "gradient") if self.mode else ()
        for name, array in zip(self.chosen, written_to, strict=True):
            slopes[name] = checks.output(loss, array, getattr(self, name), inputs, library, f"gradient of {name}")
        written = [*slopes.values()] if values is None else [values, *slopes.values()]
        check_separate(loss, written, inputs, out is not None, checks.overlap)
        return values, slopes

    def count(self) -> tuple[int, Any]:
        """Address of 1 / what the rows count with, and the note of bad labels and weights."""
        scores = replace(self.hidden, shape=(self.rows, self.classes), strides=(0, 0))
        team = team_of(scores, 1)
        problem = problem_of(self.call, scores, 1, self.target, None, self.weight, None, [], self.options, False)
        integers, numbers, dtype = problem
        blocks = -(-self.rows // integers[1])
        integers[2], scale = self.call.workspace(4 * max(1, blocks)), self.call.workspace(1)
        if blocks:
            kernel = rowwise_kernel(dtype, Plan(LOG_PROBABILITIES, LABELS, False, False, -1, team))
            kernel.launch(self.call.stream, blocks, jit.THREADS, tuple(integers), tuple(numbers))
        return scale, self.call.finish(integers[2], blocks, None, scale=scale)

    def order(self) -> None:
        """Find the rows that count."""
        integers = [self.rows, self.classes, self.positions, int(self.options.ignore is not None)]
        integers += [self.options.ignore or 0, int(self.weight is not None)]
        for operand in (self.target, self.weight):
            integers += self.call.operand(operand, self.real)
        positions_kernel(self.dtype).launch(self.call.stream, 1, jit.THREADS, tuple(integers))

    def run(self, scale: int) -> tuple[int, int]:
        """Compute block by block; gives the address and the number of the partial results."""
        call, width = self.call, (self.most, self.features)
        logits, hidden = scratch(call, (self.most, self.classes), self.real), scratch(call, width, self.real)
        turned = scratch(call, width, self.real) if "hidden" in self.slopes else hidden
        labels, weight = scratch(call, (self.most,), "int64"), scratch(call, (self.most,), self.real)
        values = None if self.values is None else scratch(call, (self.most,), self.real)
        written = [logits] if self.mode else []
        problem = problem_of(call, logits, 1, labels, None, weight, values, written, self.options, False)
        team = team_of(logits, 1)
        each = -(-self.most // rows_of_a_block(self.most, team))
        starts = range(0, max(1, self.rows), self.most)
        partials = call.workspace(4 * each * len(starts))
        dense = self.options.smoothing > 0.0
        kernel = rowwise_kernel(self.dtype, Plan(self.options.scores, LABELS, dense, False, self.mode, team))
        beside = [int(self.weight is not None), *matrix(self.hidden)]
        for operand in (self.target, self.weight):
            beside += call.operand(operand, self.real)
        beside += [hidden.address, labels.address, weight.address]
        problem[0][3] = scale
        for k, start in enumerate(starts):
            begin = (self.rows, self.features, self.positions, start)
            gather_kernel(self.dtype).launch(call.stream, self.most, jit.THREADS, (*begin, *beside))
            self.score(hidden, logits, start)
            problem[0][2] = partials + 32 * each * k
            kernel.launch(call.stream, each, jit.THREADS, tuple(problem[0]), tuple(problem[1]))
            self.spread(logits, hidden, turned, values, begin)
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
        begin: tuple[int, int, int, int],
    ) -> None:  # fmt: skip
        """Take the gradient of some rows' logits to hidden, classifier and bias, and their losses to the values."""
        call, slopes, start = self.call, self.slopes, begin[3]
        if "hidden" in slopes:
            self.multiply(slope, self.classifier, turned, live=(self.positions, start, False))
        if "hidden" in slopes or values is not None:
            integers = [*begin, turned.address, *(matrix(slopes["hidden"]) if "hidden" in slopes else NOTHING)]
            integers += [0, *ABSENT] if values is None else [values.address, *call.operand(self.values, self.real)]
            scatter_kernel(self.dtype).launch(call.stream, self.most, jit.THREADS, tuple(integers))
        if "classifier" in slopes:
            y, live = slopes["classifier"], (self.positions, start, True)
            self.multiply(slope.T, hidden, y, onto=y if start else None, live=live)
        if "bias" in slopes:
            y = slopes["bias"]
            places = (slope.address, y.address, y.strides[0], int(start > 0))
            integers = [self.most, self.classes, self.positions, start, *places]
            blocks = -(-self.classes // jit.THREADS)
            columns_kernel(self.dtype).launch(call.stream, blocks, jit.THREADS, tuple(integers))


def compute(request: Request) -> Any:
    """Run a loss of the logits of a last layer."""
    # kernels and messages know its loss of the logits; the gradients are put together here
    call = Call(request.of(request.loss.logits, 0, request.arguments, request.options, request.pair))
    with call.library.current():
        layer = Head(call, request)
        scale, note = layer.count()
        layer.order()
        partials = layer.run(scale if request.averaged and request.mode else 0)
        weight = None if layer.weight is None else layer.weight.owner
        explain = explainer(call, layer.target, weight, layer.options, 1, (layer.rows, layer.classes))
        result = conclude(call, partials, None, (layer.values, []), [note], explain)
        if not request.mode:
            return result
        slopes = tuple(array.owner for array in layer.slopes.values())
        return result, slopes[0] if request.argnums is not None and len(slopes) == 1 else slopes
