"""The header of the regional and the ordered family, of arrays on the host or on a device."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import TYPE_CHECKING

from ...loops import headers
from ...loops.headers import Operand, Steps

if TYPE_CHECKING:
    from ...calls.regions import Regions


def header_of(
    regions: Regions, samples: int, pixels: int, block: int, operands: Many[Operand], steps: Many[Steps]
) -> headers.Regions:
    """The header of so many samples of so many pixels, in blocks of pixels.

    operands and steps: those of predictions, target and gradient.
    """
    pred, target, gradient = operands
    pred_steps, target_steps, gradient_steps = steps
    return headers.Regions(
        samples=samples,
        classes=regions.classes,
        pixels=pixels,
        block=block,
        parts=-(-pixels // block),
        activation=regions.activation,
        labelled=regions.labelled,
        ignores=regions.ignore is not None,
        ignored=regions.ignore or 0,
        per_sample=regions.classes if regions.per_sample else 0,
        itemsize=regions.real.itemsize,
        pred=pred,
        target=target,
        gradient=gradient,
        pred_steps=pred_steps,
        target_steps=target_steps,
        gradient_steps=gradient_steps,
    )
