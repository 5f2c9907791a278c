"""Hinge loss, from its definition."""

import numpy as np
from points import scores


def value(pred, target, *, margin=1.0):
    side = np.where(np.asarray(target) > 0, 1.0, -1.0)
    return np.maximum(0.0, margin - side * pred)


def exact(pred, target, *, margin=1.0):
    side = 1 if target > 0 else -1
    missing = margin - side * pred
    return max(0, missing), -side if missing > 0 else 0, 0


TAILS = [(scores, {})]
