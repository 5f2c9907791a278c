"""Quality focal loss of logits."""

from ...declare import AT_LEAST_ONE, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_product, difference_rest, exp, fma, maximum, minimum, power_within
from .bce_with_logits import _decay_of_pred
from .focal import _focal_near


def _quality_power(near, near_rest, beta):
    # (1 + e)^-beta with another factor 1 / (1 + e)
    return decay_of_product(1.0 + beta, near, near_rest)


def _quality_tail(pred, beta):
    return decay_of_product(beta, minimum(1e30, abs(pred)), 0.0)


def _quality_gap(pred, target, e):
    # with the share a of the likely label's opposite the distance is abs(a - b e) / (1 + e); e is taken out where b e
    # is the larger part, so that of sure labels one exponential is left, whose powers keep their digits
    positive = pred > 0.0
    a = 1.0 - target if positive else target
    b = target if positive else 1.0 - target
    tailed = b * e > a
    gap = b - a / (e if tailed else 1.0) if tailed else fma(-b, e, a)
    # what 1 - target lost to rounding, where that is most of the gap: powers multiply it
    lost = difference_rest(1.0, target) / (gap if gap > 0.0 else 1.0)
    return gap, 1.0 if tailed else 0.0, 0.0 if tailed == positive else lost


def _quality_faded(gap, lost, beta):
    most = minimum(1e30, beta)
    return power_within(gap, most) * exp(minimum(80.0, maximum(-1e3, most * lost)))


def _quality_focal(pred, target, beta, e, near, near_rest, power, tail, gap, tailed, lost, faded):
    positive = pred > 0.0
    tailed = tailed > 0.0
    below = tailed if positive else not tailed
    wrong = 1.0 - target if positive else target
    cost = wrong * (minimum(1e30, abs(pred)) if wrong > 0.0 else 0.0) + near
    whole = 1.0 + e
    # the distance to the power of beta, with another factor 1 / (1 + e)
    left = faded * (power * (tail if tailed else 1.0))
    met = gap <= 0.0
    steep = (1.0 if tailed else e) / (1.0 if met else gap)
    most = minimum(1e15, beta)
    # of powers so high that nothing is left the squares would overflow
    push = left * (most * steep)
    slope = left * gap * (e if tailed else 1.0) + push * cost
    turned = (1.0 if tailed else -1.0) * (1.0 - e)
    bend = left * (2.0 * most + 1.0) * e + push * cost * ((most - 1.0) * steep + turned)
    # met to the last digit: a parabola of the distance has its curvature there, what is flatter none
    flat = 2.0 * cost * (e / whole) * (e / whole) / (whole * whole)
    bent = (flat if beta == 2.0 else 0.0) if met else bend / whole
    # a distance whose power is nothing leaves nothing of an infinite cost
    value = left * whole * (wrong * abs(pred) + near if left > 0.0 and wrong > 0.0 else cost)
    return 0.0 if met else value, 0.0 if met else -slope if below else slope, bent


@elementwise(
    _quality_focal,
    stages={
        "e": _decay_of_pred,
        "near, near_rest": _focal_near,
        "power": _quality_power,
        "tail": _quality_tail,
        "gap, tailed, lost": _quality_gap,
        "faded": _quality_faded,
    },
    target=UNIT,
    beta=AT_LEAST_ONE,
    kinks="probability = target, where beta < 2",
    cost=9.0,
    aliases=("qfl", "quality_focal_loss"),
)
def quality_focal(pred: Array, target: Array, *, beta: float = 2.0, **options: Unpack[Options]) -> Result:
    r"""Quality focal loss ``-abs(t - p)**beta * (t * log(p) + (1 - t) * log(1 - p))`` of logits.

    For detectors whose score of a class is how well the box of it fits: the target t is the IoU of the box for the
    class that is there, and 0 for all others; p is the sigmoid of the logit. What is near its target fades, so that
    easy negatives do not outweigh everything else.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logits.
    target : array, shape of `pred`
        Qualities t in [0, 1], any real dtype.
    beta : float >= 1
        How fast what is near its target fades.

    Notes
    -----
    For targets of 0 and 1 it is `focal` without `alpha`; for those between, another loss, which is 0 where the
    probability is the target. Detectors divide the sum by the number of positive targets: take ``reduction="sum"``. The
    difference of target and probability is computed as one of shares of both labels, and its powers from logarithms
    where one share is nothing, so the tails keep their digits. The loss is not convex; the exact curvature may be
    negative, and the bound is at least 1e-16. Where probability and target are equal and beta < 2, the curvature has no
    limit and is said to be 0.

    References
    ----------
    .. [1] X. Li et al., "Generalized Focal Loss: Learning Qualified and Distributed Bounding Boxes for Dense Object
       Detection", NeurIPS 2020.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.quality_focal(np.array([0.0, 0.0, -4.0]), np.array([0.5, 0.8, 0.0]), reduction="none").round(6)
    array([0.0000e+00, 6.2383e-02, 6.0000e-06])
    """
