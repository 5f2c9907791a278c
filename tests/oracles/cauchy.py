"""Cauchy loss, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, c=1.0):
    return c**2 / 2 * np.log1p(((pred - np.asarray(target, dtype=np.float64)) / c) ** 2)


def exact(pred, target, *, c=1):
    r = pred - target
    u = r / c
    return c**2 * mp.log1p(u**2) / 2, r / (1 + u**2), (1 - u**2) / (1 + u**2) ** 2


def scale(pred, target, *, c=1):
    """The larger term of the curvature, which changes sign."""
    square = ((pred - target) / c) ** 2
    return 0, 0, max(1, square) / (1 + square) ** 2


TAILS = [
    (residuals, {}),
    (residuals, {"c": 0.1}),
]
