"""Clipped squared error of a value, from its definition."""

import numpy as np
from points import moved_values


def value(pred, old, target, *, epsilon=0.2):
    limited = old + np.clip(pred - old, -epsilon, epsilon)
    return np.maximum((pred - target) ** 2, (limited - target) ** 2)


def exact(pred, old, target, *, epsilon=0.2):
    limited = min(max(pred, old - epsilon), old + epsilon)
    if abs(limited - target) > abs(pred - target):
        return (limited - target) ** 2, 0, 0
    return (pred - target) ** 2, 2 * (pred - target), 2


TAILS = [(moved_values, {"epsilon": 0.2})]
