"""Geman-McClure loss, from its definition."""

import numpy as np
from points import residuals


def value(pred, target, *, c=1.0):
    square = (pred - np.asarray(target, dtype=np.float64)) ** 2
    return square / 2 / (1 + square / c**2)


def exact(pred, target, *, c=1):
    r = pred - target
    square = (r / c) ** 2
    return r**2 / 2 / (1 + square), r / (1 + square) ** 2, (1 - 3 * square) / (1 + square) ** 3


def scale(pred, target, *, c=1):
    """The larger term of the curvature, which changes sign."""
    square = ((pred - target) / c) ** 2
    return 0, 0, max(1, 3 * square) / (1 + square) ** 3


TAILS = [
    (residuals, {}),
    (residuals, {"c": 0.1}),
]
