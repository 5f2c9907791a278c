"""The elementwise family on a device: from arguments to two launches, the walk over the blocks and their sum."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import arguments as check
from ..host import HostBackend, block_size, finished, slots
from . import checks, target
from .arrays import DeviceArray, library_of
from .elementwise_kernels import elementwise_kernel, finish_kernel
from .walk import NO_COMPLAINT, Shape, position_of

if TYPE_CHECKING:
    from ...registry import Loss

FLOAT64 = np.dtype(np.float64)
ABSENT = (0, 0, 0)


class Call:
    """One call of a loss: its library, its stream, and what must live until the kernels are launched."""

    def __init__(self, loss: Loss, first: Any) -> None:
        self.loss = loss
        self.library = library_of(first)
        self.stream = self.library.stream()
        self.kept: list[Any] = []

    def workspace(self, numbers: int) -> int:
        """Address of so many float64 on the device."""
        array = self.library.empty((numbers,), FLOAT64)
        self.kept.append(array)
        return int(self.library.describe(array).address)

    def scalar(self) -> tuple[Any, int]:
        """A new 0-d float64 array and its address."""
        array = self.library.empty((), FLOAT64)
        return array, self.library.describe(array).address

    def finish(
        self, partials: int, blocks: int, mean: bool, total: float | None, value: int, weight: int, scale: int
    ) -> Any:
        """Add up the blocks; `total` is the sum of weights if they are all 1. Returns the array of the complaint."""
        note, address = self.scalar()
        weighted = total is None
        places = (partials, blocks, int(mean), int(weighted), value, weight, scale, address)
        finish_kernel().launch(self.stream, 1, 32, places, 0.0 if total is None else total)
        return note

    def settle(self, note: Any, operands: dict[int, Any], shape: tuple[int, ...], flipped: bool) -> None:
        """Raise what the note says, now or later, in the words that host arrays have."""

        def read_note() -> None:
            complaint = int(self.library.download(note))
            if complaint >= NO_COMPLAINT:
                return
            position, operand = position_of(complaint)
            seen = {}
            for index, array in operands.items():
                host = self.library.download(array)
                host = check.spread(host, shape) if index == -1 else np.broadcast_to(host, shape)
                seen[index] = host.T if flipped else host
            arrays = tuple(seen.get(k, np.empty(0)) for k in range(operand + 1)) if operand < 15 else ()
            HostBackend().complain(self.loss, float(position * 16 + operand), arrays, seen.get(-1))

        checks.settle(read_note)


def _shape_of(loss: Loss, mode: int, constants: list[bool], wide: bool) -> Shape:
    domains = [loss.domains.get(name) for name in (*loss.inputs, *loss.per_element)]
    tests = tuple(0 if domain is None else domain.check for domain in domains)
    return Shape(tests, tuple(constants), len(loss.params), len(loss.wrt), mode, wide)


def _inputs(call: Call, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[list[Any], list[float]]:
    """The inputs of the law, and the number of each that is None because it is the same everywhere."""
    loss, library = call.loss, call.library
    pred = checks.prediction(loss, loss.inputs[0], arguments[0], library)
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
    return arrays, constants


def _outputs(
    call: Call, mode: int, arrays: list[Any], options: dict[str, Any], wanted: bool, argnums: Any
) -> tuple[DeviceArray | None, list[DeviceArray]]:
    """The arrays for the unreduced values, and for slopes and curvatures."""
    loss, pred = call.loss, arrays[0]
    inputs = [array for array in arrays if array is not None]
    given: tuple[Any, ...] = (None, None, None)
    out = options.get("out")
    if out is not None:
        if mode == 0 and not wanted:
            raise ValueError(f"{loss.name}: out needs reduction='none'; a reduced loss is a single number")
        if mode == 2 and (not isinstance(out, tuple) or len(out) != 2):
            raise TypeError(f"{loss.name}: out must be the pair (gradient, curvature)")
        given = ((out, None, None), (None, out, None), (None, *out) if mode == 2 else ())[mode]
    outputs = []
    for part, what in ((1, "gradient"), (2, "curvature"))[:mode]:
        for array in slots(loss, given[part], argnums, what):
            outputs.append(checks.output(loss, array, pred, inputs, call.library, what))
    values = checks.output(loss, given[0], pred, inputs, call.library, "values") if wanted else None
    if any(checks.overlap(a, b) for k, a in enumerate(outputs) for b in outputs[:k]):
        raise ValueError(f"{loss.name}: the arrays of out overlap each other")
    return values, outputs


def _weight_sum(call: Call, weight: DeviceArray, partials: int, real: np.dtype[Any]) -> tuple[int, Any]:
    """Address of 1 / the sum of the weights, computed on the device, and the note of bad weights."""
    wide = weight.wide(real)
    size = block_size(weight.size)
    blocks = -(-weight.size // size)
    scale = call.workspace(1)
    integers = (weight.size, size, partials, 0, 1, 0, *weight.operand(real, call.library, call.kept), *ABSENT)
    if blocks:
        kernel = elementwise_kernel(None, real.name, Shape((), (), 0, 0, 0, wide))
        kernel.launch(call.stream, blocks, target.THREADS, integers, (0.0, 0.0))
    return scale, call.finish(partials, blocks, False, None, 0, 0, scale)


def elementwise(
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    pair: bool,
    argnums: tuple[int, ...] | None,
    bound: bool,
) -> Any:
    """A scalar law at every element."""
    call = Call(loss, arguments[0])
    with call.library.current():
        arrays, constants = _inputs(call, arguments, options)
        params = [check.number(loss, name, options.get(name, loss.defaults[name])) for name in loss.params]
        reduction = check.reduction_of(loss, options)
        wanted = reduction == "none" and not pair
        weight = options.get("weight")
        if weight is not None:
            weight = checks.real_array(loss, "weight", weight, call.library)
            check.weight_shape(loss, weight, arrays[0].shape)
        values, outputs = _outputs(call, mode, arrays, options, wanted, argnums)
        numbers = [1.0, loss.least if bound else -math.inf]
        names = (*loss.inputs, *loss.per_element)
        for name, constant in zip(names, constants, strict=True):
            domain = loss.domains.get(name)
            numbers += (constant, domain.low, domain.high) if domain else (constant, 0.0, 0.0)
        return _launch(call, mode, arrays, weight, values, outputs, numbers + params, reduction, pair, argnums)


def _launch(
    call: Call,
    mode: int,
    arrays: list[Any],
    weight: DeviceArray | None,
    values: DeviceArray | None,
    outputs: list[DeviceArray],
    numbers: list[float],
    reduction: str,
    pair: bool,
    argnums: tuple[int, ...] | None,
) -> Any:
    loss, pred = call.loss, arrays[0]
    real, shape, elements = pred.dtype, pred.shape, pred.size
    flipped = pred.f_order
    spread = None if weight is None else weight.spread(shape)
    operands = [*arrays, spread, values, *outputs]
    seen = [a.transposed if a is not None and flipped else a for a in operands]
    size = block_size(elements)
    blocks = -(-elements // size)
    partials = call.workspace(4 * max(blocks, 1))
    mean = reduction == "mean" and not pair
    scale, notes = 0, []
    if mean and mode and spread is not None:
        scale, note = _weight_sum(call, seen[len(arrays)], partials, real)
        notes.append(note)
    elif mean and elements:
        numbers[0] = 1.0 / elements
    wide = all(a is None or a.wide(real) for a in seen)
    kernel = elementwise_kernel(loss.law, real.name, _shape_of(loss, mode, [a is None for a in arrays], wide))
    integers = [elements, size, partials, scale, int(weight is not None), int(values is not None)]
    for k, array in enumerate(seen):
        absent = (0, 0, -1) if k < len(arrays) else ABSENT
        integers += absent if array is None else array.operand(real, call.library, call.kept)
    if blocks:
        kernel.launch(call.stream, blocks, target.THREADS, tuple(integers), tuple(numbers))
    value, value_at = (None, 0) if values is not None else call.scalar()
    total, total_at = call.scalar() if pair else (None, 0)
    known = None if weight is not None else float(elements)
    notes.append(call.finish(partials, blocks, mean, known, value_at, total_at, 0))
    checked = {k: a.owner for k, a in enumerate(arrays) if a is not None}
    if weight is not None:
        checked[-1] = weight.owner
    for note in notes:
        call.settle(note, checked, shape, flipped)
    places = None if argnums is None else tuple(loss.wrt.index(k) for k in argnums)
    owners: list[Any] = [array.owner for array in outputs]
    result = values.owner if values is not None else value
    # "sum" passes the value through: the mean was taken on the device
    return finished(result, total, "sum", pair, mode, result, owners, len(loss.wrt), places)  # type: ignore[arg-type]
