"""Negative log-likelihood of a logistic distribution between bounds, from its definition."""

import mpmath as mp
import numpy as np
from points import bounds, normal_bounds


def value(pred, lower, upper, *, sigma=1.0):
    low, high = np.minimum(lower, upper), np.maximum(lower, upper)
    return parted(pred, low, high, high - low, sigma, np.log(sigma))


def parted(pred, low, high, gap, sigma, known):
    """Of ends with that gap; what is known adds a number of its own."""
    y, z = (low - pred) / sigma, (high - pred) / sigma
    with np.errstate(all="ignore"):
        return (
            np.logaddexp(0.0, y) + np.logaddexp(0.0, -z) + np.where(gap == 0, known, -np.log(-np.expm1(-gap / sigma)))
        )


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def parts(pred, low, high, sigma, known):
    """The value, its terms, the slope, its terms, and the curvature."""
    y, z = (low - pred) / sigma, (high - pred) / sigma
    last = known if low == high else -mp.log(-mp.expm1((low - high) / sigma))
    value = [mp.log1p(mp.exp(y)), mp.log1p(mp.exp(-z)), last]
    slope = [sigmoid(-z) / sigma, -sigmoid(y) / sigma]
    return value, slope, sum(sigmoid(x) * sigmoid(-x) for x in (y, z)) / sigma**2


def exact(pred, lower, upper, *, sigma=1):
    value, slope, curvature = parts(pred, min(lower, upper), max(lower, upper), sigma, mp.log(sigma))
    return sum(value), sum(slope), curvature


def scale(pred, lower, upper, *, sigma=1):
    """The larger term of what may be a difference: the slope, and the value of one that is known."""
    value, slope, _ = parts(pred, min(lower, upper), max(lower, upper), sigma, mp.log(sigma))
    return max(map(abs, value)), max(map(abs, slope)), 0


TAILS = [
    (bounds, {}),
    (normal_bounds(0.3), {"sigma": 0.3}),
    (bounds, {"sigma": 8.5}),
]
