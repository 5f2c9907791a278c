"""Varifocal loss of logits, from its definition."""

import mpmath as mp
import numpy as np
from oracles import focal
from points import normal_logits


def value(pred, target, *, alpha=0.75, gamma=2.0):
    t = np.asarray(target, dtype=np.float64)
    found = t * (t * np.logaddexp(0, -pred) + (1 - t) * np.logaddexp(0, pred))
    return np.where(t > 0, found, alpha * focal.value(pred, np.zeros_like(t), gamma=gamma))


def terms(pred, target, alpha, gamma):
    """What value, slope and curvature are sums of."""
    if not target:
        return [[alpha * term for term in part] for part in focal.terms(pred, target, None, gamma)]
    p, q = 1 / (1 + mp.exp(-pred)), 1 / (1 + mp.exp(pred))
    costs = -target * target * mp.log(p), -target * (1 - target) * mp.log(q)
    return costs, (target * (1 - target) * p, -target * target * q), (target * p * q,)


def exact(pred, target, *, alpha=0.75, gamma=2):
    return tuple(mp.fsum(part) for part in terms(pred, target, alpha, gamma))


def scale(pred, target, *, alpha=0.75, gamma=2):
    """The largest term where terms cancel: the two labels of a slope, and the parts of a curvature."""
    return tuple(max(abs(term) for term in part) for part in terms(pred, target, alpha, gamma))


TAILS = [
    (normal_logits, {}),
    (normal_logits, {"alpha": 0.3, "gamma": 0.5}),
    (normal_logits, {"gamma": 5.0}),
]
