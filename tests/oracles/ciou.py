"""Complete loss of boxes, from its definition."""

import mpmath as mp
import numpy as np
from oracles import diou
from oracles.iou import areas, columns, slopes
from points import boxes


def turn(pred, target, angle):
    """v, from the angles of the diagonals; those of boxes with corners in the wrong order are of points."""
    (x0, y0, x1, y1), (a0, b0, a1, b1) = pred, target
    right = (x1 >= x0) & (y1 >= y0)
    found = angle((a1 - a0) * right, (b1 - b0) * right) - angle((x1 - x0) * right, (y1 - y0) * right)
    return 4 / mp.pi**2 * found**2 if angle is mp.atan2 else 4 / np.pi**2 * found**2


def factor(pred, target, eps, angle, **ends):
    """alpha, which the gradient takes for a number."""
    shared, union, _, _ = areas(pred, target, **ends)
    v = turn(pred, target, angle)
    return v / (1 - shared / (union + eps) + v + eps)


def value(pred, target, *, eps=1e-7):
    pred, target = columns(pred, target)
    alpha = factor(pred, target, eps, np.arctan2)
    return diou.defined(pred, target, eps) + alpha * turn(pred, target, np.arctan2)


def exact(*coordinates, eps):
    pred, target = coordinates[:4], coordinates[4:]
    ends = {"low": min, "high": max}
    alpha = factor(pred, target, eps, mp.atan2, **ends)

    def held(box):
        return diou.defined(box, target, eps, **ends) + alpha * turn(box, target, mp.atan2)

    return held(pred), slopes(held, pred), ()


def scale(*coordinates, eps):
    """The largest term of a slope: one of those of the distance, or that of the angle."""
    (x0, y0, x1, y1), target = coordinates[:4], coordinates[4:]
    _, terms, _ = diou.scale(*coordinates, eps=eps)
    width, height = max(0, x1 - x0), max(0, y1 - y0)
    alpha = factor(coordinates[:4], target, eps, mp.atan2, low=min, high=max)
    by_angle = 4 / mp.pi * alpha / max(width**2 + height**2, mp.mpf(10) ** -30)
    parts = (height, width, height, width)
    return 0, tuple(max(term, by_angle * part) for term, part in zip(terms, parts, strict=True)), ()


TAILS = [(boxes, {"eps": 1e-7})]
