"""Accelerated failure times with logistic errors."""

from ...declare import NONNEGATIVE, POSITIVE, POSITIVE_OR_INF, Array, Options, Result, Unpack, elementwise
from ...scalar import log1p, log_with_rest, maximum, minimum
from .censored_logistic import _between_logistic, _censored_scale, _lack_of_width


def _log_of_time(time):
    """log(time) with a rest below its last digit, of 0 and of infinity, too."""
    ends = (time == 0.0) or (time == 1e999)
    y, rest = log_with_rest(1.0 if ends else time)
    limit = time if time > 0.0 else -1e999
    return limit if ends else y, 0.0 if ends else rest


def _aft_low(lower, upper):
    low, low_rest = _log_of_time(minimum(lower, upper))
    return low, low_rest


def _aft_high(lower, upper):
    high, high_rest = _log_of_time(maximum(lower, upper))
    return high, high_rest


def _aft_gap(lower, upper, low, high):
    """Distance of the logarithms, which keeps its digits where the times are near each other."""
    first = minimum(lower, upper)
    more = (maximum(lower, upper) - first) / (first if first > 0.0 else 1.0)
    return log1p(more) if more < 1.0 and first > 0.0 else high - low


def _loglogistic_aft(pred, lower, upper, sigma, log_sigma, low, low_rest, high, high_rest, gap):
    lack = log_sigma + low if lower == upper else _lack_of_width(gap, sigma, log_sigma)
    value, slope, curvature = _between_logistic(pred, low, low_rest, high, high_rest, lack, sigma)
    return value, slope, curvature


@elementwise(
    _loglogistic_aft,
    stages={"low, low_rest": _aft_low, "high, high_rest": _aft_high, "gap": _aft_gap},
    constants=_censored_scale,
    lower=NONNEGATIVE,
    upper=POSITIVE_OR_INF,
    sigma=POSITIVE,
    convex=True,
    cost=10.0,
    aliases=("aft_logistic",),
)
def loglogistic_aft(
    pred: Array, lower: Array, upper: Array, *, sigma: float = 1.0, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of accelerated failure times with logistic errors, times that may be censored.

    The logarithm of a time is `pred` and an error times `sigma`. With ``y`` and ``z`` for ``(log(lower) - pred) /
    sigma`` and ``(log(upper) - pred) / sigma`` it is ``-log(sigmoid(z) - sigmoid(y))`` where the
    bounds differ, and ``z + 2 * log(1 + exp(-z)) + log(sigma * upper)`` where they are equal.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted logarithms of times.
    lower, upper : arrays, shape of `pred`
        Bounds of each time, any real dtype, in any order: equal where the event was seen, ``upper = inf`` where it had
        not happened by `lower`, ``lower = 0`` where it had happened before `upper`, otherwise the ends of an interval.
    sigma : float > 0
        The scale of the errors.

    Notes
    -----
    It is ``survival:aft`` of XGBoost with ``aft_loss_distribution="logistic"`` and `sigma` for
    ``aft_loss_distribution_scale``, without its floor of 1e-12 below probabilities. Slope and curvature are those of
    `censored_logistic`.

    References
    ----------
    .. [1] A. Barnwal, H. Cho, T. Hocking, "Survival Regression with Accelerated Failure Time Model in XGBoost", Journal
       of Computational and Graphical Statistics 31, 2022.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> lower, upper = np.array([2.0, 2.0, 0.0]), np.array([2.0, np.inf, 2.0])
    >>> nl.loglogistic_aft(np.zeros(3), lower, upper, reduction="none").round(4)
    array([2.1972, 1.0986, 0.4055])
    """
