"""Squared error, from its definition."""

import numpy as np
from points import residuals


def value(pred, target):
    return (pred - np.asarray(target, dtype=np.float64)) ** 2


def exact(pred, target):
    r = pred - target
    return r**2, 2 * r, 2


TAILS = [(residuals, {})]
