"""Intersection over union of boxes, with a distance of their centres that favours a line along an axis."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import exp, expm1, maximum, sign
from .eiou import length_around, side_excess
from .iou import floor_within, overlap, reach, sides


def _siou_shape(excess, side, other, own, least):
    """(1 - e^-w)^4 with w the difference of two sides over the longer one, and half of its slope by the first."""
    low = excess < 0.0
    longer = maximum(side, other) + least
    part = abs(excess) / longer
    # the shorter side by itself, or the longer one, which is divided by, too
    slope = -1.0 / longer if low else (other + least) / longer / longer
    left = -expm1(-part)
    square = left * left
    return square * square, 2.0 * own * (left * square * exp(-part) * slope)


def _siou(x0, y0, x1, y1, a0, b0, a1, b1, eps):
    # areas of edges so long that they overflow are those of shorter ones
    s = reach(x0, y0, x1, y1, a0, b0, a1, b1)
    x0, y0, x1, y1 = s * x0, s * y0, s * x1, s * y1
    a0, b0, a1, b1 = s * a0, s * b0, s * a1, s * b1
    floor = floor_within(eps, s)
    _, _, distance, sx0, sy0, sx1, sy1 = overlap(x0, y0, x1, y1, a0, b0, a1, b1, floor)
    wide, by_x0, by_x1 = length_around(x0, x1, a0, a1)
    tall, by_y0, by_y1 = length_around(y0, y1, b0, b1)
    across = wide * wide + floor
    down = tall * tall + floor
    dx = 0.5 * ((x0 - a0) + (x1 - a1))
    dy = 0.5 * ((y0 - b0) + (y1 - b1))
    # sin(2 a), where a is the angle of the line between the centres: of both distances over the longer one
    far = maximum(abs(dx), abs(dy))
    u = dx / far if far > 0.0 else 0.0
    v = dy / far if far > 0.0 else 0.0
    whole = u * u + v * v
    angle = 2.0 * abs(u * v) / whole if far > 0.0 else 0.0
    gamma = 2.0 - angle
    near_x = dx / across
    near_y = dy / down
    ratio_x = dx * near_x
    ratio_y = dy * near_y
    power_x = exp(-gamma * ratio_x)
    power_y = exp(-gamma * ratio_y)
    # half of the slopes by the centre, by its parts and by the angle, and by the lengths around both
    bent = (u * u * (far / across) * power_x + v * v * (far / down) * power_y) * ((abs(v) - abs(u)) * (abs(v) + abs(u)))
    turn = 0.0 if far <= 0.0 else bent / (whole * whole)
    pull_x = gamma * power_x * near_x
    pull_y = gamma * power_y * near_y
    by_x = 0.5 * (pull_x - sign(u) * abs(v) * turn)
    by_y = 0.5 * (pull_y + sign(v) * abs(u) * turn)
    longer_x = pull_x * dx * (wide / across)
    longer_y = pull_y * dy * (tall / down)
    wider, taller, own = side_excess(x0, y0, x1, y1, a0, b0, a1, b1)
    width, height = sides(x0, y0, x1, y1)
    other_width, other_height = sides(a0, b0, a1, b1)
    shape_x, grow_x = _siou_shape(wider, width, other_width, own, eps * s)
    shape_y, grow_y = _siou_shape(taller, height, other_height, own, eps * s)
    sx0 = sx0 + (by_x - grow_x - by_x0 * longer_x)
    sx1 = sx1 + (by_x + grow_x - by_x1 * longer_x)
    sy0 = sy0 + (by_y - grow_y - by_y0 * longer_y)
    sy1 = sy1 + (by_y + grow_y - by_y1 * longer_y)
    pulled = -expm1(-gamma * ratio_x) - expm1(-gamma * ratio_y)
    value = distance + 0.5 * (pulled + (shape_x + shape_y))
    return value, (s * sx0, s * sy0, s * sx1, s * sy1), (0.0, 0.0, 0.0, 0.0)


@elementwise(
    _siou,
    target=REAL,
    eps=POSITIVE,
    columns=4,
    curvature=False,
    kinks="an edge level with that of the target, boxes that touch, centres on a line along an axis",
    cost=2.0,
    aliases=("scylla_iou_loss", "siou_loss"),
)
def siou(pred: Array, target: Array, *, eps: float = 1e-7, **options: Unpack[Options]) -> Result:
    r"""SCYLLA loss of boxes: `iou` plus ``(distance + shape) / 2``, a distance that favours a line along an axis.

    ``distance = 2 - exp(-g * (dx / wide)**2) - exp(-g * (dy / tall)**2)`` with dx and dy between the centres, wide and
    tall the sides of the smallest box around both, and ``g = 2 - sin(2 * a)``, a the angle of the line between the
    centres. ``shape = (1 - exp(-r))**4`` of both sides, where ``r = abs(w - w') / max(w, w')`` of the widths.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, 4) or (..., 4)
        Boxes as left, top, right, bottom.
    target : array, shape of `pred`
        Boxes to be found, any real dtype, not NaN.
    eps : float > 0
        Added to what is divided by: the union, the squares of wide and tall, the longer of two sides.

    Notes
    -----
    ``sin(2 * a)`` is the angle cost ``1 - 2 * sin(asin(x) - pi / 4)**2`` of the paper; of centres that are the same it
    is 0. The gradient is that of the value: g is not held constant. The power of the shape is 4, the paper's theta.
    Where centres lie on a line along an axis, the angle has a corner: its slope there is the mean of both sides.
    Other slopes, ties, boxes with corners in the wrong order and digits are as in `iou`.

    References
    ----------
    .. [1] Z. Gevorgyan, "SIoU Loss: More Powerful Learning for Bounding Box Regression", arXiv:2205.12740.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[3.0, 0.0, 4.0, 1.0]])
    >>> round(nl.siou(pred, target), 6)
    1.337674
    """
