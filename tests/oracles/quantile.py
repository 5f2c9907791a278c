"""Quantile loss, from its definition."""

import numpy as np
from points import residuals


def value(pred, target, *, q=0.5):
    missing = np.asarray(target, dtype=np.float64) - pred
    return np.maximum(q * missing, (q - 1) * missing)


def exact(pred, target, *, q=0.5):
    missing = target - pred
    slope = -q if missing > 0 else 1 - q if missing < 0 else 0
    return max(q * missing, (q - 1) * missing), slope, 0


TAILS = [
    (residuals, {"q": 0.1}),
    (residuals, {"q": 0.9999}),
    (residuals, {"q": 1.0 - 1e-9}),
]
