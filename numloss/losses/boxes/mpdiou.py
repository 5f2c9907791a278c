"""Intersection over union of boxes, with the distances of their corners in an image."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from .iou import floor_within, overlap, reach


def _unit(width: float, height: float) -> float:
    """A power of two that brings the longer side of the image to 1, or between 1 and 2."""
    # a number times 2^52 + 1, less its neighbour below, is the power of two in it
    tall = 4503599627370497.0 * min(max(width, height), 1e290)
    return 1.0 / max(tall - 0.9999999999999999 * tall, 1e-300)


def _mpdiou(x0, y0, x1, y1, a0, b0, a1, b1, eps, unit, square):
    # of corners: in units of the image, so that squares of long distances do not overflow
    left = unit * (x0 - a0)
    top = unit * (y0 - b0)
    right = unit * (x1 - a1)
    bottom = unit * (y1 - b1)
    corners = (left * left + top * top + (right * right + bottom * bottom)) / square
    # areas of edges so long that they overflow are those of shorter ones
    s = reach(x0, y0, x1, y1, a0, b0, a1, b1)
    x0, y0, x1, y1 = s * x0, s * y0, s * x1, s * y1
    a0, b0, a1, b1 = s * a0, s * b0, s * a1, s * b1
    _, _, distance, sx0, sy0, sx1, sy1 = overlap(x0, y0, x1, y1, a0, b0, a1, b1, floor_within(eps, s))
    # slopes of squares
    per = 2.0 * unit / square
    sx0 = s * sx0 + per * left
    sy0 = s * sy0 + per * top
    sx1 = s * sx1 + per * right
    sy1 = s * sy1 + per * bottom
    return distance + corners, (sx0, sy0, sx1, sy1), (0.0, 0.0, 0.0, 0.0)


@elementwise(
    _mpdiou,
    target=REAL,
    eps=POSITIVE,
    width=POSITIVE,
    height=POSITIVE,
    derived={
        "unit": _unit,
        "square": lambda width, height: (_unit(width, height) * width) ** 2 + (_unit(width, height) * height) ** 2,
    },
    columns=4,
    curvature=False,
    kinks="an edge level with that of the target, boxes that touch",
    cost=1.1,
    aliases=("mpd_iou", "mpdiou_loss"),
)
def mpdiou(
    pred: Array, target: Array, *, width: float, height: float, eps: float = 1e-7, **options: Unpack[Options]
) -> Result:
    r"""Distance of the corners of boxes: `iou` plus ``(d1**2 + d2**2) / (width**2 + height**2)``.

    d1 is the distance of the upper left corners, d2 that of the lower right ones: both at once say how far centres and
    sides are off.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, 4) or (..., 4)
        Boxes as left, top, right, bottom.
    target : array, shape of `pred`
        Boxes to be found, any real dtype, not NaN.
    width, height : float > 0
        Those of the image, in the unit of the boxes: both 1 for coordinates that are parts of it.
    eps : float > 0
        Added to the union.

    Notes
    -----
    Slopes, ties, boxes with corners in the wrong order and digits are as in `iou`.

    References
    ----------
    .. [1] S. Ma and Y. Xu, "MPDIoU: A Loss for Efficient and Accurate Bounding Box Regression", arXiv:2307.07662.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[3.0, 0.0, 4.0, 1.0]])
    >>> round(nl.mpdiou(pred, target, width=8, height=6), 6)
    1.18
    """
