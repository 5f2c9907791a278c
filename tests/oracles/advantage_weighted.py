"""Advantage-weighted likelihood, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(log_prob, advantage, *, temperature=1.0, max_weight=20.0):
    weight = np.exp(np.asarray(advantage, dtype=np.float64) / temperature)
    return -np.minimum(weight, np.inf if max_weight is None else max_weight) * log_prob


def exact(log_prob, advantage, *, temperature=1.0, max_weight=20.0):
    bound = mp.inf if max_weight is None else mp.mpf(max_weight)
    far = advantage / temperature > 1000000
    weight = bound if far else min(mp.exp(max(advantage / temperature, -1000000)), bound)
    return -weight * log_prob, -weight, 0


def swapped(dtype):
    """Advantages far out, of ordinary actions."""
    return [(t - 1.0, x) for x, t in residuals(dtype)]


TAILS = [
    (residuals, {}),
    (swapped, {}),
    (swapped, {"temperature": 0.7, "max_weight": 1000.0}),
]
