"""Huber's loss, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, delta=1.0):
    size = np.abs(pred - np.asarray(target, dtype=np.float64))
    return np.where(size <= delta, size**2 / 2, delta * size - delta**2 / 2)


def exact(pred, target, *, delta=1.0):
    r = pred - target
    if abs(r) <= delta:
        return r**2 / 2, r, 1
    return delta * abs(r) - delta**2 / 2, delta * mp.sign(r), 0


TAILS = [
    (residuals, {}),
    (residuals, {"delta": 1e-3}),
]
