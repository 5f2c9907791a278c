"""Negative log-likelihood of a Poisson distribution, from its definition."""

import mpmath as mp
import numpy as np


def log_factorial(target):
    return np.vectorize(lambda t: float(mp.loggamma(1 + t)), otypes=[float])(target)


def value(pred, target, *, full=False):
    t = np.asarray(target, dtype=np.float64)
    return np.exp(pred) - t * pred + (log_factorial(t) if full else 0.0)


def size(pred, target, *, full=False):
    return np.maximum(1.0, np.exp(pred))


def exact(pred, target, *, full=False):
    rate = mp.exp(pred)
    return rate - target * pred + (mp.loggamma(1 + target) if full else 0), rate - target, rate


def scale(pred, target, *, full=False):
    """The largest term where terms cancel: value and slope. A log-factorial is known to digits of 1."""
    rate = mp.exp(pred)
    constant = max(1, abs(mp.loggamma(1 + target))) if full else 0
    return max(rate, abs(target * pred), constant), max(rate, target), 0
