"""Cross-entropy of the order of pairs."""

from ...declare import POSITIVE, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_product, difference_rest, log1p_unit


def _ranknet_decay(first, second, sigma):
    lead = first - second
    rest = difference_rest(first, second)
    # the exponent is a difference times sigma: what both lose to rounding would cost the confident pairs their digits
    return decay_of_product(sigma, abs(lead), -rest if lead < 0.0 else rest)


def _ranknet(first, second, target, sigma, e):
    lead = first - second
    size = abs(lead)
    other = 1.0 - target
    ahead = lead > 0.0
    wrong = other if ahead else target
    # nobody is wrong: infinitely sure and right costs nothing, though 0 * inf would be NaN
    share = wrong * sigma
    cost = share * size if share > 0.0 else 0.0
    up = 1.0 if ahead else e
    down = e if ahead else 1.0
    slope = sigma * ((other * up - target * down) / (1.0 + e))
    curvature = sigma * (sigma * (e / ((1.0 + e) * (1.0 + e))))
    return cost + log1p_unit(e), (slope, -slope), (curvature, curvature)


@elementwise(
    _ranknet,
    stages={"e": _ranknet_decay},
    target=UNIT,
    sigma=POSITIVE,
    differentiable=(0, 1),
    convex=True,
    cost=3.0,
    aliases=("pairwise_logistic", "ranknet_loss"),
)
def ranknet(
    first: Array, second: Array, target: Array, *, sigma: float = 1.0, **options: Unpack[Options]
) -> Result:
    r"""Cross-entropy of the order of pairs, ``log(1 + exp(o)) - target * o`` with ``o = sigma * (first - second)``.

    The chance that the first item ranks above the second is modelled as the sigmoid of the difference of their scores.

    Parameters
    ----------
    first, second : arrays of float32 or float64, any shape
        Scores of the two items of each pair; both are differentiated.
    target : array, shape of `first`, in [0, 1]
        1 where the first should rank higher, 0 where the second should, 0.5 for a tie.
    sigma : float > 0
        How fast a lead in score becomes a certainty.

    Notes
    -----
    Gradients and curvatures are pairs, in the dtype of `first`; the two gradients are opposite. The exponent is known
    to more digits than one number holds, so confident pairs keep theirs in value, slope and curvature; the slope of a
    soft target is a difference, accurate relative to its larger part. Infinite differences have their limits. The bound
    of the curvature is at least 1e-16.

    References
    ----------
    .. [1] C. Burges et al., "Learning to Rank using Gradient Descent", ICML 2005.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> first, second = np.array([2.0, 0.0]), np.array([2.0, 40.0])
    >>> nl.ranknet(first, second, np.array([1, 0]), reduction="none")
    array([6.93147181e-01, 4.24835426e-18])
    """
