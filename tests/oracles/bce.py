"""Binary cross-entropy of probabilities, from its definition."""

import mpmath as mp
import numpy as np
from points import probabilities


def value(pred, target, *, eps=0.0):
    p, t = np.clip(pred, eps, 1 - eps), np.asarray(target, dtype=np.float64)
    with np.errstate(divide="ignore"):
        yes = np.where(t == 0, 0.0, t) * np.log(np.where(t == 0, 1.0, p))
        no = np.where(t == 1, 0.0, 1 - t) * np.log(np.where(t == 1, 1.0, 1 - p))
    return -yes - no


def exact(pred, target, *, eps=0.0):
    p = min(max(pred, eps), 1 - eps)
    loss = slope = curvature = mp.mpf(0)
    for share, probability, side in ((target, p, 1), (1 - target, 1 - p, -1)):
        if share == 0:
            continue
        if probability == 0:
            return mp.inf, -side * mp.inf, mp.inf
        loss -= share * mp.log(probability)
        slope -= side * share / probability
        curvature += share / probability**2
    return loss, slope, curvature


TAILS = [
    (probabilities, {}),
    (probabilities, {"eps": 1e-7}),
]
