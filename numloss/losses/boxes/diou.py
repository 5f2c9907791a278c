"""Intersection over union of boxes, with the distance of their centres."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import maximum, minimum
from .iou import deciding, floor_within, overlap, reach


def centred(x0, y0, x1, y1, a0, b0, a1, b1, eps):
    """1 - IoU, the squared distance of the centres over the squared diagonal around both, and the slopes of the sum."""
    _, _, distance, sx0, sy0, sx1, sy1 = overlap(x0, y0, x1, y1, a0, b0, a1, b1, eps)
    dx = 0.5 * ((x0 - a0) + (x1 - a1))
    dy = 0.5 * ((y0 - b0) + (y1 - b1))
    wide = maximum(x1, a1) - minimum(x0, a0)
    tall = maximum(y1, b1) - minimum(y0, b0)
    diagonal = wide * wide + tall * tall + eps
    ratio = (dx * dx + dy * dy) / diagonal
    # an edge outside of the other box makes the diagonal longer
    longer_x = 2.0 * ratio * wide
    longer_y = 2.0 * ratio * tall
    sx0 = sx0 + (dx + (1.0 - deciding(x0, a0)) * longer_x) / diagonal
    sx1 = sx1 + (dx - (1.0 - deciding(a1, x1)) * longer_x) / diagonal
    sy0 = sy0 + (dy + (1.0 - deciding(y0, b0)) * longer_y) / diagonal
    sy1 = sy1 + (dy - (1.0 - deciding(b1, y1)) * longer_y) / diagonal
    return distance, ratio, sx0, sy0, sx1, sy1


def _diou(x0, y0, x1, y1, a0, b0, a1, b1, eps):
    # areas of edges so long that they overflow are those of shorter ones
    s = reach(x0, y0, x1, y1, a0, b0, a1, b1)
    x0, y0, x1, y1 = s * x0, s * y0, s * x1, s * y1
    a0, b0, a1, b1 = s * a0, s * b0, s * a1, s * b1
    distance, ratio, sx0, sy0, sx1, sy1 = centred(x0, y0, x1, y1, a0, b0, a1, b1, floor_within(eps, s))
    return distance + ratio, (s * sx0, s * sy0, s * sx1, s * sy1), (0.0, 0.0, 0.0, 0.0)


@elementwise(
    _diou,
    target=REAL,
    eps=POSITIVE,
    columns=4,
    curvature=False,
    kinks="an edge level with that of the target, boxes that touch",
    cost=1.1,
    aliases=("distance_box_iou_loss", "diou_loss"),
)
def diou(pred: Array, target: Array, *, eps: float = 1e-7, **options: Unpack[Options]) -> Result:
    r"""Distance of boxes: `iou` plus ``d**2 / (c**2 + eps)``, d that of the centres, c the diagonal around both.

    Pulls the centres together, whether the boxes meet or not; faster than `giou` where one lies within the other.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, 4) or (..., 4)
        Boxes as left, top, right, bottom.
    target : array, shape of `pred`
        Boxes to be found, any real dtype, not NaN.
    eps : float > 0
        Added to the union and to the squared diagonal.

    Notes
    -----
    Slopes, ties, boxes with corners in the wrong order and digits are as in `iou`. Centres are subtracted corner by
    corner, so boxes that are almost equal keep the digits of their distance.

    References
    ----------
    .. [1] Z. Zheng et al., "Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression", AAAI 2020.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[3.0, 0.0, 4.0, 1.0]])
    >>> round(nl.diou(pred, target), 6)
    1.529412
    """
