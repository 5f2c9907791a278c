"""The loss of every single row: what quantiles, groups, intervals and the worst rows are made of."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..calls.shares import WEIGHING, row_options, shares_of
from ..data.source import Array
from ..loops.codes import LABELS
from ..metrics import RowMetric
from ..registry import Loss
from ..transforms.combine_losses import Combined, combine
from ..transforms.derivatives import unwrapped


def row_sums(values: Array) -> Array:
    """Sum of the unreduced loss over each row, in float64."""
    if values.ndim == 1:
        return values.astype(np.float64)
    return np.asarray(values.reshape(len(values), math.prod(values.shape[1:])).sum(axis=1, dtype=np.float64))


def without_class_weight(function: Callable[..., Any]) -> Callable[..., Any]:
    """The loss as it is where rows count the same: class weights that weigh rows are gone, those of terms stay."""
    loss, _, options = unwrapped(function)
    kept = {name: value for name, value in options.items() if name != "class_weight"}
    if loss.family == "combined":
        assert isinstance(loss.law, Combined)
        given = [(factor, functools.partial(part.function, **fixed)) for factor, part, fixed in loss.law.parts]
        parts = [(factor, without_class_weight(part)) for factor, part in given]
        same = len(kept) == len(options) and all(a is b for (_, a), (_, b) in zip(given, parts, strict=True))
        return function if same else functools.partial(combine(*parts), **kept)
    weighs = loss.family in WEIGHING and loss.rows["factor"] != "class_weight" and len(kept) < len(options)
    return functools.partial(loss.function, **kept) if weighs else function


def uneven(loss: Loss, options: dict[str, Any], arrays: tuple[Array, ...], weight: Array | None, axes: int) -> bool:
    """Whether the values of one row, whose loss has so many axes, may count differently."""
    if loss.family == "combined":
        assert isinstance(loss.law, Combined)
        _, part, fixed = loss.law.parts[0]
        return uneven(part, {**fixed, **options}, arrays, weight, axes)
    if weight is not None and weight.ndim > 1 and axes > 1:
        return True
    if loss.family not in WEIGHING:
        return False
    asked = row_options(loss, options, arrays)
    return asked.class_weight is not None and (axes > 1 or asked.target != LABELS)


def row_weights(
    loss: Loss, options: dict[str, Any], arrays: tuple[Array, ...], weight: Array | None, shape: tuple[int, ...]
) -> Array | float:
    """What each row counts in the mean: the sum of the weights of its values, of shape `shape` in all.

    A number where all rows count the same, without weights of any kind: so many values.
    """
    counts: Array | None = loss.function.counts(*arrays) if isinstance(loss.function, RowMetric) else None
    if counts is not None:
        return counts
    if loss.family == "combined":
        assert isinstance(loss.law, Combined)
        _, part, fixed = loss.law.parts[0]  # all parts count with the same weights
        return row_weights(part, {**fixed, **options}, arrays, weight, shape)
    factor = shares_of(loss, options, arrays) if loss.family in WEIGHING else 1.0
    if weight is None and isinstance(factor, float):
        return float(math.prod(shape[1:]))
    return row_sums((np.ones(shape) if weight is None else _spread(weight, shape)) * factor)


def _spread(weight: Array, shape: tuple[int, ...]) -> Array:
    """A weight a row, or one a value, as float64 with the shape of the values."""
    wide = weight.reshape(weight.shape + (1,) * (len(shape) - weight.ndim))
    return np.broadcast_to(wide, shape).astype(np.float64)
