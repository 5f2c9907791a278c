"""Hinge loss of distances, from its definition."""

import numpy as np
from points import scores


def value(pred, target, *, margin=1.0):
    return np.where(target > 0, pred, np.maximum(0, margin - pred))


def exact(pred, target, *, margin=1):
    if target > 0:
        return pred, 1, 0
    return max(0, margin - pred), -1 if pred < margin else 0, 0


TAILS = [(scores, {})]
