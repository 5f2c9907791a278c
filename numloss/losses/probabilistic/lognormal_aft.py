"""Accelerated failure times with normal errors."""

from ...declare import NONNEGATIVE, POSITIVE, POSITIVE_OR_INF, Array, Options, Result, Unpack, elementwise
from .censored_logistic import _censored_scale
from .censored_normal import _between_normal
from .loglogistic_aft import _aft_gap, _aft_high, _aft_low


def _lognormal_aft(pred, lower, upper, sigma, log_sigma, low, low_rest, high, high_rest, gap):
    value, slope, curvature = _between_normal(
        pred, low, low_rest, high, high_rest, gap, log_sigma + low, sigma, log_sigma
    )
    return value, slope, curvature


@elementwise(
    _lognormal_aft,
    stages={"low, low_rest": _aft_low, "high, high_rest": _aft_high, "gap": _aft_gap},
    constants=_censored_scale,
    lower=NONNEGATIVE,
    upper=POSITIVE_OR_INF,
    sigma=POSITIVE,
    convex=True,
    cost=14.0,
    aliases=("aft_normal",),
)
def lognormal_aft(pred: Array, lower: Array, upper: Array, *, sigma: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Negative log-likelihood of accelerated failure times with normal errors, times that may be censored.

    The logarithm of a time is `pred` and an error times `sigma`. With ``y`` and ``z`` for ``(log(lower) - pred) /
    sigma`` and ``(log(upper) - pred) / sigma`` it is ``-log(cdf(z) - cdf(y))`` where the
    bounds differ, and ``z**2 / 2 + log(sigma * upper * sqrt(2 * pi))`` where they are equal.

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
    It is ``survival:aft`` of XGBoost with ``aft_loss_distribution="normal"`` and `sigma` for
    ``aft_loss_distribution_scale``, without its floor of 1e-12 below probabilities. Slope and curvature are those of
    `censored_normal`.

    References
    ----------
    .. [1] A. Barnwal, H. Cho, T. Hocking, "Survival Regression with Accelerated Failure Time Model in XGBoost", Journal
       of Computational and Graphical Statistics 31, 2022.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> lower, upper = np.array([2.0, 2.0, 0.0]), np.array([2.0, np.inf, 2.0])
    >>> nl.lognormal_aft(np.zeros(3), lower, upper, reduction="none").round(4)
    array([1.8523, 1.4101, 0.2799])
    """
