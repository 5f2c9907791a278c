"""Tukey's biweight, from its definition."""

import numpy as np
from points import residuals


def value(pred, target, *, c=4.685):
    square = ((pred - np.asarray(target, dtype=np.float64)) / c) ** 2
    return c**2 / 6 * (1 - np.maximum(0.0, 1 - square) ** 3)


def exact(pred, target, *, c):
    r = pred - target
    square = (r / c) ** 2
    if square >= 1:
        return c**2 / 6, 0, 0
    return c**2 * (1 - (1 - square) ** 3) / 6, r * (1 - square) ** 2, (1 - square) * (1 - 5 * square)


def scale(pred, target, *, c):
    """The larger term of the curvature, which changes sign."""
    square = ((pred - target) / c) ** 2
    return 0, 0, (1 - square) * max(1, 5 * square) if square < 1 else 0


TAILS = [
    (residuals, {"c": 4.685}),
    (residuals, {"c": 0.1}),
]
