"""Hinge loss of pairs of scores, from its definition."""

import numpy as np
from points import ordered_pairs


def value(first, second, sign, *, margin=0.0):
    side = np.where(np.asarray(sign) > 0, 1.0, -1.0)
    return np.maximum(0.0, margin - side * (first - second))


def exact(first, second, sign, *, margin=0):
    side = 1 if sign > 0 else -1
    gap = margin - side * (first - second)
    push = side if gap > 0 else 0
    return max(0, gap), (-push, push), (0, 0)


TAILS = [(ordered_pairs, {"margin": 0.5})]
