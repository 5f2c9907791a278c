"""Negative log-likelihood of a negative binomial distribution, from its definition."""

import mpmath as mp
import numpy as np
from points import near_counts, normal_counts, some_counts


def constant(target, dispersion):
    size = 1 / mp.mpf(dispersion)
    return mp.loggamma(size) + mp.loggamma(1 + target) - mp.loggamma(size + target) - target * mp.log(dispersion)


def value(pred, target, *, dispersion=1.0, full=False):
    t = np.asarray(target, dtype=np.float64)
    constants = np.vectorize(lambda y: float(constant(y, dispersion)), otypes=[float])(t) if full else 0.0
    return (t + 1 / dispersion) * np.log1p(dispersion * np.exp(pred)) - t * pred + constants


def size(pred, target, *, dispersion=1.0, full=False):
    return np.maximum(1.0, (target + 1 / dispersion) * np.log1p(dispersion * np.exp(pred)))


def exact(pred, target, *, dispersion=1, full=False):
    mean, total = mp.exp(pred), target + 1 / mp.mpf(dispersion)
    value = total * mp.log1p(dispersion * mean) - target * pred
    slope = (mean - target) / (1 + dispersion * mean)
    curvature = mean * (1 + dispersion * target) / (1 + dispersion * mean) ** 2
    return value + (constant(target, dispersion) if full else 0), slope, curvature


def scale(pred, target, *, dispersion=1, full=False):
    """The largest term where terms cancel: value and slope."""
    mean, size = mp.exp(pred), 1 / mp.mpf(dispersion)
    terms = [(target + size) * mp.log1p(dispersion * mean), abs(target * pred)]
    if full:
        # of a large size its logarithm of gamma is no term, nor is that of its sum with the count
        terms += [abs(mp.loggamma(1 + target)), target, abs(constant(target, dispersion))]
        terms += [abs(mp.loggamma(size)), abs(target * mp.log(dispersion))] if size < 7 else []
    return max(terms), max(mean, target) / (1 + dispersion * mean), 0


TAILS = [
    (normal_counts, {}),
    (normal_counts, {"dispersion": 0.1, "full": True}),
    (near_counts, {"dispersion": 2e-37}),
    (normal_counts, {"dispersion": 2e-7, "full": True}),
    (normal_counts, {"dispersion": 3.0, "full": True}),
    (some_counts, {"dispersion": 5.0, "full": True}),
]
