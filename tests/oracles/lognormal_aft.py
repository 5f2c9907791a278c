"""Negative log-likelihood of accelerated failure times with normal errors, from its definition."""

import mpmath as mp
import numpy as np
from oracles import censored_normal
from oracles.loglogistic_aft import logarithm
from points import normal_times


def value(pred, lower, upper, *, sigma=1.0):
    def one(x, low, high):
        return censored_normal.one(x, low, high, sigma, logarithm(float(low)), logarithm)

    return np.vectorize(one, otypes=[float])(pred, np.minimum(lower, upper), np.maximum(lower, upper))


def parts(pred, lower, upper, sigma):
    low, high = logarithm(min(lower, upper)), logarithm(max(lower, upper))
    return censored_normal.parts(pred, low, high, sigma, mp.log(sigma) + low), low, high


def exact(pred, lower, upper, *, sigma=1):
    (value, slope, _, curvature), *_ = parts(pred, lower, upper, sigma)
    return value, slope, curvature


def scale(pred, lower, upper, *, sigma=1):
    """The larger term of the slope, and of the value of one that is known."""
    (value, _, term, _), low, high = parts(pred, lower, upper, sigma)
    known = [value - low - mp.log(sigma), low, mp.log(sigma)] if low == high else [0]
    return max(map(abs, known)), term, 0


TAILS = [
    (normal_times(1.0), {}),
    (normal_times(0.3), {"sigma": 0.3}),
    (normal_times(8.5), {"sigma": 8.5}),
]
