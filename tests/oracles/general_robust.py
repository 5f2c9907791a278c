"""Barron's general robust loss, from its definition and its limits."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, alpha=1.0, c=1.0):
    square = ((pred - np.asarray(target, dtype=np.float64)) / c) ** 2
    if alpha == 2.0:
        return square / 2
    if alpha == 0.0:
        return np.log1p(square / 2)
    return (2 - alpha) / alpha * ((1 + square / (2 - alpha)) ** (alpha / 2) - 1)


def exact(pred, target, *, alpha=1, c=1):
    x, alpha = (pred - target) / c, mp.mpf(alpha)
    b = 2 - alpha
    if b == 0:
        return x**2 / 2, x / c, mp.mpf(1) / c**2
    base = 1 + x**2 / b
    value = mp.log(base) if alpha == 0 else b / alpha * (base ** (alpha / 2) - 1)
    weight = base ** (alpha / 2 - 1)
    return value, x / c * weight, weight * (1 + (alpha - 1) * x**2 / b) / base / c**2


def scale(pred, target, *, alpha=1, c=1):
    """The larger term of the curvature, which changes sign."""
    x, alpha = (pred - target) / c, mp.mpf(alpha)
    b = 2 - alpha
    if b == 0:
        return 0, 0, 0
    base = 1 + x**2 / b
    return 0, 0, base ** (alpha / 2 - 2) * max(1, abs(alpha - 1) * x**2 / b) / c**2


TAILS = [
    (residuals, {}),
    (residuals, {"alpha": 2.0, "c": 0.1}),
    (residuals, {"alpha": 1.9, "c": 3.0}),
    (residuals, {"alpha": 0.3}),
    (residuals, {"alpha": 0.0}),
    (residuals, {"alpha": -2.0}),
]
