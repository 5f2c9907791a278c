"""Ordinal logistic regression."""

from ...declare import RANK, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_sum, difference_rest, exp, expm1, log, log1p, log1p_unit


def _narrowness(lower, upper):
    """What the width of a class adds to every loss there: -log(1 - e^-width)."""
    width = upper - lower
    if width < 0.7:
        return -log(-expm1(-width))
    return -log1p(-exp(-width))


def _ordinal_logistic(pred, target, lower, upper, narrowness):
    # how far the score lies beyond either end; no score is beyond an end that is infinite
    above = pred - upper if upper < 1e999 else -upper
    below = lower - pred if lower > -1e999 else lower
    above_rest = difference_rest(pred, upper)
    below_rest = difference_rest(lower, pred)
    over = above > 0.0
    under = below > 0.0
    e = decay_of_sum(abs(above), above_rest if over else -above_rest)
    d = decay_of_sum(abs(below), below_rest if under else -below_rest)
    beyond = (above if over else 0.0) + (below if under else 0.0)
    value = beyond + (log1p_unit(e) + log1p_unit(d)) + narrowness
    u = 1.0 / (1.0 + e)
    v = 1.0 / (1.0 + d)
    slope = (u if over else e * u) - (v if under else d * v)
    return value, slope, e * u * u + d * v * v


def _steepness(lower, upper):
    """What the width of a class adds to the slope of every loss there by its lower end: 1 / (e^width - 1)."""
    narrow = exp(lower - upper)
    return narrow / -expm1(lower - upper)


def _reach(beyond, rest):
    """The sigmoid of how far a score lies beyond an end."""
    over = beyond > 0.0
    e = decay_of_sum(abs(beyond), rest if over else -rest)
    u = 1.0 / (1.0 + e)
    return u if over else e * u


def _slope_by_lower(pred, target, lower, upper, steepness):
    below = lower - pred if lower > -1e999 else lower
    return 0.0, _reach(below, difference_rest(lower, pred)) + steepness, 0.0


def _slope_by_upper(pred, target, lower, upper, steepness):
    above = pred - upper if upper < 1e999 else -upper
    return 0.0, -(_reach(above, difference_rest(pred, upper)) + steepness), 0.0


@elementwise(_slope_by_lower, cuts="thresholds", interval=_steepness, target=RANK, cost=3.0)
def _by_lower(pred: Array, target: Array, *, thresholds: Array, **options: Unpack[Options]) -> Result:
    """Nothing, with the slope of `ordinal_logistic` by the lower end of the target's class."""


@elementwise(_slope_by_upper, cuts="thresholds", interval=_steepness, target=RANK, cost=3.0)
def _by_upper(pred: Array, target: Array, *, thresholds: Array, **options: Unpack[Options]) -> Result:
    """Nothing, with the slope of `ordinal_logistic` by the upper end of the target's class."""


@elementwise(
    _ordinal_logistic,
    cuts="thresholds",
    interval=_narrowness,
    ends=(_by_lower, _by_upper),
    scalars=("thresholds",),
    target=RANK,
    convex=True,
    cost=5.0,
    aliases=("cumulative_logit", "proportional_odds", "ordered_logit"),
)
def ordinal_logistic(pred: Array, target: Array, *, thresholds: Array, **options: Unpack[Options]) -> Result:
    r"""Negative log-likelihood of ordered classes, ``-log(sigmoid(upper - x) - sigmoid(lower - x))``.

    Ratings, grades, stages of a disease: classes in an order without distances. One score x says how high, and the
    `thresholds` cut its line into an interval for each class; ``lower`` and ``upper`` are the ends of the target's.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Scores x.
    target : array, shape of `pred`
        Classes from 0, the lowest, to K - 1, any real dtype, whole numbers.
    thresholds : array or sequence of floats, shape (K - 1,)
        Where a class ends and the next begins: finite, each above the one before, in the dtype of `pred`, too. At
        least one, at most 65,535. The lowest class has no lower end, the highest no upper.

    Raises
    ------
    ValueError
        If the shapes differ, a target is not a class, or the thresholds do not rise.
    TypeError
        If `pred` is not floating, or the thresholds are no numbers.

    Notes
    -----
    The slope is ``sigmoid(x - upper) - sigmoid(lower - x)``, accurate relative to its larger part; the curvature ``p *
    (1 - p)`` of both sigmoids is positive; the bound is at least 1e-16. The loss is ``softplus(x - upper) +
    softplus(lower - x) - log(1 - exp(lower - upper))``, three terms >= 0, so that neither sure predictions nor narrow
    classes lose digits. With one threshold at 0 it is `bce_with_logits`. Thresholds may be learned:
    ``value_and_grad(ordinal_logistic, argnums=(0, "thresholds"))`` also gives the gradient by each, an array of their
    number; it is added up in float64, of terms that are accurate each.

    References
    ----------
    .. [1] P. McCullagh, "Regression Models for Ordinal Data", Journal of the Royal Statistical Society B 42, 1980.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> x, grade = np.array([-2.0, 0.0, 3.0]), np.array([0, 1, 2])
    >>> nl.ordinal_logistic(x, grade, thresholds=[-1.0, 1.0], reduction="none").round(4)
    array([0.3133, 0.7719, 0.1269])
    """
