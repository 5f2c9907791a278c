"""Perceptron loss, from its definition; a score of 0 is a mistake."""

import numpy as np
from points import scores


def value(pred, target):
    return np.maximum(0.0, np.where(np.asarray(target) > 0, -1.0, 1.0) * pred)


def exact(pred, target):
    side = 1 if target > 0 else -1
    return max(0, -side * pred), -side if side * pred <= 0 else 0, 0


TAILS = [(scores, {})]
