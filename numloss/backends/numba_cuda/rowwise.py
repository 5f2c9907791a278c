"""The rowwise family on a device: rows of scores against labels or distributions, with or without a teacher."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import outputs
from ...calls.rowwise import Rows, merged, rows_of, rows_shape
from ...loops.codes import IN_ORDER, LABELS, LOG_PROBABILITIES, LOGIT, OF_LABEL, PAIRS, simplified
from ...loops.headers import Distilled, Operand, Rowwise, Steps
from ..rows import NO_STEPS, header_of
from . import jit
from .call import ABSENT, Call
from .reduction import conclude, rows_of_a_block
from .rowwise_kernels import rowwise_kernel
from .rowwise_texts import Plan

if TYPE_CHECKING:
    from ...calls.request import Request
    from .arrays import DeviceArray

# Threads of a row whose classes lie side by side in memory, by the number of classes.
TEAMS = ((16, 1), (128, 8), (1024, 32))


def team_of(rows: Rows) -> int:
    """Threads that share a row: a function of the shape and the layout alone."""
    pred = rows.pred
    if pred.strides[rows.axis] != pred.dtype.itemsize:
        return 1
    return next((team for most, team in TEAMS if rows.classes <= most), jit.THREADS)


def in_rows(call: Call, array: DeviceArray | None, axis: int, real: np.dtype[Any]) -> tuple[Operand, Steps]:
    """An array with a class axis, and its strides in bytes; with a layout of its rows if they have more strides."""
    if array is None:
        return Operand(*ABSENT), NO_STEPS
    code = call.code(array, real)
    outer = merged(array.shape[:axis], array.strides[:axis])
    inner = merged(array.shape[axis + 1 :], array.strides[axis + 1 :])
    if outer is not None and inner is not None:
        return Operand(array.address, code, IN_ORDER), Steps(outer[1], array.strides[axis], inner[1])
    strides = array.strides[:axis] + array.strides[axis + 1 :]
    layout = call.layout(*simplified(rows_shape(array, axis), strides))
    return Operand(array.address, code, layout), Steps(0, array.strides[axis], 0)


def table_of(call: Call, numbers: np.ndarray[Any, Any] | None) -> int:
    """Address, on the device, of a number for each class, or 0. They are few: they pass over the host."""
    if numbers is None:
        return 0
    array = call.library.upload(numbers)
    call.kept.append(array)
    return int(call.library.describe(array).address)


def packed(call: Call, rows: Rows, mode: int) -> Rowwise:
    """The header of rows."""
    count, real, axis = math.prod(rows.shape), rows.pred.dtype, rows.axis
    labelled = rows.options.target == LABELS
    pred, pred_steps = in_rows(call, rows.pred, axis, real)
    target, target_steps = in_rows(call, None if labelled else rows.target, axis, real)
    if labelled:
        target = Operand(*call.operand(rows.target, real))
    written = [in_rows(call, array, axis, real) for array in (*rows.outputs, None, None)[:2]]
    weight, values = (Operand(*call.operand(array, real)) for array in (rows.weight, rows.values))
    return header_of(
        rows,
        mode,
        (count, math.prod(rows.pred.shape[rows.axis + 1 :])),
        rows_of_a_block(count, team_of(rows)),
        [pred, target, weight, values, written[0][0], written[1][0]],
        [pred_steps, target_steps, written[0][1], written[1][1]],
        [table_of(call, numbers) for numbers in (rows.class_weight, rows.factors, rows.offsets)],
    )


def run_rows(call: Call, plan: Plan, header: Rowwise | Distilled, blocks: int, partials: int, scale: int = 0) -> None:
    """Launch the kernel of a plan; scale is the address of what gradients are multiplied by, or 0."""
    if blocks:
        rows = header.rows if isinstance(header, Distilled) else header
        kernel = rowwise_kernel("float32" if rows.itemsize == 4 else "float64", plan)
        kernel.launch(call.stream, blocks, jit.THREADS, header, partials, scale)


def plan_of(rows: Rows, mode: int) -> Plan:
    """What the kernel of a loss is compiled for."""
    loss, options = rows.loss, rows.options
    classes, labelled = loss.rows["classes"], options.target == LABELS
    # margins between scores need no softmax
    by_margins = classes not in (OF_LABEL, LOGIT) and labelled
    return Plan(
        LOG_PROBABILITIES if by_margins else options.scores,
        options.target,
        not labelled or options.smoothing > 0.0,
        bool(options.entropy),
        mode,
        team_of(rows),
        loss.law,
        0 if loss.law is None else len(options.params),
        loss.constant_part,
        classes,
        teacher=rows.teacher is not None,
    )


def compute(request: Request) -> Any:
    """Run a rowwise loss, or one of rows that have a teacher beside their labels."""
    call, mode = Call(request), request.mode
    with call.library.current():
        rows = rows_of(call.library, request, request.loss.rows["classes"] != PAIRS)
        options, header = rows.options, packed(call, rows, mode)
        blocks = -(-header.rows // header.block)
        partials = call.workspace(4 * max(blocks, 1))
        plain = rows.weight is None and rows.class_weight is None and options.ignore is None
        scale, notes = 0, []
        if request.averaged and mode and not plain:
            scale = call.workspace(1)
            # weights depend on labels or on the sums of distributions, never on scores
            weights = Plan(LOG_PROBABILITIES, options.target, options.target != LABELS, False, -1, team_of(rows))
            run_rows(call, weights, header, blocks, partials)
            notes.append(call.finish(partials, blocks, None, scale=scale))
        elif header.rows:
            header.scale = request.scale(float(header.rows))
        whole: Rowwise | Distilled = header
        if rows.teacher is not None:
            teacher, steps = in_rows(call, rows.teacher, rows.axis, rows.pred.dtype)
            whole = Distilled(rows=header, teacher=teacher, teacher_steps=steps)
        run_rows(call, plan_of(rows, mode), whole, blocks, partials, scale)
        known = float(header.rows) if plain else None
        return conclude(call, (partials, blocks), known, (rows.values, list(rows.outputs)), notes, rows.complain)


def outputs_of(call: Call, pred: DeviceArray, rows: tuple[int, ...], inputs: Any) -> Any:
    """For families that do not call that of calls/outputs.py yet."""
    request = call.request
    kept = inputs if request.mode == 2 else inputs[1:]
    return outputs.outputs_of(call.library, request, pred, rows, inputs, kept)
