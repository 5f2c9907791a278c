"""The embedding family on the host: a law of sums over the entries of rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import arguments as check
from ...loops.codes import block_size
from ...vectors import sums_in_order, sums_of, vectors_of
from . import plans
from .answers import finished, given_outputs, overlapping, slots
from .problem import ABSENT, Array, Positional, in_place, name_of, operand, regular, steps

if TYPE_CHECKING:
    from ...registry import Loss
    from . import HostBackend


def outputs_of(loss: Loss, given: Any, inputs: list[Array], argnums: tuple[int, ...] | None) -> list[Array]:
    """The gradients. A vector is still needed when the gradient of another one is written."""
    outputs = []
    for out in slots(loss, given, argnums, "gradient"):
        array = check.output(loss, out, inputs[0], inputs[0].shape, inputs, "gradient")
        if out is not None and any(np.may_share_memory(array, x) for x in inputs):
            raise ValueError(f"{loss.name}: out for the gradient overlaps an input; two gradients need separate memory")
        outputs.append(array)
    if overlapping(outputs):
        raise ValueError(f"{loss.name}: the arrays of out overlap each other")
    return outputs


def embedding(
    backend: HostBackend,
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    given: dict[str, Any],
    pair: bool,
    argnums: tuple[int, ...] | None,
    bound: bool,
) -> Any:
    """Run a loss of rows of vectors."""
    vectors = vectors_of(loss, arguments, lambda name, value: regular(check.prediction(loss, name, value)))
    rows, size = vectors[0].shape
    real = vectors[0].dtype
    inputs = [*vectors]
    for name, value in zip(loss.inputs[len(vectors) :], arguments[len(vectors) :], strict=True):
        inputs.append(check.host_array(loss, name, value))
        check.same_shape(loss, name, inputs[-1].shape, (rows,), "the batch")
    params = [check.number(loss, name, given.get(name, loss.defaults[name])) for name in loss.params]
    reduction = check.reduction_of(loss, given)
    weight = given.get("weight")
    if weight is not None:
        weight = check.host_array(loss, "weight", weight)
        check.weight_shape(loss, weight, (rows,))
    wanted = reduction == "none" and not pair
    given_values, given_slopes, _ = given_outputs(loss, mode, given.get("out"), wanted)
    values = None
    if wanted:
        values = check.output(loss, given_values, np.empty(0, real), (rows,), inputs, "values")
    outputs = outputs_of(loss, given_slopes, inputs, argnums) if mode else []
    total = float(rows)
    if reduction == "mean" and not pair and weight is not None and mode:
        total = backend.weight_sum(loss, weight, real)
    scale = 1.0 if reduction != "mean" or pair else 1.0 / total if total > 0.0 else 0.0
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
    packed = Positional(integers, [scale, *floats], operands)
    problem = plans.Problem(loop, packed, -(-rows // block), rows * size * loss.cost)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        backend.complain(loss, outcome.bad_at, outcome.bad_in, [*inputs], weight)
    total = total if weight is None else outcome.weight
    if weight is None and values is None:
        fields = tuple("012"), tuple("567")
        plans.remember(backend, loss, mode, arguments, given, pair, argnums, problem, total, *fields)
    places = None if argnums is None else tuple(loss.wrt.index(k) for k in argnums)
    return finished(outcome.value, total, reduction, pair, mode, values, outputs, len(vectors), places)


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
