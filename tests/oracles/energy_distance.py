"""Naive float64 of energy distance."""

from typing import Any

import numpy as np


def mean(x: Any, y: Any, own: bool) -> Any:
    """The mean distance over all pairs, or over those of different points of one cloud."""
    distance = np.sqrt(((x[..., :, None, :] - y[..., None, :, :]) ** 2).sum(axis=-1))
    n = x.shape[-2]
    return distance.sum(axis=(-1, -2)) / (n * (n - 1)) if own else distance.mean(axis=(-1, -2))


def value(x: Any, y: Any, *, unbiased: bool = False) -> Any:
    return 2 * mean(x, y, False) - mean(x, x, unbiased) - mean(y, y, unbiased)
