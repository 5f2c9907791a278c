"""Cross-entropy of the order of pairs, from its definition."""

import mpmath as mp
import numpy as np
from points import preferred_pairs


def value(first, second, target, *, sigma=1.0):
    lead = sigma * (first - second)
    return target * np.logaddexp(0, -lead) + (1 - target) * np.logaddexp(0, lead)


def exact(first, second, target, *, sigma=1):
    lead = sigma * (first - second)
    p, q = 1 / (1 + mp.exp(-lead)), 1 / (1 + mp.exp(lead))
    slope, curvature = sigma * ((1 - target) * p - target * q), sigma**2 * p * q
    return -target * mp.log(p) - (1 - target) * mp.log(q), (slope, -slope), (curvature, curvature)


def scale(first, second, target, *, sigma=1):
    """The largest term where terms cancel: the slope of a soft target is a difference."""
    lead = sigma * (first - second)
    largest = sigma * max((1 - target) / (1 + mp.exp(-lead)), target / (1 + mp.exp(lead)))
    return 0, (largest, largest), (0, 0)


TAILS = [
    (preferred_pairs, {}),
    (preferred_pairs, {"sigma": 0.3}),
]
