"""The rowwise family on a device: rows of scores against labels or distributions, with or without a teacher."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...calls.rowwise import Rows, merged, rows_of, rows_shape
from ...loops.codes import B2, F2, IN_ORDER, LABELS, LOG_PROBABILITIES, LOGIT, LOGITS, OF_LABEL, PAIRS, PLACED
from ...loops.headers import Operand, Rowwise, Steps
from ..packing.operands import ABSENT, code_of, layout_of
from ..packing.rowwise import NO_STEPS, header_of
from . import jit
from .call import Call
from .elementwise_codegen import EIGHT
from .reduction import conclude, rows_of_a_block
from .rowwise_kernels import rowwise_kernel
from .rowwise_texts import Plan

if TYPE_CHECKING:
    from ...calls.request import Request
    from .arrays import DeviceArray

# Kernels read and write numbers of 16 bits as they are.
READS_HALVES = True
# Threads of a row whose classes lie side by side in memory, by the number of classes.
TEAMS = ((16, 1), (128, 8), (1024, 32))
Beside: TypeAlias = tuple[Operand, Steps]


def team_of(rows: Rows) -> int:
    """Threads that share a row: a function of the shape and the layout alone."""
    pred = rows.pred
    if pred.strides[rows.axis] != pred.dtype.itemsize:
        return 1
    return next((team for most, team in TEAMS if rows.classes <= most), jit.THREADS)


def in_rows(call: Call, array: DeviceArray | None, axis: int, real: np.dtype[Any], alone: bool = False) -> Beside:
    """An array with a class axis, and its strides in bytes; with a layout of its rows if they have more strides.

    `alone`: it has no class axis, but one number for all classes of a row.
    """
    if array is None:
        return ABSENT, NO_STEPS
    if alone:
        shape, strides = array.shape, array.strides
        array = replace(array, shape=(*shape[:axis], 1, *shape[axis:]), strides=(*strides[:axis], 0, *strides[axis:]))
    code = code_of(array, real)
    outer = merged(array.shape[:axis], array.strides[:axis])
    inner = merged(array.shape[axis + 1 :], array.strides[axis + 1 :])
    if outer is not None and inner is not None:
        return Operand(array.address, code, IN_ORDER), Steps(outer[1], array.strides[axis], inner[1])
    strides = array.strides[:axis] + array.strides[axis + 1 :]
    layout = layout_of(rows_shape(array, axis), strides, call.kept, call.library)
    return Operand(array.address, code, layout), Steps(0, array.strides[axis], 0)


def packed(call: Call, rows: Rows, mode: int) -> Rowwise:
    """The header of rows."""
    count, real, axis = math.prod(rows.shape), rows.real, rows.axis
    labelled = rows.options.target == LABELS
    pred, pred_steps = in_rows(call, rows.pred, axis, real)
    target, target_steps = in_rows(
        call, None if labelled else rows.target, axis, real, rows.options.target >= PLACED
    )
    if labelled:
        target = call.described(rows.target, real)
    (gradient, gradient_steps), (curvature, curvature_steps) = (
        in_rows(call, array, axis, real) for array in (*rows.outputs, None, None)[:2]
    )
    weight, values = call.described(rows.weight, real), call.described(rows.values, real)
    return header_of(
        rows,
        mode,
        (count, math.prod(rows.pred.shape[rows.axis + 1 :])),
        rows_of_a_block(count, team_of(rows)),
        [pred, target, weight, values, gradient, curvature],
        [pred_steps, target_steps, gradient_steps, curvature_steps],
        call.kept,
    )


def run_rows(
    call: Call, plan: Plan, header: Rowwise, blocks: int, partials: int, scale: int = 0, teacher: Beside | None = None
) -> None:
    """Launch the kernel of a plan; scale is the address of what gradients are multiplied by, or 0."""
    if blocks:
        kernel = rowwise_kernel("float32" if header.itemsize == 4 else "float64", plan)
        beside = teacher or (header.target, header.target_steps)
        kernel.launch(call.stream, blocks, jit.THREADS, header, *beside, partials, scale)


def is_wide(rows: Rows, header: Rowwise) -> bool:
    """Whether rows of 16 bits can be read, and their gradient written, eight neighbours at a time: 128 bits."""
    arrays = [(header.pred, header.pred_steps)]
    if rows.outputs:
        arrays.append((header.gradient, header.gradient_steps))
    sizes = [2 if o.kind in (F2, B2) else 4 for o, _ in arrays]
    return (
        header.pred.kind in (F2, B2)
        and rows.classes % EIGHT == 0
        and all(o.layout == IN_ORDER and steps.classes == size for (o, steps), size in zip(arrays, sizes, strict=True))
        and not any(at % 16 for o, steps in arrays for at in (o.array, steps.outer, steps.inner))
    )


def plan_of(rows: Rows, mode: int, header: Rowwise) -> Plan:
    """What the kernel of a loss is compiled for."""
    loss, options = rows.loss, rows.options
    classes, labelled = loss.rows["classes"], options.target == LABELS
    # margins between scores need no softmax
    by_margins = classes not in (OF_LABEL, LOGIT) and labelled
    return Plan(
        LOG_PROBABILITIES if by_margins else options.scores,
        options.target,
        not labelled or options.smoothing > 0.0,
        mode,
        team_of(rows),
        rows.law,
        0 if rows.law is None else len(options.params),
        loss.constant_part,
        classes,
        teacher=rows.teacher is not None,
        stored=header.pred.kind,
        wide=options.scores == LOGITS and classes == OF_LABEL and rows.teacher is None and is_wide(rows, header),
    )


def compute(request: Request) -> Any:
    """Run a rowwise loss, or one of rows that have a teacher beside their labels."""
    call, mode = Call(request), request.mode
    with call.library.current():
        rows = rows_of(call.library, request, request.loss.rows["classes"] != PAIRS)
        options, header = rows.options, packed(call, rows, mode)
        blocks = -(-header.rows // header.block)
        partials = call.workspace(4 * max(blocks, 1))
        plain = rows.plain() and options.ignore is None
        scale, notes = 0, []
        if request.averaged and mode and not plain:
            scale = call.workspace(1)
            # weights depend on labels or on the sums of distributions, never on scores
            weights = Plan(LOG_PROBABILITIES, options.target, options.target != LABELS, -1, team_of(rows))
            run_rows(call, weights, header, blocks, partials)
            notes.append(call.finish(partials, blocks, None, scale=scale))
        elif header.rows:
            header.scale = request.scale(float(header.rows))
        teacher = None if rows.teacher is None else in_rows(call, rows.teacher, rows.axis, rows.real)
        run_rows(call, plan_of(rows, mode, header), header, blocks, partials, scale, teacher)
        known = float(header.rows) if plain else None
        return conclude(call, (partials, blocks), known, (rows.values, list(rows.outputs)), notes, rows.complain)
