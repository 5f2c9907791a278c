"""Smooth absolute error, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, beta=1.0):
    size = np.abs(pred - np.asarray(target, dtype=np.float64))
    return np.where(size < beta, size**2 / 2 / max(beta, 1e-300), size - beta / 2)


def exact(pred, target, *, beta=1.0):
    r = pred - target
    if abs(r) < beta:
        return r**2 / (2 * beta), r / beta, 1 / beta
    return abs(r) - beta / 2, mp.sign(r), 0


TAILS = [
    (residuals, {}),
    (residuals, {"beta": 0.1}),
]
