"""Negative log-likelihood of a Poisson distribution, from its definition."""

import mpmath as mp
import numpy as np
from points import counts, rates


def log_factorial(target):
    return np.vectorize(lambda t: float(mp.loggamma(1 + t)), otypes=[float])(target)


def value(pred, target, *, log_input=True, full=False):
    t = np.asarray(target, dtype=np.float64)
    rate, pull = (np.exp(pred), t * pred) if log_input else (pred, np.where(t == 0, 0.0, t * np.log(pred)))
    return rate - pull + (log_factorial(t) if full else 0.0)


def size(pred, target, *, log_input=True, full=False):
    return np.maximum(1.0, np.exp(pred) if log_input else pred)


def exact(pred, target, *, log_input=True, full=False):
    constant = mp.loggamma(1 + target) if full else 0
    if not log_input:
        pull = target * mp.log(pred) if target else 0
        ratio = target / pred if target and pred else mp.inf if target else 0
        return pred - pull + constant, 1 - ratio, ratio / pred if target and pred else ratio
    rate = mp.exp(pred)
    return rate - target * pred + constant, rate - target, rate


def scale(pred, target, *, log_input=True, full=False):
    """The largest term where terms cancel: value and slope. A log-factorial is known to digits of 1."""
    constant = max(1, abs(mp.loggamma(1 + target))) if full else 0
    if not log_input:
        return max(pred, abs(target * mp.log(pred)) if target and pred else 0, constant), 0, 0
    rate = mp.exp(pred)
    return max(rate, abs(target * pred), constant), max(rate, target), 0


TAILS = [
    (counts, {}),
    (counts, {"full": True}),
    (rates, {"log_input": False}),
]
