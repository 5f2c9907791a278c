"""Negative log-likelihood of a normal distribution of given log-variance, from its definition."""

import mpmath as mp
import numpy as np
from points import log_spreads


def value(pred, target, log_var, *, full=False):
    square = (pred - np.asarray(target, dtype=np.float64)) ** 2
    return log_var / 2 + square * np.exp(-log_var) / 2 + (np.log(2 * np.pi) / 2 if full else 0.0)


def exact(pred, target, log_var, *, full=False):
    r, precision = pred - target, mp.exp(-log_var)
    value = (log_var + r**2 * precision) / 2 + (mp.log(2 * mp.pi) / 2 if full else 0)
    return value, (r * precision, (1 - r**2 * precision) / 2), (precision, r**2 * precision / 2)


def scale(pred, target, log_var, *, full=False):
    """The largest term where terms cancel: the value, and the slope by the log-variance."""
    nll = (pred - target) ** 2 * mp.exp(-log_var) / 2
    value = max(abs(log_var) / 2, nll, mp.log(2 * mp.pi) / 2 if full else 0)
    return value, (0, max(mp.mpf("0.5"), nll)), (0, 0)


TAILS = [
    (log_spreads, {}),
    (log_spreads, {"full": True}),
]
