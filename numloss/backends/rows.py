"""The header of the rowwise family, of rows on the host or on a device."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import TYPE_CHECKING

from ..loops.codes import OF_LABEL
from ..loops.headers import Operand, Rowwise, Steps

if TYPE_CHECKING:
    from ..calls.rowwise import Rows

NO_STEPS = Steps(outer=0, classes=0, inner=0)


def header_of(
    rows: Rows,
    mode: int,
    shape: tuple[int, int],
    block: int,
    operands: Many[Operand],
    steps: Many[Steps],
    tables: Many[int],
) -> Rowwise:
    """The header of so many rows, with the inner axes of so many entries, in blocks of rows.

    operands: predictions, target, weight, values, gradient and curvature; steps: those of predictions, distributions,
    gradient and curvature; tables: where the numbers for each class are, class weights, factors and offsets.
    """
    options = rows.options
    pred, target, weight, values, gradient, curvature = operands
    pred_steps, target_steps, gradient_steps, curvature_steps = steps
    class_weight, factors, offsets = tables
    return Rowwise(
        rows=shape[0],
        block=block,
        tile=0,
        law_kind=rows.loss.rows.get("classes", OF_LABEL),
        classes=rows.classes,
        inner=shape[1],
        mode=mode,
        itemsize=rows.pred.dtype.itemsize,
        score_kind=options.scores,
        target_kind=options.target,
        weighted=rows.weight is not None,
        unreduced=rows.values is not None,
        ignores=options.ignore is not None,
        ignored=options.ignore or 0,
        entropy=options.entropy,
        bound=rows.bound,
        class_weight=class_weight,
        factors=factors,
        offsets=offsets,
        scale=1.0,
        smoothing=options.smoothing,
        zeta=options.zeta,
        softcap=options.cap,
        eps=options.eps,
        least=rows.loss.least,
        pred=pred,
        target=target,
        weight=weight,
        values=values,
        gradient=gradient,
        curvature=curvature,
        pred_steps=pred_steps,
        target_steps=target_steps,
        gradient_steps=gradient_steps,
        curvature_steps=curvature_steps,
        params=[*options.params, 0.0, 0.0][:2],
    )
