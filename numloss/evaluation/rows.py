"""The loss of every single row: what quantiles, groups, intervals and the worst rows are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..calls.rowwise import options_of
from ..data.source import Array
from ..loops.codes import LABELS
from ..registry import Loss
from ..transforms.combine_losses import Combined


def row_sums(values: Array) -> Array:
    """Sum of the unreduced loss over each row, in float64."""
    if values.ndim == 1:
        return values.astype(np.float64)
    return np.asarray(values.reshape(len(values), math.prod(values.shape[1:])).sum(axis=1, dtype=np.float64))


def row_weights(
    loss: Loss, options: dict[str, Any], arrays: tuple[Array, ...], weight: Array | None, shape: tuple[int, ...]
) -> Array:
    """What each row counts in the mean: the sum of the weights of its values, of shape `shape` in all."""
    if loss.family == "combined":
        assert isinstance(loss.law, Combined)
        _, part, fixed = loss.law.parts[0]  # all parts count with the same weights
        return row_weights(part, {**fixed, **options}, arrays, weight, shape)
    counts = np.ones(shape) if weight is None else _spread(weight, shape)
    if loss.family in ("rowwise", "distilled"):
        counts = counts * _of_targets(loss, options, arrays)
    return row_sums(counts)


def _spread(weight: Array, shape: tuple[int, ...]) -> Array:
    """A weight a row, or one a value, as float64 with the shape of the values."""
    wide = weight.reshape(weight.shape + (1,) * (len(shape) - weight.ndim))
    return np.broadcast_to(wide, shape).astype(np.float64)


def _of_targets(loss: Loss, options: dict[str, Any], arrays: tuple[Array, ...]) -> Array | float:
    """Class weights and ignored labels, as a factor of the weights."""
    asked = options_of(loss, arrays, {name: options[name] for name in options if name in loss.defaults})
    target = arrays[-1]
    if asked.target != LABELS:
        if asked.class_weight is None:
            return 1.0
        shares = np.exp(target) if options.get("log_target") else target
        factors = np.asarray(asked.class_weight, np.float64)
        return np.moveaxis(np.asarray(shares, np.float64), asked.axis, -1) @ factors
    factor = np.ones(target.shape)
    if asked.class_weight is not None:
        factors = np.asarray(asked.class_weight, np.float64)
        factor = factors[np.clip(target, 0, len(factors) - 1).astype(np.int64)]
    if asked.ignore is not None:
        factor = np.where(target == asked.ignore, 0.0, factor)
    return factor
