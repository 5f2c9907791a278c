"""Squared error of logarithms, from its definition."""

import mpmath as mp
import numpy as np
from points import above_minus_one


def value(pred, target):
    return (np.log1p(pred) - np.log1p(np.asarray(target, dtype=np.float64))) ** 2


def exact(pred, target):
    d = mp.log1p(pred) - mp.log1p(target)
    return d**2, 2 * d / (1 + pred), 2 * (1 - d) / (1 + pred) ** 2


def scale(pred, target):
    """The larger term of the curvature, which changes sign."""
    d = mp.log1p(pred) - mp.log1p(target)
    return 0, 0, 2 * max(1, abs(d)) / (1 + pred) ** 2


TAILS = [(above_minus_one, {})]
