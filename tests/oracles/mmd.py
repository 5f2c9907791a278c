"""Naive float64 of the maximum mean discrepancy."""

from typing import Any

import numpy as np


def mean(x: Any, y: Any, bandwidth: Any, own: bool) -> Any:
    """The mean of the kernel over all pairs, or over those of different points of one cloud."""
    squared = ((x[..., :, None, :] - y[..., None, :, :]) ** 2).sum(axis=-1)
    kernel = sum(np.exp(-squared / (2 * width**2)) for width in np.atleast_1d(bandwidth))
    if own:
        n = x.shape[-2]
        return (kernel.sum(axis=(-1, -2)) - np.trace(kernel, axis1=-1, axis2=-2)) / (n * (n - 1))
    return kernel.mean(axis=(-1, -2))


def value(x: Any, y: Any, *, bandwidth: Any = 1.0, unbiased: bool = False) -> Any:
    within = mean(x, x, bandwidth, unbiased) + mean(y, y, bandwidth, unbiased)
    return within - 2 * mean(x, y, bandwidth, False)
