"""Absolute error in a scale, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target, *, scale):
    return np.abs(pred - np.asarray(target, dtype=np.float64)) / scale


def exact(pred, target, *, scale):
    return abs(pred - target) / scale, mp.sign(pred - target) / scale, 0


TAILS = [(residuals, {"scale": 0.7})]
