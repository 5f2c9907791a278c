"""Negative log-likelihood of counts behind a hurdle, from its definition."""

import mpmath as mp
import numpy as np
from oracles.poisson_nll import log_factorial
from oracles.zero_inflated_poisson_nll import power, sigmoid
from points import gated_counts


def value(pred, target, gate, *, full=False):
    target = np.asarray(target, dtype=np.float64)
    mean = np.exp(pred)
    count = mean - target * pred + np.log(-np.expm1(-mean)) + (log_factorial(target) if full else 0.0)
    return np.where(target == 0.0, np.logaddexp(0.0, -gate), count + np.logaddexp(0.0, gate))


def size(pred, target, gate, *, full=False):
    return 1.0 + np.exp(pred) + np.abs(gate) + (1.0 + target) * np.abs(pred)


def exact(pred, target, gate, *, full=False):
    mean, zero = mp.exp(pred), sigmoid(gate)
    bend = zero * sigmoid(-gate)
    if target == 0:
        return mp.log1p(power(-gate)), (0, -sigmoid(-gate)), (0, bend)
    share = 1 - power(-mean) if mean > 1 else -mp.expm1(-mean)
    value = mean - target * pred + mp.log(share) + mp.log1p(mp.exp(gate))
    slope, curvature = mean / share - target, mean * (share - mean * power(-mean)) / share**2
    return value + (mp.loggamma(1 + target) if full else 0), (slope, zero), (curvature, bend)


def scale(pred, target, gate, *, full=False):
    """The larger term of what is a difference."""
    mean = mp.exp(pred)
    if target == 0:
        return 0, (0, 0), (0, 0)
    count = target - 1 if mean < mp.mpf(5) / 4 else target
    terms = [mean, abs(count * pred), mp.log1p(mp.exp(gate)), mp.loggamma(1 + target) if full else 0]
    return max(terms), (max(mean, count), 0), (0, 0)


TAILS = [
    (gated_counts, {}),
    (gated_counts, {"full": True}),
]
