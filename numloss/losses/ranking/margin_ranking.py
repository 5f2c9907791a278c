"""Hinge loss of pairs of scores."""

from ...declare import FINITE, SIGN, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest


def _margin_ranking(first, second, sign, margin):
    side = 1.0 if sign > 0.0 else -1.0
    # what the difference loses to rounding would cost a small gap its digits
    gap = (margin - side * (first - second)) - side * difference_rest(first, second)
    # at the margin nothing is pushed; NaN stays NaN
    push = side if gap > 0.0 else 0.0 if gap <= 0.0 else gap
    return 0.0 if gap <= 0.0 else gap, (-push, push), (0.0, 0.0)


@elementwise(
    _margin_ranking,
    sign=SIGN,
    margin=FINITE,
    differentiable=(0, 1),
    convex=True,
    kinks="sign * (first - second) = margin",
    least=1.0,
    cost=0.6,
    aliases=("margin_ranking_loss", "pairwise_hinge"),
)
def margin_ranking(
    first: Array, second: Array, sign: Array, *, margin: float = 0.0, **options: Unpack[Options]
) -> Result:
    r"""Hinge loss of pairs of scores, ``max(0, margin - sign * (first - second))``.

    For pairs of which it is known who comes first: a pair costs nothing once that one is ahead by `margin`.

    Parameters
    ----------
    first, second : arrays of float32 or float64, any shape
        Scores of the two items of each pair; both are differentiated.
    sign : array, shape of `first`
        1 where the first should be ranked higher, -1 or 0 where the second should.
    margin : float
        By how much the one that should be ahead has to be.

    Notes
    -----
    Gradients are a pair, in the dtype of `first`. At the margin, and so where two scores are equal and `margin` is 0,
    the slope is 0. The curvature is 0; the bound is 1.

    References
    ----------
    .. [1] R. Herbrich, T. Graepel, K. Obermayer, "Large Margin Rank Boundaries for Ordinal Regression", Advances in
       Large Margin Classifiers, 2000.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> first, second = np.array([2.0, 0.5]), np.array([1.0, 0.0])
    >>> nl.margin_ranking(first, second, np.array([1, -1]), margin=0.5)
    0.5
    """
