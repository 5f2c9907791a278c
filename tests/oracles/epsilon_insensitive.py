"""Absolute error outside a tube, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, epsilon=0.1):
    return np.maximum(0.0, np.abs(pred - np.asarray(target, dtype=np.float64)) - epsilon)


def exact(pred, target, *, epsilon):
    r = pred - target
    return max(0, abs(r) - epsilon), mp.sign(r) if abs(r) > epsilon else 0, 0


TAILS = [(residuals, {"epsilon": 0.1})]
