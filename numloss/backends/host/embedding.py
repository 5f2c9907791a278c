"""The embedding family on the host: a law of sums over the entries of rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.embedding import sums_in_order, sums_of, vectors_of
from ...calls.outputs import given_outputs, overlapping, slots
from ...loops.codes import UNCHECKED, block_size
from ...loops.headers import Bounds, Embedding, Vectors, VectorSum
from . import plans
from .packing import ABSENT, Array, Problem, in_place, name_of, operand, regular, steps

if TYPE_CHECKING:
    from ...calls.request import Request
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
    known = inputs[len(vectors) :]
    domain = loss.domains[loss.inputs[-1]] if known else None
    low, high = domain.ends(name_of(real)) if domain else (0.0, 0.0)
    sums = sums_in_order(sums_of(loss, params))
    kept: list[Any] = []
    header = Embedding(
        rows=rows,
        block=block,
        tile=tile,
        entries=size,
        vector_count=len(vectors),
        sum_count=len(sums),
        sloped=mode > 0,
        weighted=weight is not None,
        unreduced=wanted,
        itemsize=real.itemsize,
        param_count=len(params),
        scale=request.scale(total),
        vectors=[in_rows(array) for array in vectors],
        known=operand(known[0], real, kept) if known else ABSENT,
        weight=ABSENT if weight is None else operand(weight, real, kept),
        values=ABSENT if values is None else operand(values, real, kept),
        gradients=[in_rows(array) for array in outputs],
        sums=[VectorSum(*each) for each in sums],
        bounds=Bounds(check=domain.check(False) if domain else UNCHECKED, low=low, high=high, constant=0.0),
        params=params,
    )
    problem = Problem(loop, header, -(-rows // block), rows * size * loss.cost)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        backend.complain(loss, outcome.bad_at, outcome.bad_in, [*inputs], weight)
    total = total if weight is None else outcome.weight
    if weight is None and values is None:
        plans.remember(backend, request, problem, total, ("vectors.operand", "known"), ("gradients.operand",))
    return request.answer(request.reduced(outcome.value, total) if values is None else values, outputs)


def in_rows(array: Array) -> Vectors:
    """Vectors as the loop reads or writes them."""
    per_row, per_entry = steps(array)
    return Vectors(operand=in_place(array), per_row=per_row, per_entry=per_entry)
