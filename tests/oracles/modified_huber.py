"""Modified Huber loss of scores, from its definition."""

import numpy as np
from points import scores


def value(pred, target):
    agreement = np.where(np.asarray(target) > 0, 1.0, -1.0) * pred
    return np.where(agreement < -1, -4 * agreement, np.maximum(0.0, 1 - agreement) ** 2)


def exact(pred, target):
    side = 1 if target > 0 else -1
    agreement = side * pred
    if agreement < -1:
        return -4 * agreement, -4 * side, 0
    missing = max(0, 1 - agreement)
    return missing**2, -2 * side * missing, 2 if missing > 0 else 0


TAILS = [(scores, {})]
