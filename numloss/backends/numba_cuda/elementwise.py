"""The elementwise family on a device: from arguments to two launches, the walk over the blocks and their sum."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.outputs import given_outputs, slots
from ...calls.thresholds import of_intervals
from ...loops.codes import WEIGHT_OPERAND, block_size
from ..host import HostBackend
from . import checks, jit
from .arrays import DeviceArray
from .call import Call
from .elementwise_codegen import Shape
from .elementwise_kernels import elementwise_kernel
from .reduction import conclude, weight_scale

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss

# The place of the weight among the arrays that a complaint may be about.
WEIGHT = -1
# The cost of a law from which its numbers do not fit into the registers that two blocks of threads leave.
MANY_NUMBERS_FROM = 16.0


def shape_of(loss: Loss, mode: int, constants: list[bool], wide: bool) -> Shape:
    """What the kernel of a loss depends on besides its law and dtype."""
    names = (*loss.inputs, *loss.per_element)
    domains = [loss.domains.get(name) for name in names] + [None] * loss.lookups
    tests = tuple(
        0 if domain is None or constant else domain.check(k in loss.wrt)
        for k, (domain, constant) in enumerate(zip(domains, constants, strict=True))
    )
    _, params, slopes = loss.tile_shape
    each = [k for k in range(len(domains)) for _ in range(loss.columns)]
    tests, varying = tuple(tests[k] for k in each), tuple(constants[k] for k in each)
    _, of, count = loss.constant_part
    large = count > 0 or loss.cost >= MANY_NUMBERS_FROM
    return Shape(tests, varying, params, slopes, mode, wide, of, count, loss.lookups, large)


def _inputs(call: Call, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[list[Any], list[float]]:
    """The inputs of the law, tables last, and the number of each that is None because it is the same everywhere.

    With intervals the loss of the call becomes that of so many.
    """
    loss, library = call.loss, call.library
    pred = checks.prediction(loss, loss.inputs[0], arguments[0], library)
    check.shape_of_elements(loss, pred.shape)
    arrays: list[DeviceArray | None] = [pred]
    for name, value in zip(loss.inputs[1:], arguments[1:], strict=True):
        array = checks.real_array(loss, name, value, library)
        check.same_shape(loss, name, array.shape, pred.shape, loss.inputs[0])
        arrays.append(array)
    constants = [0.0] * len(arrays)
    for name in loss.per_element:
        value = options.get(name, loss.defaults[name])
        if not library.owns(value):
            arrays.append(None)
            constants.append(check.number(loss, name, value))
            continue
        array = checks.real_array(loss, name, value, library)
        try:
            arrays.append(array.broadcast(pred.shape))
        except ValueError:
            raise ValueError(
                f"{loss.name}: {name} has shape {array.shape}; it must be a number or fit the last axes of {pred.shape}"
            ) from None
        constants.append(0.0)
    if loss.cuts is not None:
        cuts = options.get(loss.cuts)
        call.loss, table = of_intervals(loss, library.download(cuts) if library.owns(cuts) else cuts, pred.dtype)
        uploaded = library.describe(library.upload(table))
        arrays += [uploaded.row(k) for k in range(len(table))]
        constants += [0.0] * len(table)
    return arrays, constants


def _outputs(call: Call, arrays: list[Any]) -> tuple[DeviceArray | None, list[DeviceArray]]:
    """The arrays for the unreduced values, and for slopes and curvatures."""
    loss, pred, request, wanted = call.loss, arrays[0], call.request, call.request.unreduced
    inputs = [array for array in arrays if array is not None]
    given = given_outputs(loss, request.mode, request.options.get("out"), wanted)
    outputs = []
    for part, what in ((1, "gradient"), (2, "curvature"))[: request.mode]:
        for array in slots(request, given[part], what):
            outputs.append(checks.output(loss, array, pred, inputs, call.library, what))
    values = None
    if wanted:
        shape = check.shape_of_elements(loss, pred.shape)
        if shape != pred.shape:
            pred = call.library.describe(call.library.empty(shape, pred.dtype))
        values = checks.output(loss, given[0], pred, inputs, call.library, "values")
    if any(checks.overlap(a, b) for k, a in enumerate(outputs) for b in outputs[:k]):
        raise ValueError(f"{loss.name}: the arrays of out overlap each other")
    return values, outputs


def compute(request: Request) -> Any:
    """A scalar law at every element."""
    return over_elements(Call(request))


def over_elements(call: Call) -> Any:
    """A scalar law at every element, in a call whose library and stream are known."""
    request, loss = call.request, call.loss
    with call.library.current():
        arrays, constants = _inputs(call, request.arguments, request.options)
        params = request.parameters()
        weight = request.options.get("weight")
        if weight is not None:
            weight = checks.real_array(loss, "weight", weight, call.library)
            check.weight_shape(loss, weight, check.shape_of_elements(loss, arrays[0].shape))
        values, outputs = _outputs(call, arrays)
        numbers = [1.0, loss.least if request.bound else -math.inf]
        names = (*loss.inputs, *loss.per_element)
        for name, constant in itertools.zip_longest(names, constants):
            domain = call.loss.domains.get(name)
            bounds = domain.ends(str(arrays[0].dtype)) if domain else (0.0, 0.0)
            numbers += loss.columns * (constant, *bounds)
        return _launch(call, arrays, weight, values, outputs, numbers + params)


def _explain(
    call: Call, owners: dict[int, Any], shape: tuple[int, ...], flipped: bool, counted: bool
) -> Callable[[int, int], None]:
    """What raises for a complaint, in the words that host arrays have; only then are arrays copied to the host."""

    def explain(position: int, operand: int) -> None:
        index = WEIGHT if operand == WEIGHT_OPERAND else operand // call.loss.columns
        host = call.library.download(owners[index])
        whole = shape if call.loss.columns == 1 else (*shape, call.loss.columns)
        host = check.spread(host, shape) if index == WEIGHT else np.broadcast_to(host, whole)
        # the first of the arrays tells the dtype of the data
        arrays: list[Any] = [np.empty(0, call.library.describe(owners[0]).dtype), *[host] * operand]
        if index == 0:
            arrays = [host]
        HostBackend().complain(call.loss, position, operand, arrays, host, flipped, counted)

    return explain


def _columns(loss: Loss, arrays: list[Any]) -> list[Any]:
    """What the law takes of each array: the array itself, or one after the other the columns on its last axis."""
    if loss.columns == 1:
        return arrays
    return [array.column(k) for array in arrays for k in range(loss.columns)]


def _launch(
    call: Call,
    arrays: list[Any],
    weight: DeviceArray | None,
    values: DeviceArray | None,
    outputs: list[DeviceArray],
    numbers: list[float],
) -> Any:
    loss, mode, pred = call.loss, call.request.mode, arrays[0]
    real, shape = pred.dtype, check.shape_of_elements(loss, pred.shape)
    elements = math.prod(shape)
    flipped = pred.f_order
    spread = None if weight is None else weight.spread(shape)
    parts = [*_columns(loss, arrays), spread, values, *_columns(loss, outputs)]
    seen = [a.transposed if a is not None and flipped else a for a in parts]
    inputs = loss.tile_shape[0]
    size = block_size(elements)
    blocks = -(-elements // size)
    partials = call.workspace(4 * max(blocks, 1))
    mean = call.request.averaged
    scale: int = 0
    notes: list[Any] = []
    if mean and mode and spread is not None:
        scale, notes = weight_scale(call, seen[inputs], partials, real)
    elif mean and elements:
        numbers[0] = 1.0 / elements
    wide = all(a is None or a.wide(real) for a in (*seen[: inputs - loss.lookups], *seen[inputs:]))
    kind = shape_of(loss, mode, [a is None for a in arrays], wide)
    kernel = elementwise_kernel(loss.law, loss.constants, real.name, kind)
    integers = [elements, size, partials, scale, int(weight is not None), int(values is not None)]
    for k, array in enumerate(seen):
        constant = array is None and k < inputs
        integers += (0, 0, -1) if constant else call.operand(array, real)
    if blocks:
        kernel.launch(call.stream, blocks, jit.THREADS, tuple(integers), tuple(numbers))
    checked = {k: a.owner for k, a in enumerate(arrays) if a is not None}
    if weight is not None:
        checked[WEIGHT] = weight.owner
    counted = not any(checks.overlap(o, a) for o in outputs for a in arrays if a is not None)
    known = None if weight is not None else float(elements)
    explain = _explain(call, checked, shape, flipped, counted)
    return conclude(call, (partials, blocks), known, (values, outputs), notes, explain)
