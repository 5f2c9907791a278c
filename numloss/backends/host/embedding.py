"""The embedding family on the host: a law of sums over the entries of rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.embedding import sums_in_order, sums_of, vectors_of
from ...calls.outputs import given_outputs, overlapping, slots
from ...loops.codes import block_size
from . import plans
from .packing import ABSENT, Array, Positional, Problem, in_place, name_of, operand, regular, steps

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend


def outputs_of(request: Request, given: Any, inputs: list[Array]) -> list[Array]:
    """The gradients. A vector is still needed when the gradient of another one is written."""
    loss, outputs = request.loss, []
    for out in slots(request, given, "gradient"):
        array = check.output(loss, out, inputs[0], inputs[0].shape, inputs, "gradient")
        if out is not None and any(np.may_share_memory(array, x) for x in inputs):
            raise ValueError(f"{loss.name}: out for the gradient overlaps an input; two gradients need separate memory")
        outputs.append(array)
    if overlapping(outputs):
        raise ValueError(f"{loss.name}: the arrays of out overlap each other")
    return outputs


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of rows of vectors."""
    loss, mode, arguments = request.loss, request.mode, request.arguments
    vectors = vectors_of(loss, arguments, lambda name, value: regular(check.prediction(loss, name, value)))
    rows, size = vectors[0].shape
    real = vectors[0].dtype
    inputs = [*vectors]
    for name, value in zip(loss.inputs[len(vectors) :], arguments[len(vectors) :], strict=True):
        inputs.append(check.host_array(loss, name, value))
        check.same_shape(loss, name, inputs[-1].shape, (rows,), "the batch")
    params = request.parameters()
    weight = request.options.get("weight")
    if weight is not None:
        weight = check.host_array(loss, "weight", weight)
        check.weight_shape(loss, weight, (rows,))
    wanted = request.unreduced
    given_values, given_slopes, _ = given_outputs(loss, mode, request.options.get("out"), wanted)
    values = None
    if wanted:
        values = check.output(loss, given_values, np.empty(0, real), (rows,), inputs, "values")
    outputs = outputs_of(request, given_slopes, inputs) if mode else []
    total = float(rows)
    if request.averaged and weight is not None and mode:
        total = backend.weight_sum(loss, weight, real)
    loop, tile = backend.kernel(loss, "embedding_block", real, min(mode, 1))
    block = max(1, block_size(rows * size) // max(1, size))
    kept: list[Any] = []
    integers, floats = header(loss, vectors, outputs, params)
    integers = [rows, block, tile, size, int(weight is not None), int(wanted), mode, *integers]
    operands = [in_place(array) for array in vectors]
    operands += [operand(array, real, kept) for array in inputs[len(vectors) :]]
    operands += [ABSENT] * (3 - len(operands))
    operands += [ABSENT if array is None else operand(array, real, kept) for array in (weight, values)]
    operands += [in_place(out) for out in outputs]
    packed = Positional(integers, [request.scale(total), *floats], operands)
    problem = Problem(loop, packed, -(-rows // block), rows * size * loss.cost)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        backend.complain(loss, outcome.bad_at, outcome.bad_in, [*inputs], weight)
    total = total if weight is None else outcome.weight
    if weight is None and values is None:
        plans.remember(backend, request, problem, total, tuple("012"), tuple("567"))
    return request.answer(request.reduced(outcome.value, total) if values is None else values, outputs)


def header(
    loss: Loss, vectors: list[Array], outputs: list[Array], params: list[float]
) -> tuple[list[int], list[float]]:
    """The integers of a problem from the number of vectors on, and its floats but for the scale."""
    sums = sums_in_order(sums_of(loss, params))
    known = loss.domains[loss.inputs[-1]] if len(loss.inputs) > len(vectors) else None
    check_known = 0 if known is None else known.check(False)
    integers = [len(vectors), len(sums), vectors[0].itemsize, check_known, len(params)]
    for arrays in (vectors, outputs):
        places = [step for array in arrays for step in steps(array)]
        integers += places + [0] * (6 - len(places))
    described = [number for each in sums for number in each]
    integers += described + [0] * (16 - len(described))
    floats = [*(known.ends(name_of(vectors[0].dtype)) if known else (0.0, 0.0)), *params]
    return integers, floats + [0.0] * (7 - len(floats))
