"""What rows count by their targets: class weights, and labels that are to be ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..loops.codes import LABELS
from .rowwise import RowOptions, count_levels, options_of

if TYPE_CHECKING:
    from ..registry import Loss

Array = np.ndarray[Any, Any]
# Families whose labels say what a row counts.
WEIGHING = ("rowwise", "distilled")


def row_options(loss: Loss, options: dict[str, Any], arrays: tuple[Any, ...]) -> RowOptions:
    """What a rowwise call asks for, as far as it says what rows count."""
    # what becomes of classes that a target does not name has nothing to do with that
    given = {name: options[name] for name in options if name in loss.defaults and name != "rest"}
    asked = options_of(loss, arrays, given)
    count_levels(loss, asked, arrays[0].shape[asked.axis])
    return asked


def shares_of(loss: Loss, options: dict[str, Any], arrays: tuple[Any, ...]) -> Array | float:
    """Class weights and ignored labels of a rowwise loss, as a factor of the weights; a number if there are none."""
    asked = row_options(loss, options, arrays)
    target = arrays[-1]
    if asked.target != LABELS:
        if asked.class_weight is None:
            return 1.0
        shares = np.exp(target) if options.get("log_target") else target
        factors = np.asarray(asked.class_weight, np.float64)
        return np.moveaxis(np.asarray(shares, np.float64), asked.axis, -1) @ factors
    factor: Array | float = 1.0
    if asked.class_weight is not None:
        factors = np.asarray(asked.class_weight, np.float64)
        factor = factors[np.clip(target, 0, len(factors) - 1).astype(np.int64)]
    if asked.ignore is not None and (ignored := target == asked.ignore).any():
        factor = np.where(ignored, 0.0, factor)
    return factor
