"""Triplet loss."""

from ...declare import ANY, BINARY, FINITE, ONE_OR_TWO, Array, Options, Result, Unpack, embedding
from ...loops.codes import SQUARES
from ...scalar import sqrt


def distance_of(total, unit, p):
    """A distance from its sum in a unit, and its slope times that; of two equal vectors, without direction, it is 0."""
    root = sqrt(total)
    slope = 0.5 / (root if root != 0.0 else 1.0)
    return total if p < 2.0 else unit * root, 1.0 if p < 2.0 else 0.0 if root == 0.0 else slope


def _triplet_margin(to_positive, to_negative, between, unit, far_unit, other_unit, margin, p, swap):
    near, near_slope = distance_of(to_positive, unit, p)
    far, far_slope = distance_of(to_negative, far_unit, p)
    other, other_slope = distance_of(between, other_unit, p)
    swapped = swap > 0.0 and other < far
    gap = (near - (other if swapped else far)) + margin
    # beyond the margin nothing is pulled; NaN stays NaN
    settled = gap <= 0.0
    pull = 0.0 if settled else near_slope
    push = 0.0 if settled or swapped else -far_slope
    push_other = 0.0 if settled or not swapped else -other_slope
    return 0.0 if settled else gap, (pull, push, push_other), (0.0, 0.0, 0.0)


@embedding(
    _triplet_margin,
    law_inputs=6,
    law_slopes=3,
    sums=((SQUARES, 0, 1), (SQUARES, 0, 2), (SQUARES, 1, 2)),
    differentiable=(0, 1, 2),
    anchor=ANY,
    positive=ANY,
    negative=ANY,
    margin=FINITE,
    p=ONE_OR_TWO,
    swap=BINARY,
    curvature=False,
    kinks="the positive is nearer by exactly the margin; equal vectors; with swap, two distances that are equal",
    cost=2.0,
    aliases=("triplet_margin_loss", "triplet_loss"),
)
def triplet_margin(
    anchor: Array,
    positive: Array,
    negative: Array,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    swap: bool = False,
    **options: Unpack[Options],
) -> Result:
    r"""Triplet loss ``max(0, d(anchor, positive) - d(anchor, negative) + margin)``.

    The anchor should be nearer to the positive, which is of the same thing, than to the negative, by a margin.

    Parameters
    ----------
    anchor, positive, negative : arrays of float32 or float64, shape (N, D)
        Triplets of vectors; all three are differentiated.
    margin : float
        By how much the negative has to be farther away.
    p : 1 or 2
        Distances are sums of absolute differences, or Euclidean.
    swap : bool
        Take the distance of positive and negative instead of that of anchor and negative where it is smaller.

    Notes
    -----
    Distances are summed in 32 lanes, without an epsilon: where two vectors are equal the direction is undefined, and
    the slope of their distance is 0. Where `swap` finds two equal distances that of the anchor counts. No curvature is
    offered.

    References
    ----------
    V. Balntas et al., Learning Local Feature Descriptors with Triplets and Shallow Convolutional Neural Networks,
    BMVC 2016.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> anchor, positive, negative = np.zeros((1, 2)), np.array([[0.0, 1.0]]), np.array([[1.5, 0.0]])
    >>> nl.triplet_margin(anchor, positive, negative)
    0.5
    """
