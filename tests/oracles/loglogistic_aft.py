"""Negative log-likelihood of accelerated failure times with logistic errors, from its definition."""

import mpmath as mp
import numpy as np
from oracles import censored_logistic
from points import normal_times, times


def logarithm(time):
    return -mp.inf if time == 0 else mp.inf if time == mp.inf else mp.log(time)


def ends(lower, upper):
    """Logarithms of both times, and their distance."""
    low, high = np.minimum(lower, upper), np.maximum(lower, upper)
    with np.errstate(all="ignore"):
        return np.log(low), np.log(high), np.log1p((high - low) / low)


def value(pred, lower, upper, *, sigma=1.0):
    low, high, gap = ends(lower, upper)
    return censored_logistic.parted(pred, low, high, gap, sigma, np.log(sigma) + low)


def size(pred, lower, upper, *, sigma=1.0):
    """A logarithm of a time, in units of sigma."""
    return np.maximum(1.0, np.abs(np.log(np.where(np.isfinite(upper), upper, 1.0))) / sigma)


def parts(pred, lower, upper, sigma):
    low, high = logarithm(min(lower, upper)), logarithm(max(lower, upper))
    return censored_logistic.parts(pred, low, high, sigma, mp.log(sigma) + low), low, high


def exact(pred, lower, upper, *, sigma=1):
    (value, slope, curvature), *_ = parts(pred, lower, upper, sigma)
    return sum(value), sum(slope), curvature


def scale(pred, lower, upper, *, sigma=1):
    """The larger term of what may be a difference."""
    (value, slope, _), low, high = parts(pred, lower, upper, sigma)
    known = [mp.log(sigma), low] if low == high else []
    return max(map(abs, [*value, *known])), max(map(abs, slope)), 0


TAILS = [
    (times, {}),
    (normal_times(0.3), {"sigma": 0.3}),
    (times, {"sigma": 8.5}),
]
