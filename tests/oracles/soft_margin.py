"""Logistic loss of scores, from its definition."""

import mpmath as mp
import numpy as np
from points import scores


def value(pred, target):
    return np.logaddexp(0, np.where(np.asarray(target) > 0, -1.0, 1.0) * pred)


def exact(pred, target):
    side = 1 if target > 0 else -1
    p, q = 1 / (1 + mp.exp(-side * pred)), 1 / (1 + mp.exp(side * pred))
    return -mp.log(p), -side * q, p * q


TAILS = [(scores, {})]
