"""Interval score, from its definition."""

import numpy as np
from points import intervals


def value(lower, upper, target, *, alpha=0.1, scaled=False):
    score = upper - lower + 2 / alpha * (np.maximum(0, lower - target) + np.maximum(0, target - upper))
    return score * alpha / 2 if scaled else score


def size(lower, upper, target, *, alpha=0.1, scaled=False):
    """The larger term of the score."""
    return (np.abs(lower) + np.abs(upper) + np.abs(target)) * (1 if scaled else 2 / alpha)


def parts(lower, upper, target, alpha, scaled):
    factor = alpha / 2 if scaled else 1
    rate = 1 if scaled else 2 / alpha
    return factor, rate, lower > target, target > upper


def exact(lower, upper, target, *, alpha, scaled=False):
    factor, rate, under, over = parts(lower, upper, target, alpha, scaled)
    missed = (lower - target if under else 0) + (target - upper if over else 0)
    slopes = (rate if under else 0) - factor, factor - (rate if over else 0)
    return factor * (upper - lower) + rate * missed, slopes, (0, 0)


def scale(lower, upper, target, *, alpha, scaled=False):
    """The largest of what is added up."""
    factor, rate, under, over = parts(lower, upper, target, alpha, scaled)
    missed = max(abs(lower - target) if under else 0, abs(target - upper) if over else 0)
    return max(factor * abs(upper - lower), rate * missed), (0, 0), (0, 0)


TAILS = [
    (intervals, {"alpha": 0.3}),
    (intervals, {"alpha": 0.3, "scaled": True}),
]
