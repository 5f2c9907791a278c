"""Score of a critic, from its definition."""

import numpy as np
from points import scores


def value(pred, target):
    return -np.where(np.asarray(target) > 0, 1.0, -1.0) * pred


def exact(pred, target):
    side = 1 if target > 0 else -1
    return -side * pred, -side, 0


TAILS = [(scores, {})]
