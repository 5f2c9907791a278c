"""Efficient loss of boxes, from its definition."""

from oracles import diou
from oracles.iou import areas, columns, slopes
from points import boxes


def sides(box):
    """Width and height, 0 where corners are in the wrong order."""
    x0, y0, x1, y1 = box
    right = (x1 >= x0) & (y1 >= y0)
    return (x1 - x0) * right, (y1 - y0) * right


def value(pred, target, *, eps=1e-7):
    return defined(*columns(pred, target), eps)


def defined(pred, target, eps, **ends):
    _, _, wide, tall = areas(pred, target, **ends)
    (width, height), (other_width, other_height) = sides(pred), sides(target)
    apart = (width - other_width) ** 2 / (wide**2 + eps) + (height - other_height) ** 2 / (tall**2 + eps)
    return diou.defined(pred, target, eps, **ends) + apart


def exact(*coordinates, eps):
    pred, target = coordinates[:4], coordinates[4:]
    ends = {"low": min, "high": max}
    return defined(pred, target, eps, **ends), slopes(lambda box: defined(box, target, eps, **ends), pred), ()


def scale(*coordinates, eps):
    """The largest term of a slope: one of those of the distance, by the own side, by that around both."""
    _, terms, _ = diou.scale(*coordinates, eps=eps)
    _, _, wide, tall = areas(coordinates[:4], coordinates[4:], min, max)
    pairs = zip(sides(coordinates[:4]), sides(coordinates[4:]), (wide, tall), strict=True)
    found = [(abs(own - other), around**2 + eps, around) for own, other, around in pairs]
    by_x, by_y = (max(2 * off / square, 2 * off**2 * around / square**2) for off, square, around in found)
    return 0, tuple(max(term, part) for term, part in zip(terms, (by_x, by_y, by_x, by_y), strict=True)), ()


TAILS = [(boxes, {"eps": 1e-7}), (boxes, {"eps": 0.1})]
