"""The header of the sequence family, of arguments on the host or on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...loops.headers import Operand, Sequence, SequenceStrides
from .operands import ABSENT, in_place

if TYPE_CHECKING:
    import numpy as np

    from ...calls.sequence import Sequences


def strides_of(array: Any, unit: int) -> SequenceStrides:
    """From step to step, from sequence to sequence, from class to class, in so many bytes, if there is an array."""
    if array is None:
        return SequenceStrides(0, 0, 0)
    step, sequence, entry = array.strides
    return SequenceStrides(step // unit, sequence // unit, entry // unit)


def header_of(
    batch: Sequences, pred: Any, losses: np.ndarray[Any, Any], width: int, unit: int, kept: list[Any]
) -> Sequence:
    """The header of a problem whose columns of states have so many entries; `kept` must outlive it.

    Strides are in so many bytes. What only loops on the host need is left 0.
    """
    place, targets = batch.place, batch.targets
    gradient = batch.outputs[0] if batch.outputs else None

    def steps(array: Any) -> Operand:
        return ABSENT if array is None else in_place(array, place=place)

    return Sequence(
        sequences=batch.count,
        blocks=0,
        steps=batch.steps,
        classes=batch.classes,
        from_logits=batch.from_logits,
        width=width,
        stretch=0,
        line_size=0,
        state_size=0,
        order=0,
        used=place.table(batch.used, kept),
        counts=place.table(targets.counts, kept),
        starts=place.table(targets.starts, kept),
        labels=place.table(targets.classes, kept),
        offsets=place.table(batch.offsets(), kept),
        factors=place.table(batch.factors(), kept),
        losses=place.table(losses, kept),
        lines=0,
        states=0,
        pred=steps(pred),
        pred_strides=strides_of(pred, unit),
        gradient=steps(gradient),
        gradient_strides=strides_of(gradient, unit),
    )
