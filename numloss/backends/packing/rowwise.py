"""The header of the rowwise family, of rows on the host or on a device."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import TYPE_CHECKING, Any

from ...loops.codes import OF_LABEL
from ...loops.headers import Operand, Rowwise, Steps

if TYPE_CHECKING:
    import numpy as np

    from ...calls.arrays import Arrays
    from ...calls.rowwise import Rows

NO_STEPS = Steps(outer=0, classes=0, inner=0)


def table_of(place: Arrays, numbers: np.ndarray[Any, Any] | None, kept: list[Any]) -> int:
    """Where kernels find a number for each class, or 0."""
    return 0 if numbers is None else place.address(place.numbers(numbers, kept)[0])


def header_of(
    rows: Rows,
    mode: int,
    shape: tuple[int, int],
    block: int,
    operands: Many[Operand],
    steps: Many[Steps],
    kept: list[Any],
) -> Rowwise:
    """The header of so many rows, with the inner axes of so many entries, in blocks of rows; it points into `kept`.

    operands: predictions, target, weight, values, gradient and curvature; steps: those of predictions, distributions,
    gradient and curvature.
    """
    options = rows.options
    pred, target, weight, values, gradient, curvature = operands
    pred_steps, target_steps, gradient_steps, curvature_steps = steps
    return Rowwise(
        rows=shape[0],
        block=block,
        tile=0,
        law_kind=rows.loss.rows.get("classes", OF_LABEL),
        classes=rows.classes,
        inner=shape[1],
        mode=mode,
        itemsize=rows.real.itemsize,
        score_kind=options.scores,
        target_kind=options.target,
        weighted=rows.weighting,
        unreduced=rows.values is not None,
        ignores=options.ignore is not None,
        ignored=options.ignore or 0,
        bound=rows.bound,
        labels=rows.labels,
        class_weight=table_of(rows.place, rows.class_weight(), kept),
        factors=table_of(rows.place, rows.factors(), kept),
        offsets=table_of(rows.place, rows.offsets(), kept),
        scale=1.0,
        smoothing=options.smoothing,
        zeta=options.zeta,
        softcap=options.cap,
        eps=options.eps,
        least=rows.loss.least,
        temperature=options.temperature,
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
        params=[*options.params, 0.0, 0.0, 0.0][:3],
    )
