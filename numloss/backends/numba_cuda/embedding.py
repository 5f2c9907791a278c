"""The embedding family on a device: a law of sums over the entries of rows of vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.embedding import sums_of, vectors_of
from ...calls.outputs import slots
from ..host import HostBackend
from . import checks, jit
from .arrays import DeviceArray
from .call import Call
from .embedding_kernels import BAD_WEIGHT, MOST_VECTORS, embedding_kernel
from .reduction import conclude, rows_of_a_block, weight_scale

if TYPE_CHECKING:
    from ...calls.request import Request

# Threads that share a pair of long vectors; short ones have a thread each.
TEAM, LONG_FROM = 32, 16
NOWHERE = (0, 0, 0)


def places_of(array: DeviceArray) -> tuple[int, int, int]:
    """Address, and bytes from row to row and from entry to entry."""
    return array.address, array.strides[0], array.strides[1]


def _inputs(call: Call, arguments: tuple[Any, ...]) -> tuple[list[DeviceArray], DeviceArray | None]:
    """The vectors, and what is known of each row if the loss takes anything beside them."""
    loss, library = call.loss, call.library
    found = vectors_of(loss, arguments, lambda name, value: checks.prediction(loss, name, value, library))
    if len(loss.inputs) == len(found):
        return found, None
    known = checks.real_array(loss, loss.inputs[-1], arguments[-1], library)
    check.same_shape(loss, loss.inputs[-1], known.shape, found[0].shape[:1], "the batch")
    return found, known


def outputs_of(
    call: Call, inputs: list[DeviceArray]
) -> tuple[DeviceArray | None, list[DeviceArray]]:
    """The values, for reduction="none", and the gradients."""
    loss, library, first, request = call.loss, call.library, inputs[0], call.request
    mode, given, wanted = request.mode, request.options.get("out"), request.unreduced
    if mode == 0 and given is not None and not wanted:
        raise ValueError(f"{loss.name}: out needs reduction='none'; a reduced loss is a single number")
    values = None
    if wanted:
        values = library.describe(library.empty(first.shape[:1], first.dtype))
        if mode == 0 and given is not None:
            values = checks.output(loss, given, values, inputs, library, "values")
    outputs: list[DeviceArray] = []
    for out in slots(request, given, "gradient") if mode else []:
        array = checks.output(loss, out, first, inputs, library, "gradient")
        if any(checks.overlap(array, other) for other in (*inputs, *outputs)):
            raise ValueError(f"{loss.name}: out for the gradient overlaps an input or the other gradient")
        outputs.append(array)
    return values, outputs


def _explain(
    call: Call, dtype: np.dtype[Any], known: DeviceArray | None, weight: DeviceArray | None
) -> Callable[[int, int], None]:
    """What raises for a complaint, in the words that host arrays have."""

    def explain(position: int, operand: int) -> None:
        wrong = weight if operand == BAD_WEIGHT else known
        assert wrong is not None
        host = call.library.download(wrong.owner)
        HostBackend().complain(call.loss, position, operand, [np.empty(0, dtype), None, host], host)

    return explain


def compute(request: Request) -> Any:
    """Run a loss of rows of vectors."""
    call = Call(request)
    loss, mode = request.loss, request.mode
    with call.library.current():
        vectors, known = _inputs(call, request.arguments)
        first, inputs = vectors[0], [*vectors] if known is None else [*vectors, known]
        params = request.parameters()
        weight = request.options.get("weight")
        if weight is not None:
            weight = checks.real_array(loss, "weight", weight, call.library)
            check.weight_shape(loss, weight, first.shape[:1])
        values, outputs = outputs_of(call, inputs)
        real, (rows, size) = first.dtype, first.shape
        team = 1 if size <= LONG_FROM else TEAM
        block = rows_of_a_block(rows, team)
        blocks = -(-rows // block)
        partials = call.workspace(4 * max(blocks, 1))
        mean = request.averaged
        scale, notes = weight_scale(call, weight, partials, real) if mean and mode and weight is not None else (0, [])
        integers = [rows, block, partials, scale, size, int(weight is not None), int(values is not None)]
        for arrays in (vectors, outputs):
            for array in arrays:
                integers += places_of(array)
            integers += NOWHERE * (MOST_VECTORS - len(arrays))
        for operand in (known, weight, values):
            integers += call.operand(operand, real)
        domain = None if known is None else loss.domains[loss.inputs[-1]]
        ends = (0.0, 0.0) if domain is None else domain.ends(real.name)
        numbers = [1.0 / rows if mean and rows else 1.0, *ends, *params]
        if blocks:
            kind = (tuple(sums_of(loss, params)), len(vectors), 0 if domain is None else domain.check(False))
            kernel = embedding_kernel(loss.law, len(params), real.name, *kind, min(mode, 1), team)
            kernel.launch(call.stream, blocks, jit.THREADS, tuple(integers), tuple(numbers))
        count = None if weight is not None else float(rows)
        explain = _explain(call, real, known, weight)
        return conclude(call, (partials, blocks), count, (values, outputs), notes, explain)
