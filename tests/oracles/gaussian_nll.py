"""Negative log-likelihood of a normal distribution, from its definition."""

import mpmath as mp
import numpy as np
from points import spreads


def value(pred, target, var, *, full=False, eps=1e-6):
    v = np.maximum(np.asarray(var, dtype=np.float64), eps)
    constant = np.log(2 * np.pi) / 2 if full else 0.0
    return np.log(v) / 2 + (pred - np.asarray(target, dtype=np.float64)) ** 2 / (2 * v) + constant


def exact(pred, target, var, *, full=False, eps=1e-6):
    r, v = pred - target, max(var, eps)
    value = mp.log(v) / 2 + r**2 / (2 * v) + (mp.log(2 * mp.pi) / 2 if full else 0)
    slopes = r / v, 1 / (2 * v) - r**2 / (2 * v**2)
    return value, slopes, (1 / v, r**2 / v**3 - 1 / (2 * v**2))


def scale(pred, target, var, *, full=False, eps=1e-6):
    """The largest term where terms cancel: the value, and everything by the variance."""
    r, v = pred - target, max(var, eps)
    value = max(abs(mp.log(v)) / 2, r**2 / (2 * v), mp.log(2 * mp.pi) / 2 if full else 0)
    return value, (0, max(1 / (2 * v), r**2 / (2 * v**2))), (0, max(r**2 / v**3, 1 / (2 * v**2)))


TAILS = [
    (spreads, {"eps": 1e-9}),
    (spreads, {"eps": 1e-9, "full": True}),
]
