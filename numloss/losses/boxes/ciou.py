"""Intersection over union of boxes, with the distance of their centres and their aspect ratios."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import atan, maximum, shrunk
from .diou import centred
from .iou import floor_within, reach, sides


def _ciou(x0, y0, x1, y1, a0, b0, a1, b1, eps):
    # areas of edges so long that they overflow are those of shorter ones
    s = reach(x0, y0, x1, y1, a0, b0, a1, b1)
    x0, y0, x1, y1 = s * x0, s * y0, s * x1, s * y1
    a0, b0, a1, b1 = s * a0, s * b0, s * a1, s * b1
    distance, ratio, sx0, sy0, sx1, sy1 = centred(x0, y0, x1, y1, a0, b0, a1, b1, floor_within(eps, s))
    width, height = sides(x0, y0, x1, y1)
    other_width, other_height = sides(a0, b0, a1, b1)
    # the difference of two angles as one; that to a point is 0
    along = maximum(shrunk(1e-7), other_height * height + other_width * width)
    angle = atan((other_width * height - width * other_height) / along)
    shape = 0.4052847345693511 * angle * angle
    alpha = shape / (distance + shape + eps)
    turn = 0.8105694691387022 * alpha * angle / maximum(shrunk(1e-7), width * width + height * height)
    wider = turn * height
    taller = turn * width
    value = distance + ratio + alpha * shape
    return value, (s * (sx0 + wider), s * (sy0 - taller), s * (sx1 - wider), s * (sy1 + taller)), (0.0, 0.0, 0.0, 0.0)


@elementwise(
    _ciou,
    target=REAL,
    eps=POSITIVE,
    columns=4,
    curvature=False,
    kinks="an edge level with that of the target, boxes that touch",
    cost=1.6,
    aliases=("complete_box_iou_loss", "ciou_loss"),
)
def ciou(pred: Array, target: Array, *, eps: float = 1e-7, **options: Unpack[Options]) -> Result:
    r"""Complete loss of boxes: `diou` plus ``alpha * v``, which compares their aspect ratios.

    ``v = (4 / pi**2) * (atan(target_width / target_height) - atan(width / height))**2``, and
    ``alpha = v / (1 - IoU + v + eps)``, which is held constant in the gradient.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, 4) or (..., 4)
        Boxes as left, top, right, bottom.
    target : array, shape of `pred`
        Boxes to be found, any real dtype, not NaN.
    eps : float > 0
        Added to what is divided by, as in `diou`.

    Notes
    -----
    The gradient is that of a loss whose `alpha` is a number, as the paper has it: it is no derivative of the values.
    The difference of the angles is computed as one angle. A box of no width and no height has the aspect ratio of the
    other. Slopes, ties, boxes with corners in the wrong order and digits are as in `iou`.

    References
    ----------
    .. [1] Z. Zheng et al., "Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression", AAAI 2020.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 0.0, 2.0, 1.0]]), np.array([[0.0, 0.0, 1.0, 2.0]])
    >>> round(nl.ciou(pred, target), 6)
    0.762918
    """
