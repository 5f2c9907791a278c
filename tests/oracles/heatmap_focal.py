"""Focal loss of heat maps, from its definition."""

import mpmath as mp
import numpy as np
from oracles import focal
from points import normal_logits


def value(pred, target, *, alpha=2.0, beta=4.0):
    t = np.asarray(target, dtype=np.float64)
    away = (1 - t) ** beta * focal.value(pred, np.zeros_like(t), gamma=alpha)
    return np.where(t == 1, focal.value(pred, np.ones_like(t), gamma=alpha), away)


def terms(pred, target, alpha, beta):
    """What value, slope and curvature are sums of."""
    share = 1 if target == 1 else (1 - target) ** beta
    return [[share * term for term in part] for part in focal.terms(pred, int(target == 1), None, alpha)]


def exact(pred, target, *, alpha=2, beta=4):
    return tuple(mp.fsum(part) for part in terms(pred, target, alpha, beta))


def scale(pred, target, *, alpha=2, beta=4):
    """The largest term where terms cancel: the parts of a curvature."""
    return tuple(max(abs(term) for term in part) for part in terms(pred, target, alpha, beta))


TAILS = [
    (normal_logits, {}),
    (normal_logits, {"alpha": 0.5, "beta": 1.0}),
    (normal_logits, {"alpha": 5.0, "beta": 0.0}),
]
