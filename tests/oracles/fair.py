"""Fair's loss, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, c=1.0):
    u = np.abs(pred - np.asarray(target, dtype=np.float64)) / c
    return c**2 * (u - np.log1p(u))


def exact(pred, target, *, c=1):
    r = pred - target
    u = abs(r) / c
    return c**2 * (u - mp.log1p(u)), r / (1 + u), (1 + u) ** -2


TAILS = [
    (residuals, {}),
    (residuals, {"c": 0.1}),
]
