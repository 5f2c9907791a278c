"""Squared error outside a tube, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, epsilon=0.1):
    return np.maximum(0.0, np.abs(pred - np.asarray(target, dtype=np.float64)) - epsilon) ** 2


def exact(pred, target, *, epsilon):
    r = pred - target
    excess = max(0, abs(r) - epsilon)
    return excess**2, 2 * excess * mp.sign(r), 2 if excess > 0 else 0


TAILS = [(residuals, {"epsilon": 0.1})]
