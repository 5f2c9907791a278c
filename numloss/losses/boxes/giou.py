"""Generalised intersection over union of boxes."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import maximum, minimum
from .iou import along, deciding, disorder, floor_within, overlap, reach, sides


def _giou(x0, y0, x1, y1, a0, b0, a1, b1, eps):
    # areas of edges so long that they overflow are those of shorter ones
    s = reach(x0, y0, x1, y1, a0, b0, a1, b1)
    x0, y0, x1, y1 = s * x0, s * y0, s * x1, s * y1
    a0, b0, a1, b1 = s * a0, s * b0, s * a1, s * b1
    floor = floor_within(eps, s)
    shared, union, distance, sx0, sy0, sx1, sy1 = overlap(x0, y0, x1, y1, a0, b0, a1, b1, floor)
    shared_x, alone_x, other_x = along(x0, x1, a0, a1)
    shared_y, alone_y, other_y = along(y0, y1, b0, b1)
    width, height = sides(x0, y0, x1, y1)
    meet = shared > 0.0
    own_disorder = disorder(x0, y0, x1, y1)
    turned = own_disorder > 0.0
    wide = maximum(0.0, maximum(x1, a1) - minimum(x0, a0))
    tall = maximum(0.0, maximum(y1, b1) - minimum(y0, b0))
    # the part of the smallest box around both that neither covers: corners, and the gap where they do not meet
    corners = alone_x * other_y + other_x * alone_y - (0.0 if meet else shared_x * shared_y)
    whole = maximum(own_disorder, disorder(a0, b0, a1, b1)) <= 0.0
    empty = corners if whole else wide * tall - (union - floor)
    around = union + empty
    # an edge inside uncovers a strip; one outside moves the smallest box around both, too
    inside_x = (alone_y if meet else height) / around
    inside_y = (alone_x if meet else width) / around
    beyond_y = tall if turned else other_y
    beyond_x = wide if turned else other_x
    outside_x = (height * (empty / around) - beyond_y * (union / around)) / around
    outside_y = (width * (empty / around) - beyond_x * (union / around)) / around
    left = deciding(x0, a0)
    right = deciding(a1, x1)
    top = deciding(y0, b0)
    bottom = deciding(b1, y1)
    sx0 = sx0 + (left * inside_x + (1.0 - left) * outside_x)
    sx1 = sx1 - (right * inside_x + (1.0 - right) * outside_x)
    sy0 = sy0 + (top * inside_y + (1.0 - top) * outside_y)
    sy1 = sy1 - (bottom * inside_y + (1.0 - bottom) * outside_y)
    return distance + empty / around, (s * sx0, s * sy0, s * sx1, s * sy1), (0.0, 0.0, 0.0, 0.0)


@elementwise(
    _giou,
    target=REAL,
    eps=POSITIVE,
    columns=4,
    curvature=False,
    kinks="an edge level with that of the target, boxes that touch",
    cost=1.2,
    aliases=("generalized_box_iou_loss", "giou_loss"),
)
def giou(pred: Array, target: Array, *, eps: float = 1e-7, **options: Unpack[Options]) -> Result:
    r"""Generalised intersection over union of boxes: `iou` plus ``(around - union) / (around + eps)``.

    `around` is the area of the smallest box around both. Boxes that do not meet are pulled together.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, 4) or (..., 4)
        Boxes as left, top, right, bottom.
    target : array, shape of `pred`
        Boxes to be found, any real dtype, not NaN.
    eps : float > 0
        Added to both areas that are divided by.

    Notes
    -----
    Between 0 for equal boxes and 2 for small ones far apart. Slopes, ties, boxes with corners in the wrong order and
    digits are as in `iou`; what neither box covers is a sum of corners, not a difference of areas.

    References
    ----------
    .. [1] H. Rezatofighi et al., "Generalized Intersection over Union: A Metric and A Loss for Bounding Box
       Regression", CVPR 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[3.0, 0.0, 4.0, 1.0]])
    >>> round(nl.giou(pred, target), 6)
    1.5
    """
