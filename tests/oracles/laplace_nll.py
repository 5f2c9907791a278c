"""Negative log-likelihood of a Laplace distribution, from its definition."""

import mpmath as mp
import numpy as np
from points import spreads


def value(pred, target, scale, *, full=False, eps=1e-6):
    b = np.maximum(scale, eps)
    return np.log(b) + np.abs(pred - np.asarray(target, dtype=np.float64)) / b + (np.log(2) if full else 0.0)


def exact(pred, target, scale, *, full=False, eps):
    b, r = max(scale, eps), pred - target
    ratio = abs(r) / b
    value = mp.log(b) + ratio + (mp.log(2) if full else 0)
    return value, (mp.sign(r) / b, (1 - ratio) / b), (0, (2 * ratio - 1) / b**2)


def scale(pred, target, scale, *, full=False, eps):
    """The largest term where terms cancel: the value, and everything by the scale."""
    b = max(scale, eps)
    ratio = abs(pred - target) / b
    value = max(abs(mp.log(b)), ratio, mp.log(2) if full else 0)
    return value, (0, max(1, ratio) / b), (0, max(1, 2 * ratio) / b**2)


TAILS = [
    (spreads, {"eps": 1e-9}),
    (spreads, {"eps": 1e-9, "full": True}),
]
