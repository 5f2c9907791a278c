"""Intersection over union of boxes, with the distance of their centres and of their sides."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import maximum, minimum
from .diou import centred
from .iou import deciding, disorder, floor_within, reach, sides


def side_excess(x0, y0, x1, y1, a0, b0, a1, b1):
    """By how much a box is wider and taller than another, and whether its own edges decide that."""
    width, height = sides(x0, y0, x1, y1)
    other_width, other_height = sides(a0, b0, a1, b1)
    own_disorder = disorder(x0, y0, x1, y1)
    whole = maximum(own_disorder, disorder(a0, b0, a1, b1)) <= 0.0
    # of two boxes the difference of corners, which keeps the digits of a good fit
    wider = (x1 - a1) - (x0 - a0) if whole else width - other_width
    taller = (y1 - b1) - (y0 - b0) if whole else height - other_height
    return wider, taller, 0.0 if own_disorder > 0.0 else 1.0


def length_around(low, high, other_low, other_high):
    """The length around two intervals, and how it moves with the ends of the first: by the low one, by the high one."""
    length = maximum(high, other_high) - minimum(low, other_low)
    return length, deciding(low, other_low) - 1.0, 1.0 - deciding(other_high, high)


def _eiou(x0, y0, x1, y1, a0, b0, a1, b1, eps):
    # areas of edges so long that they overflow are those of shorter ones
    s = reach(x0, y0, x1, y1, a0, b0, a1, b1)
    x0, y0, x1, y1 = s * x0, s * y0, s * x1, s * y1
    a0, b0, a1, b1 = s * a0, s * b0, s * a1, s * b1
    floor = floor_within(eps, s)
    distance, ratio, sx0, sy0, sx1, sy1 = centred(x0, y0, x1, y1, a0, b0, a1, b1, floor)
    wider, taller, own = side_excess(x0, y0, x1, y1, a0, b0, a1, b1)
    wide, by_x0, by_x1 = length_around(x0, x1, a0, a1)
    tall, by_y0, by_y1 = length_around(y0, y1, b0, b1)
    across = wide * wide + floor
    down = tall * tall + floor
    off_x = wider / across
    off_y = taller / down
    ratio_x = wider * off_x
    ratio_y = taller * off_y
    # an edge moves the side, and one outside of the other box the length around both, too
    grow_x = 2.0 * own * off_x
    grow_y = 2.0 * own * off_y
    longer_x = 2.0 * ratio_x * (wide / across)
    longer_y = 2.0 * ratio_y * (tall / down)
    sx0 = sx0 - (grow_x + by_x0 * longer_x)
    sx1 = sx1 + (grow_x - by_x1 * longer_x)
    sy0 = sy0 - (grow_y + by_y0 * longer_y)
    sy1 = sy1 + (grow_y - by_y1 * longer_y)
    value = distance + (ratio + (ratio_x + ratio_y))
    return value, (s * sx0, s * sy0, s * sx1, s * sy1), (0.0, 0.0, 0.0, 0.0)


@elementwise(
    _eiou,
    target=REAL,
    eps=POSITIVE,
    columns=4,
    curvature=False,
    kinks="an edge level with that of the target, boxes that touch",
    cost=1.3,
    aliases=("efficient_iou_loss", "eiou_loss"),
)
def eiou(pred: Array, target: Array, *, eps: float = 1e-7, **options: Unpack[Options]) -> Result:
    r"""Efficient loss of boxes: `diou` plus ``(w - w')**2 / (wide**2 + eps) + (h - h')**2 / (tall**2 + eps)``.

    Widths w and heights h of both boxes are compared each by itself, where `ciou` compares their ratios; wide and tall
    are the sides of the smallest box around both.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, 4) or (..., 4)
        Boxes as left, top, right, bottom.
    target : array, shape of `pred`
        Boxes to be found, any real dtype, not NaN.
    eps : float > 0
        Added to the union and to each square that is divided by.

    Notes
    -----
    The gradient is that of the value: nothing is held constant. The focal form of the paper is this loss with
    ``IoU**gamma``, held constant, as its `weight`; the smooth EIoU of MMDetection, of "extended", is another loss.
    Slopes, ties, boxes with corners in the wrong order and digits are as in `iou`; sides are subtracted corner by
    corner, so boxes that are almost equal keep the digits of their difference.

    References
    ----------
    .. [1] Y.-F. Zhang et al., "Focal and Efficient IOU Loss for Accurate Bounding Box Regression", arXiv:2101.08158.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 0.0, 2.0, 1.0]]), np.array([[0.0, 0.0, 1.0, 2.0]])
    >>> round(nl.eiou(pred, target), 6)
    1.229167
    """
