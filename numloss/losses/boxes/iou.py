"""Intersection over union of boxes, and the parts that the other losses of boxes are made of."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import maximum, minimum, shrunk


def deciding(a, b):
    """How much of max(a, b) is a: the slope by a, one half at a tie."""
    return (0.5 if a > b else 0.0) + (0.5 if a >= b else 0.0)


def along(low, high, other_low, other_high):
    """Of two intervals: what they share, negative if they are apart, and what each has beyond that.

    Each is a sum of differences of coordinates, so that almost equal intervals keep the digits of what they differ by.
    """
    begin = maximum(low, other_low)
    end = minimum(high, other_high)
    return end - begin, (begin - low) + (high - end), (begin - other_low) + (other_high - end)


def disorder(x0, y0, x1, y1):
    """By how much corners are in the wrong order; not positive if they are in order."""
    return maximum(x0 - x1, y0 - y1)


def sides(x0, y0, x1, y1):
    """Width and height; a box with corners in the wrong order is empty."""
    turned = disorder(x0, y0, x1, y1) > 0.0
    return 0.0 if turned else x1 - x0, 0.0 if turned else y1 - y0


def overlap(x0, y0, x1, y1, a0, b0, a1, b1, eps):
    """What two boxes share, their union with eps, and 1 - IoU with its slopes."""
    shared_x, alone_x, other_x = along(x0, x1, a0, a1)
    shared_y, alone_y, other_y = along(y0, y1, b0, b1)
    width, height = sides(x0, y0, x1, y1)
    other_width, other_height = sides(a0, b0, a1, b1)
    meet = minimum(shared_x, shared_y) > 0.0
    across = shared_x if meet else 0.0
    down = shared_y if meet else 0.0
    # what is not shared is a sum of strips: a difference of areas would lose the digits of a good fit
    strip = (alone_x if meet else width) * height
    rest = (other_x if meet else other_width) * other_height + across * other_y + eps
    shared = across * down
    apart = strip + across * alone_y + rest
    union = shared + apart
    # an edge inside of the other box takes from what is shared, one outside adds to the union alone
    inside_x = down * ((shared + (strip + rest)) / union) / union
    inside_y = across * ((shared + (width * alone_y + rest)) / union) / union
    outside_x = height * (shared / union) / union
    outside_y = width * (shared / union) / union
    left = deciding(x0, a0)
    right = deciding(a1, x1)
    top = deciding(y0, b0)
    bottom = deciding(b1, y1)
    sx0 = left * inside_x - (1.0 - left) * outside_x
    sx1 = (1.0 - right) * outside_x - right * inside_x
    sy0 = top * inside_y - (1.0 - top) * outside_y
    sy1 = (1.0 - bottom) * outside_y - bottom * inside_y
    return shared, union, apart / union, sx0, sy0, sx1, sy1


def reach(x0, y0, x1, y1, a0, b0, a1, b1):
    """A power of two that all edges are multiplied by: 1, unless products of them overflow."""
    pred = maximum(maximum(abs(x0), abs(y0)), maximum(abs(x1), abs(y1)))
    target = maximum(maximum(abs(a0), abs(b0)), maximum(abs(a1), abs(b1)))
    largest = maximum(pred, target)
    return shrunk(1.0) if largest * largest * 64.0 >= 1e999 else 1.0


def floor_within(eps, scale):
    """What areas of scaled edges are added to, next to nothing beside those of large ones."""
    least = eps * scale * scale
    return least if least > 0.0 else eps * scale


def _iou(x0, y0, x1, y1, a0, b0, a1, b1, eps):
    # areas of edges so long that they overflow are those of shorter ones
    s = reach(x0, y0, x1, y1, a0, b0, a1, b1)
    x0, y0, x1, y1 = s * x0, s * y0, s * x1, s * y1
    a0, b0, a1, b1 = s * a0, s * b0, s * a1, s * b1
    _, _, distance, sx0, sy0, sx1, sy1 = overlap(x0, y0, x1, y1, a0, b0, a1, b1, floor_within(eps, s))
    return distance, (s * sx0, s * sy0, s * sx1, s * sy1), (0.0, 0.0, 0.0, 0.0)


@elementwise(
    _iou,
    target=REAL,
    eps=POSITIVE,
    columns=4,
    curvature=False,
    kinks="an edge level with that of the target, boxes that touch",
    cost=1.0,
    aliases=("box_iou_loss",),
)
def iou(pred: Array, target: Array, *, eps: float = 1e-7, **options: Unpack[Options]) -> Result:
    r"""Intersection over union of boxes, as a loss: ``1 - shared / (union + eps)``.

    0 for equal boxes, 1 for boxes that do not meet, which it does not pull together: `giou` and its kin do.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, 4) or (..., 4)
        Boxes as left, top, right, bottom.
    target : array, shape of `pred`
        Boxes to be found, any real dtype, not NaN.
    eps : float > 0
        Added to the union, so that two boxes of no area have a loss.

    Notes
    -----
    A weight is that of a box. Differentiable in `pred`; no curvature is offered. What boxes do not share is a sum of
    strips, not a difference of areas, so a good fit keeps its digits. Where an edge is level with that of the target,
    its slope is the mean of those on both sides; boxes that only touch have slope 0.

    A box with corners in the wrong order is empty. Inside of its target it has a loss of 1 and nothing that would turn
    it: let models predict boxes that cannot turn, from a centre and a size, or add a distance of corners such as `mae`.

    References
    ----------
    .. [1] J. Yu et al., "UnitBox: An Advanced Object Detection Network", ACM Multimedia 2016.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[0.0, 0.0, 2.0, 1.0]])
    >>> round(nl.iou(pred, target), 6)
    0.5
    """
