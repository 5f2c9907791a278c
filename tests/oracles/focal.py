"""Focal loss of logits, from its definition: the expected loss of a label drawn with the target's probability."""

import mpmath as mp
import numpy as np
from points import normal_logits


def value(pred, target, *, alpha=None, gamma=2.0):
    t = np.asarray(target, dtype=np.float64)
    yes, no = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    log_p, log_q = -np.logaddexp(0, -pred), -np.logaddexp(0, pred)
    return -yes * t * np.exp(gamma * log_q) * log_p - no * (1 - t) * np.exp(gamma * log_p) * log_q


def terms(pred, target, alpha, gamma):
    """What value, slope and curvature are sums of."""
    yes, no = (1, 1) if alpha is None else (alpha, 1 - alpha)
    p, q = 1 / (1 + mp.exp(-pred)), 1 / (1 + mp.exp(pred))
    values, slopes, curvatures = [], [], []
    for share, side, a, b in ((yes * target, 1, p, q), (no * (1 - target), -1, q, p)):
        # a is the probability of the label; its derivative by the logit is side * a * b
        factor, log_a = share * b**gamma, mp.log(a)
        values.append(-factor * log_a)
        slopes.append(side * factor * (gamma * a * log_a - b))
        curvatures += [factor * a * b * (1 + 2 * gamma), factor * a * b * gamma * log_a]
        curvatures.append(-factor * a**2 * gamma**2 * log_a)
    return values, slopes, curvatures


def exact(pred, target, *, alpha=None, gamma=2):
    return tuple(mp.fsum(part) for part in terms(pred, target, alpha, gamma))


def scale(pred, target, *, alpha=None, gamma=2):
    """The largest term where terms cancel: the two labels of a slope, and the parts of a curvature."""
    return tuple(max(abs(term) for term in part) for part in terms(pred, target, alpha, gamma))


TAILS = [
    (normal_logits, {}),
    (normal_logits, {"alpha": 0.25}),
    (normal_logits, {"alpha": 1.0 - 1e-9}),
    (normal_logits, {"gamma": 0.5}),
    (normal_logits, {"gamma": 0.0}),
    (normal_logits, {"gamma": 5.0}),
]
