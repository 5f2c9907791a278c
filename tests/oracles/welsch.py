"""Welsch loss, from its definition."""

import mpmath as mp
import numpy as np
from points import normal_residuals


def value(pred, target, *, c=1.0):
    return -(c**2) / 2 * np.expm1(-(((pred - np.asarray(target, dtype=np.float64)) / c) ** 2))


def exact(pred, target, *, c=1):
    r = pred - target
    square = (r / c) ** 2
    e = mp.exp(-square)
    return -(c**2) * mp.expm1(-square) / 2, r * e, (1 - 2 * square) * e


def scale(pred, target, *, c=1):
    """The larger term of the curvature, which changes sign."""
    square = ((pred - target) / c) ** 2
    return 0, 0, max(1, 2 * square) * mp.exp(-square)


TAILS = [(normal_residuals, {})]
