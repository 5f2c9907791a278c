"""Negative log-likelihood of accelerated failure times with errors of extreme values, from its definition."""

import mpmath as mp
import numpy as np
from oracles.loglogistic_aft import ends, logarithm
from points import normal_times, times


def value(pred, lower, upper, *, sigma=1.0):
    low, high, gap = ends(lower, upper)
    y, z = (low - pred) / sigma, (high - pred) / sigma
    with np.errstate(all="ignore"):
        between = np.exp(y) - np.log(-np.expm1(np.exp(z) * np.expm1(-gap / sigma)))
        return np.where(lower == upper, np.exp(y) - y + low + np.log(sigma), between)


def size(pred, lower, upper, *, sigma=1.0):
    """A hazard, and how far its logarithm moves with that of the time."""
    low = np.log(np.maximum(np.minimum(lower, upper), 1e-300))
    with np.errstate(all="ignore"):
        return np.maximum(1.0, (1.0 + np.abs(low) / sigma) * np.exp((low - pred) / sigma))


def power(x):
    return mp.inf if x > 10**6 else mp.exp(x) if x > -(10**9) else mp.mpf(0)


def parts(pred, lower, upper, sigma):
    """Terms of the value, of the slope, and the curvature."""
    low, high = logarithm(min(lower, upper)), logarithm(max(lower, upper))
    y, z = (low - pred) / sigma, (high - pred) / sigma
    first = power(y)
    if low == high and first < mp.inf:
        return [first, -y, mp.log(sigma), low], [(1 - first) / sigma], first / sigma**2
    gap = (high - low) / sigma if high > low else mp.mpf(0)
    hazard = -power(z) * mp.expm1(-gap)
    if hazard > 10**6 or first == mp.inf:
        return [first], [-first / sigma], first / sigma**2
    if hazard < mp.mpf(10) ** -150:
        return [first, -z - mp.log(-mp.expm1(-gap))], [1 / sigma, -first / sigma], (first + hazard / 2) / sigma**2
    fall = hazard / mp.expm1(hazard)
    bend = fall * (hazard / -mp.expm1(-hazard) - 1)
    return [first, -mp.log(-mp.expm1(-hazard))], [fall / sigma, -first / sigma], (first + bend) / sigma**2


def exact(pred, lower, upper, *, sigma=1):
    value, slope, curvature = parts(pred, lower, upper, sigma)
    return sum(value), sum(slope), curvature


def scale(pred, lower, upper, *, sigma=1):
    """The larger term of what may be a difference, and what a power of the hazard moves by with that."""
    value, slope, curvature = parts(pred, lower, upper, sigma)
    low, high = logarithm(min(lower, upper)), logarithm(max(lower, upper))
    hazard = power((high - pred) / sigma)
    more = max(1, hazard) if low < high and hazard < mp.inf else 1
    return max(abs(value[0]), more * max(map(abs, value[1:]), default=0)), more * max(map(abs, slope)), more * curvature


TAILS = [
    (times, {}),
    (normal_times(0.3), {"sigma": 0.3}),
    (normal_times(8.5), {"sigma": 8.5}),
]
