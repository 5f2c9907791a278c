"""SCYLLA loss of boxes, from its definition."""

import mpmath as mp
import numpy as np
from oracles.eiou import sides
from oracles.iou import areas, columns, slopes
from points import boxes

TINY = 1e-300


def value(pred, target, *, eps=1e-7):
    # its angle cancels, and so do its exponents: in more digits than those that are tested
    wide = (np.asarray(boxes, np.longdouble) for boxes in (pred, target))
    return defined(*columns(*wide), eps, np).astype(np.float64)


def centres(pred, target):
    """How far the centres are apart along both axes."""
    (x0, y0, x1, y1), (a0, b0, a1, b1) = pred, target
    return (x0 + x1 - a0 - a1) / 2, (y0 + y1 - b0 - b1) / 2


def defined(pred, target, eps, m, low=np.minimum, high=np.maximum):
    shared, union, wide, tall = areas(pred, target, low, high)
    dx, dy = centres(pred, target)
    # the angle as the paper has it, of the distance between the centres
    sine = abs(dy) / high(m.sqrt(dx**2 + dy**2), TINY)
    angle = 1 - 2 * m.sin((m.arcsin if m is np else m.asin)(low(sine, 1)) - m.pi / 4) ** 2
    gamma = 2 - angle
    apart = sum(1 - m.exp(-gamma * d**2 / (side**2 + eps)) for d, side in ((dx, wide), (dy, tall)))
    pairs = list(zip(sides(pred), sides(target), strict=True))
    shape = sum((1 - m.exp(-abs(own - other) / (high(own, other) + eps))) ** 4 for own, other in pairs)
    return 1 - shared / (union + eps) + (apart + shape) / 2


def exact(*coordinates, eps):
    pred, target = coordinates[:4], coordinates[4:]

    def at(box):
        return defined(box, target, eps, mp, min, max)

    return at(pred), slopes(at, pred), ()


def scale(*coordinates, eps):
    """The largest term of a slope: by the union, by the centre, by the lengths around both, by the own side."""
    pred, target = coordinates[:4], coordinates[4:]
    _, union, wide, tall = areas(pred, target, min, max)
    width, height = sides(pred)
    found = []
    for d, around, side, other, strip in zip(
        centres(pred, target), (wide, tall), sides(pred), sides(target), (height, width), strict=True
    ):
        square, part = around**2 + eps, abs(side - other) / (max(side, other) + eps)
        by_centre = abs(d) / square
        by_side = 2 * (1 - mp.exp(-part)) ** 3 * mp.exp(-part) / (max(side, other) + eps)
        found.append(max(strip / (union + eps), by_centre, 2 * by_centre * abs(d) * around / square, by_side))
    return 0, (*found, *found), ()


TAILS = [(boxes, {"eps": 1e-7}), (boxes, {"eps": 0.1})]
