"""The embedding family on the host: a law of the squared distance of two rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import arguments as check
from . import plans
from .answers import finished, overlapping, slots
from .problem import ABSENT, Array, Operand, block_size, operand, regular, steps

if TYPE_CHECKING:
    from ...registry import Loss
    from . import HostBackend


def outputs_of(
    loss: Loss, given: Any, pair: tuple[Array, Array], target: Array, argnums: tuple[int, ...] | None
) -> list[Array]:
    """The two gradients. A vector is still needed when the gradient of the other one is written."""
    outputs = []
    for out in slots(loss, given, argnums, "gradient"):
        array = check.output(loss, out, pair[0], pair[0].shape, (*pair, target), "gradient")
        if out is not None and any(np.may_share_memory(array, x) for x in (*pair, target)):
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
    """Run a loss of pairs of vectors."""
    first = regular(check.prediction(loss, loss.inputs[0], arguments[0]))
    if first.ndim != 2:
        raise ValueError(f"{loss.name}: {loss.inputs[0]} has shape {first.shape}; it must be (N, D)")
    second = regular(check.prediction(loss, loss.inputs[1], arguments[1]))
    check.same_shape(loss, loss.inputs[1], second.shape, first.shape, loss.inputs[0])
    if second.dtype != first.dtype:
        raise TypeError(
            f"{loss.name}: {loss.inputs[1]} has dtype {second.dtype}, {loss.inputs[0]} has {first.dtype}; "
            "both are differentiated and must agree"
        )
    rows, size = first.shape
    if rows and size == 0:
        raise ValueError(f"{loss.name}: {loss.inputs[0]} has shape {first.shape}: vectors of no entries")
    real = first.dtype
    target = check.host_array(loss, loss.inputs[2], arguments[2])
    check.same_shape(loss, loss.inputs[2], target.shape, (rows,), "the batch")
    params = [check.number(loss, name, given.get(name, loss.defaults[name])) for name in loss.params]
    reduction = check.reduction_of(loss, given)
    weight = given.get("weight")
    if weight is not None:
        weight = check.host_array(loss, "weight", weight)
        check.weight_shape(loss, weight, (rows,))
    wanted = reduction == "none" and not pair
    out = given.get("out")
    if mode == 0 and out is not None and not wanted:
        raise ValueError(f"{loss.name}: out needs reduction='none'; a reduced loss is a float")
    values = None
    if wanted:
        like = np.empty(0, real)
        values = check.output(loss, out if mode == 0 else None, like, (rows,), (first, second, target), "values")
    outputs = outputs_of(loss, out, (first, second), target, argnums) if mode else []
    total = float(rows)
    if reduction == "mean" and not pair and weight is not None and mode:
        total = backend.weight_sum(loss, weight, real)
    scale = 1.0 if reduction != "mean" or pair else 1.0 / total if total > 0.0 else 0.0
    loop, tile = backend.kernel(loss, "embedding_block", real, min(mode, 1))
    block = max(1, block_size(rows * size) // max(1, size))
    kept: list[Any] = []
    domain = loss.domains[loss.inputs[2]]
    integers = [rows, block, tile, size, int(weight is not None), int(wanted), mode, 0, 0, real.itemsize, 0]
    integers += (len(params), *steps(first), *steps(second))
    integers += (*steps(outputs[0]), *steps(outputs[1])) if mode else (0, 0, 0, 0)
    floats = [scale, domain.low, domain.high, *params]
    floats += [0.0] * (8 - len(floats))
    operands: list[Operand] = [(id(first), 0, 0), (id(second), 0, 0), operand(target, real, kept)]
    operands += [ABSENT if array is None else operand(array, real, kept) for array in (weight, values)]
    operands += [(id(out), 0, 0) for out in outputs] if mode else [ABSENT, ABSENT]
    problem = plans.Problem(loop, integers, floats, operands, -(-rows // block), rows * size * 1.0)
    results = backend.launch(problem)
    if results[2] >= 0.0:
        backend.complain(loss, results[2], [first, second, target], weight)
    total = total if weight is None else results[1]
    if weight is None and values is None:
        plans.remember(backend, loss, mode, arguments, given, pair, argnums, problem, total, (5, 6))
    places = None if argnums is None else tuple(loss.wrt.index(k) for k in argnums)
    return finished(results[0], total, reduction, pair, mode, values, outputs, 2, places)
