"""Intersection over union of boxes, from its definition; what the other losses of boxes need of it."""

import mpmath as mp
import numpy as np
from points import boxes

STEP = mp.mpf(10) ** -90


def areas(pred, target, low=np.minimum, high=np.maximum):
    """What two boxes share, their union, and width and height of the smallest box around both."""
    (x0, y0, x1, y1), (a0, b0, a1, b1) = pred, target
    across, down = low(x1, a1) - high(x0, a0), low(y1, b1) - high(y0, b0)
    shared = high(across, 0) * high(down, 0)
    own = (x1 - x0) * (y1 - y0) * ((x1 >= x0) & (y1 >= y0))
    other = (a1 - a0) * (b1 - b0) * ((a1 >= a0) & (b1 >= b0))
    return shared, own + other - shared, high(x1, a1) - low(x0, a0), high(y1, b1) - low(y0, b0)


def columns(pred, target):
    return np.moveaxis(np.asarray(pred), -1, 0), np.moveaxis(np.asarray(target, dtype=np.float64), -1, 0)


def value(pred, target, *, eps=1e-7):
    shared, union, _, _ = areas(*columns(pred, target))
    return 1 - shared / (union + eps)


def defined(pred, target, eps):
    shared, union, _, _ = areas(pred, target, min, max)
    return 1 - shared / (union + eps)


def slopes(function, pred):
    """Central differences in ninety digits: the slope by each coordinate, the mean of both sides at a kink."""
    found = []
    for k in range(4):
        up, down = ([x + sign * STEP * (j == k) for j, x in enumerate(pred)] for sign in (1, -1))
        found.append((function(up) - function(down)) / (2 * STEP))
    return tuple(found)


def exact(*coordinates, eps):
    pred, target = coordinates[:4], coordinates[4:]
    return defined(pred, target, eps), slopes(lambda box: defined(box, target, eps), pred), ()


def scale(*coordinates, eps):
    """The value has no terms that cancel; the slope of an edge has two that do, where it is level with the other."""
    (x0, y0, x1, y1), target = coordinates[:4], coordinates[4:]
    shared, union, _, _ = areas(coordinates[:4], target, min, max)
    width, height = (x1 - x0, y1 - y0) if x1 >= x0 and y1 >= y0 else (0, 0)
    level = [a == b for a, b in zip(coordinates[:4], target, strict=True)]
    terms = (height, width, height, width)
    return 0, tuple(part * shared / (union + eps) ** 2 * tie for part, tie in zip(terms, level, strict=True)), ()


TAILS = [
    (boxes, {"eps": 1e-7}),
    (boxes, {"eps": 0.1}),
]
