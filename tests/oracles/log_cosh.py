"""Logarithm of the hyperbolic cosine, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(pred, target):
    r = pred - np.asarray(target, dtype=np.float64)
    return np.logaddexp(r, -r) - np.log(2)


def exact(pred, target):
    r = pred - target
    return mp.log(mp.cosh(r)), mp.tanh(r), mp.sech(r) ** 2


TAILS = [(residuals, {})]
