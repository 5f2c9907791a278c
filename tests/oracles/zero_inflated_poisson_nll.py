"""Negative log-likelihood of a Poisson distribution with zeros of its own, from its definition."""

import mpmath as mp
import numpy as np
from oracles.poisson_nll import log_factorial
from points import gated_counts


def value(pred, target, gate, *, full=False):
    target = np.asarray(target, dtype=np.float64)
    mean, passed = np.exp(pred), np.logaddexp(0.0, gate)
    zero = passed - np.logaddexp(gate, -mean)
    count = mean - target * pred + passed + (log_factorial(target) if full else 0.0)
    return np.where(target == 0.0, zero, count)


def size(pred, target, gate, *, full=False):
    return 1.0 + np.exp(pred) + np.abs(gate) + np.abs(target * pred)


def power(x):
    """e^x, of which nothing is left far below 0."""
    return mp.exp(x) if x > -(10**6) else mp.mpf(0)


def sigmoid(x):
    return power(x) / (1 + power(x)) if x < 0 else 1 / (1 + power(-x))


def exact(pred, target, gate, *, full=False):
    mean, zero = mp.exp(pred), sigmoid(gate)
    if target > 0:
        value = mean - target * pred + mp.log1p(mp.exp(gate)) + (mp.loggamma(1 + target) if full else 0)
        return value, (mean - target, zero), (mean, zero * sigmoid(-gate))
    counted = -sigmoid(-gate) * (power(-mean) - 1 if mean > 1 else mp.expm1(-mean))
    value = -mp.log1p(-counted) if counted < 0.9 else mp.log1p(mp.exp(gate)) - mp.log(mp.exp(gate) + power(-mean))
    own, other = sigmoid(-gate - mean), sigmoid(gate + mean)
    bends = mean * own - mean * other * mean * own, other * counted * (zero - own)
    return value, (mean * own, -other * counted), bends


def scale(pred, target, gate, *, full=False):
    """The larger term of what is a difference, and what a power moves by with the last digit of its exponent."""
    mean, zero = mp.exp(pred), sigmoid(gate)
    if target > 0:
        terms = [mean, abs(target * pred), mp.log1p(mp.exp(gate)), mp.loggamma(1 + target) if full else 0]
        return max(terms), (max(mean, target), 0), (0, 0)
    counted = -sigmoid(-gate) * (power(-mean) - 1 if mean > 1 else mp.expm1(-mean))
    own, other = sigmoid(-gate - mean), sigmoid(gate + mean)
    exponent = abs(gate) + mean
    by_own, by_other = 1 + exponent * other, 1 + exponent * own
    slopes = mean * own * by_own, other * counted * by_other
    bends = (
        mean * own * max(1, mean * other) * max(by_own, by_other),
        other * counted * max(zero, own * by_own) * by_other,
    )
    return 0, slopes, bends


TAILS = [
    (gated_counts, {}),
    (gated_counts, {"full": True}),
]
