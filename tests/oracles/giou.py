"""Generalised intersection over union of boxes, from its definition."""

from oracles.iou import areas, columns, slopes
from points import boxes


def value(pred, target, *, eps=1e-7):
    return defined(*columns(pred, target), eps)


def defined(pred, target, eps, **ends):
    shared, union, wide, tall = areas(pred, target, **ends)
    return 1 - shared / (union + eps) + (wide * tall - union) / (wide * tall + eps)


def exact(*coordinates, eps):
    pred, target = coordinates[:4], coordinates[4:]
    ends = {"low": min, "high": max}
    return defined(pred, target, eps, **ends), slopes(lambda box: defined(box, target, eps, **ends), pred), ()


def scale(*coordinates, eps):
    """The largest term of a slope: what an edge takes from both quotients."""
    (x0, y0, x1, y1), target = coordinates[:4], coordinates[4:]
    _, union, wide, tall = areas(coordinates[:4], target, min, max)
    around, width, height = wide * tall + eps, max(0, x1 - x0), max(0, y1 - y0)
    by_x = max(height / (union + eps), tall / around)
    by_y = max(width / (union + eps), wide / around)
    return 0, (by_x, by_y, by_x, by_y), ()


TAILS = [(boxes, {"eps": 1e-7})]
