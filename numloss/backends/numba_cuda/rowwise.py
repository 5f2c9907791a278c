"""The rowwise family on a device: rows of scores against labels or distributions."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.outputs import given_outputs
from ...calls.rowwise import RowOptions, options_of
from ...loops.codes import LABELS, LOG_PROBABILITIES, LOGIT, PAIRS, WEIGHT_OPERAND, simplified
from ..host import HostBackend
from ..host.rowwise import bad_distribution, bad_label, class_axis, class_factors, class_offsets, class_weights, merged
from . import checks, jit
from .arrays import DeviceArray
from .call import ABSENT, Call
from .reduction import conclude, rows_of_a_block
from .rowwise_kernels import rowwise_kernel
from .rowwise_parts import BAD_LABEL, BAD_WEIGHT
from .rowwise_texts import Plan

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss

NO_ROWS = (0, 0, 0, 0, 0, 0)
# Threads of a row whose classes lie side by side in memory, by the number of classes.
TEAMS = ((16, 1), (128, 8), (1024, 32))


def team_of(pred: DeviceArray, axis: int) -> int:
    """Threads that share a row: a function of the shape and the layout alone."""
    if pred.strides[axis] != pred.dtype.itemsize:
        return 1
    classes = pred.shape[axis]
    return next((team for most, team in TEAMS if classes <= most), jit.THREADS)


def in_rows(array: DeviceArray, axis: int, real: np.dtype[Any], call: Call) -> tuple[int, ...]:
    """The six integers of an array with a class axis."""
    code = call.code(array, real)
    outer = merged(array.shape[:axis], array.strides[:axis])
    inner = merged(array.shape[axis + 1 :], array.strides[axis + 1 :])
    if outer is not None and inner is not None:
        return array.address, code, outer[1], array.strides[axis], inner[1], 0
    shape = array.shape[:axis] + array.shape[axis + 1 :]
    strides = array.strides[:axis] + array.strides[axis + 1 :]
    return array.address, code, 0, array.strides[axis], 0, call.layout(*simplified(shape, strides))


def target_array(loss: Loss, value: Any, pred: DeviceArray, axis: int, options: RowOptions, call: Call) -> DeviceArray:
    """Labels with the shape of the rows, or a distribution with that of the prediction."""
    array = checks.real_array(loss, "target", value, call.library)
    if options.target != LABELS:
        check.same_shape(loss, "target", array.shape, pred.shape, loss.inputs[0])
        return array
    check_labels(loss, array, pred, axis)
    return array


def teacher_array(loss: Loss, value: Any, pred: DeviceArray, call: Call) -> DeviceArray:
    """Logits with the shape of the prediction."""
    array = checks.real_array(loss, "teacher", value, call.library)
    if array.dtype.kind != "f":
        raise TypeError(f"{loss.name}: teacher has dtype {array.dtype}; logits are floating")
    check.same_shape(loss, "teacher", array.shape, pred.shape, loss.inputs[0])
    return array


def check_labels(loss: Loss, array: DeviceArray, pred: DeviceArray, axis: int) -> None:
    """Labels are integers with the shape of the rows."""
    rows = pred.shape[:axis] + pred.shape[axis + 1 :]
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"{loss.name}: target has dtype {array.dtype}; labels are integers, a distribution is floating "
            "with the shape of pred"
        )
    if array.shape != rows:
        raise ValueError(
            f"{loss.name}: target has shape {array.shape}; labels of {loss.inputs[0]} {pred.shape} have shape {rows}"
        )


def outputs_of(
    call: Call, pred: DeviceArray, rows: tuple[int, ...], inputs: Any
) -> tuple[DeviceArray | None, list[DeviceArray]]:
    """The arrays to write: values for reduction="none", gradient, curvature."""
    loss, library, mode, wanted = call.request.loss, call.library, call.request.mode, call.request.unreduced
    given_values, *given_outs = given_outputs(loss, mode, call.request.options.get("out"), wanted)
    values = None
    if wanted:
        values = library.describe(library.empty(rows, pred.dtype))
        if given_values is not None:
            values = checks.output(loss, given_values, values, inputs, library, "values")
    outputs = []
    for name, array in list(zip(("gradient", "curvature"), given_outs, strict=True))[:mode]:
        outputs.append(checks.output(loss, array, pred, inputs, library, name))
        # a curvature is written while the scores are still needed; a gradient may replace them, entry by entry
        others = inputs if mode == 2 or loss.rows.get("classes") == PAIRS else inputs[1:]
        if any(checks.overlap(outputs[-1], other) for other in others):
            raise ValueError(f"{loss.name}: out for the {name} overlaps an input")
    if len(outputs) == 2 and checks.overlap(*outputs):
        raise ValueError(f"{loss.name}: the arrays of out overlap each other")
    return values, outputs


def explainer(call: Call, array: DeviceArray, weight: Any, options: RowOptions, axis: int, shape: Any) -> Any:
    """What raises for a complaint, in the words that host arrays have; only then are arrays copied to the host."""
    loss, rows = call.loss, shape[:axis] + shape[axis + 1 :]

    def explain(position: int, operand: int) -> None:
        if operand == BAD_WEIGHT:
            host = check.spread(call.library.download(weight), rows)
            HostBackend().complain(loss, position, WEIGHT_OPERAND, [], host)
        host = call.library.download(array.owner)
        if operand == BAD_LABEL:
            bad_label(loss, host, shape[axis], axis, options.ignore)
        bad_distribution(loss, host, options.target)

    return explain


def _per_class(call: Call, read: Any, value: Any, classes: int, real: np.dtype[Any]) -> int:
    """Address of a number for each class in the dtype of the data, or 0. They are few: they pass over the host."""
    if value is None:
        return 0
    host = call.library.download(value) if call.library.owns(value) else value
    numbers = call.library.upload(read(call.loss, host, classes, real))
    call.kept.append(numbers)
    return int(call.library.describe(numbers).address)


def compute(request: Request) -> Any:
    """Run a rowwise loss, or one of rows that have a teacher beside their labels."""
    call = Call(request)
    loss, arguments = request.loss, request.arguments
    with call.library.current():
        options = options_of(loss, arguments, request.options)
        pred = checks.prediction(loss, loss.inputs[0], arguments[0], call.library)
        axis = class_axis(loss, pred, options.axis)  # type: ignore[arg-type]
        rows = pred.shape[:axis] + pred.shape[axis + 1 :]
        array = target_array(loss, arguments[-1], pred, axis, options, call)
        teacher = teacher_array(loss, arguments[1], pred, call) if len(arguments) > 2 else None
        weight = request.options.get("weight")
        if weight is not None:
            weight = checks.real_array(loss, "weight", weight, call.library)
            check.weight_shape(loss, weight, rows)
        if pred.shape[axis] == 0 and math.prod(rows) > 0:
            raise ValueError(f"{loss.name}: {loss.inputs[0]} has shape {pred.shape}: no classes on axis {axis}")
        inputs = [pred] if options.target == LABELS else [pred, array]
        if teacher is not None:
            inputs.append(teacher)
        values, outputs = outputs_of(call, pred, rows, inputs)
        problem = problem_of(call, pred, axis, array, teacher, weight, values, outputs, options, request.bound)
        explain = explainer(call, array, weight and weight.owner, options, axis, pred.shape)
        return _launch(call, problem, options, team_of(pred, axis), values, outputs, explain)


def problem_of(
    call: Call,
    pred: DeviceArray,
    axis: int,
    array: DeviceArray,
    teacher: DeviceArray | None,
    weight: DeviceArray | None,
    values: DeviceArray | None,
    outputs: list[DeviceArray],
    options: RowOptions,
    bound: bool,
) -> tuple[list[int], list[float], str]:
    """The header of the kernel, its numbers, and the dtype."""
    real = pred.dtype
    shape = pred.shape[:axis] + pred.shape[axis + 1 :]
    rows, labelled = math.prod(shape), options.target == LABELS
    block = rows_of_a_block(rows, team_of(pred, axis))
    integers = [rows, block, 0, 0, math.prod(pred.shape[axis + 1 :]), pred.shape[axis]]
    integers += (int(weight is not None), int(values is not None), int(options.ignore is not None), options.ignore or 0)
    classes = pred.shape[axis]
    integers += (_per_class(call, class_weights, options.class_weight, classes, real), int(bound))
    integers += in_rows(pred, axis, real, call)
    beside = teacher if labelled else array
    integers += NO_ROWS if beside is None else in_rows(beside, axis, real, call)
    for k in range(2):
        integers += in_rows(outputs[k], axis, real, call) if k < len(outputs) else NO_ROWS
    integers += call.operand(array, real) if labelled else ABSENT
    integers += call.operand(None if weight is None else weight.spread(shape), real)
    integers += call.operand(values, real)
    integers += (_per_class(call, class_factors, options.factor, classes, real),)
    integers += (_per_class(call, partial(class_offsets, tau=options.tau), options.prior, classes, real),)
    numbers = [1.0, options.smoothing, options.zeta, options.cap, options.eps, call.loss.least]
    numbers += [*options.params, 0.0, 0.0][:2]
    return integers, numbers, real.name


def _launch(
    call: Call,
    problem: tuple[list[int], list[float], str],
    options: RowOptions,
    team: int,
    values: DeviceArray | None,
    outputs: list[DeviceArray],
    explain: Any,
) -> Any:
    mode = call.request.mode
    integers, numbers, dtype = problem
    rows, block = integers[:2]
    blocks = -(-rows // block)
    integers[2] = partials = call.workspace(4 * max(blocks, 1))
    dense = options.target != LABELS or options.smoothing > 0.0
    plain = not integers[6] and not integers[10] and options.ignore is None
    mean = call.request.averaged

    def run(plan: Plan) -> None:
        if blocks:
            kernel = rowwise_kernel(dtype, plan)
            kernel.launch(call.stream, blocks, jit.THREADS, tuple(integers), tuple(numbers))

    known = float(rows) if plain else None
    notes: list[Any] = []
    if mean and mode and not plain:
        integers[3] = call.workspace(1)
        # weights depend on labels or on the sums of distributions, never on scores
        run(Plan(LOG_PROBABILITIES, options.target, options.target != LABELS, False, -1, team))
        notes.append(call.finish(partials, blocks, None, scale=integers[3]))
    elif mean and rows:
        numbers[0] = 1.0 / rows
    classes = call.loss.rows["classes"]
    # margins between scores need no softmax
    by_margins = classes not in (0, LOGIT) and options.target == LABELS
    scores = LOG_PROBABILITIES if by_margins else options.scores
    law = (call.loss.law, 0 if call.loss.law is None else len(options.params), call.loss.constant_part, classes)
    teacher = call.loss.family == "distilled"
    run(Plan(scores, options.target, dense, bool(options.entropy), mode, team, *law, teacher=teacher))
    return conclude(call, (partials, blocks), known, (values, outputs), notes, explain)
