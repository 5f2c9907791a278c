"""Distance of boxes, from its definition."""

from oracles.iou import areas, columns, slopes
from points import boxes


def value(pred, target, *, eps=1e-7):
    return defined(*columns(pred, target), eps)


def defined(pred, target, eps, **ends):
    (x0, y0, x1, y1), (a0, b0, a1, b1) = pred, target
    shared, union, wide, tall = areas(pred, target, **ends)
    distance = ((x0 + x1 - a0 - a1) / 2) ** 2 + ((y0 + y1 - b0 - b1) / 2) ** 2
    return 1 - shared / (union + eps) + distance / (wide**2 + tall**2 + eps)


def exact(*coordinates, eps):
    pred, target = coordinates[:4], coordinates[4:]
    ends = {"low": min, "high": max}
    return defined(pred, target, eps, **ends), slopes(lambda box: defined(box, target, eps, **ends), pred), ()


def scale(*coordinates, eps):
    """The largest term of a slope: by the union, by the centre, by the diagonal."""
    (x0, y0, x1, y1), (a0, b0, a1, b1) = coordinates[:4], coordinates[4:]
    _, union, wide, tall = areas(coordinates[:4], coordinates[4:], min, max)
    width, height = max(0, x1 - x0), max(0, y1 - y0)
    diagonal, dx, dy = wide**2 + tall**2 + eps, abs(x0 + x1 - a0 - a1) / 2, abs(y0 + y1 - b0 - b1) / 2
    ratio = (dx**2 + dy**2) / diagonal
    by_x = max(height / (union + eps), dx / diagonal, 2 * ratio * wide / diagonal)
    by_y = max(width / (union + eps), dy / diagonal, 2 * ratio * tall / diagonal)
    return 0, (by_x, by_y, by_x, by_y), ()


TAILS = [(boxes, {"eps": 1e-7})]
