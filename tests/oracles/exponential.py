"""Exponential loss, from its definition."""

import mpmath as mp
import numpy as np
from points import scores


def value(pred, target):
    return np.exp(np.where(np.asarray(target) > 0, -1.0, 1.0) * pred)


def exact(pred, target):
    side = 1 if target > 0 else -1
    power = mp.exp(-side * pred)
    return power, -side * power, power


TAILS = [(scores, {})]
