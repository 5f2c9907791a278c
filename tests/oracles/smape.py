"""Symmetric absolute relative error, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, eps=1e-8):
    t = np.asarray(target, dtype=np.float64)
    return np.abs(pred - t) / np.maximum((np.abs(pred) + np.abs(t)) / 2, eps)


def exact(pred, target, *, eps):
    mean, side = (abs(pred) + abs(target)) / 2, mp.sign(pred - target)
    if mean <= eps:
        return abs(pred - target) / eps, side / eps, 0
    if pred * target <= 0:
        return 2, 0, 0
    return abs(pred - target) / mean, side * abs(target) / mean**2, -side * mp.sign(pred) * abs(target) / mean**3


TAILS = [(residuals, {"eps": 1e-8})]
