"""Expectile loss, from its definition."""

import numpy as np
from points import residuals


def value(pred, target, *, q=0.5):
    r = pred - np.asarray(target, dtype=np.float64)
    return np.where(r < 0, q, 1 - q) * r**2


def exact(pred, target, *, q=0.5):
    r = pred - target
    share = q if r < 0 else 1 - q
    return share * r**2, 2 * share * r, 2 * share


TAILS = [
    (residuals, {"q": 0.1}),
    (residuals, {"q": 1.0 - 1e-9}),
]
