"""Pseudo-Huber loss, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, delta=1.0):
    r = pred - np.asarray(target, dtype=np.float64)
    return delta**2 * (np.sqrt(1 + (r / delta) ** 2) - 1)


def exact(pred, target, *, delta=1):
    r = pred - target
    root = mp.sqrt(1 + (r / delta) ** 2)
    return delta**2 * (root - 1), r / root, root**-3


TAILS = [
    (residuals, {}),
    (residuals, {"delta": 0.1}),
]
