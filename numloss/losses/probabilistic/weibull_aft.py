"""Accelerated failure times with errors of extreme values."""

from ...declare import NONNEGATIVE, POSITIVE, POSITIVE_OR_INF, Array, Options, Result, Unpack, elementwise
from ...scalar import decay, exp_of_difference, expm1, expm1_curve, fma, log, log1p, minimum
from .censored_logistic import _censored_scale, _standard
from .loglogistic_aft import _aft_gap, _aft_high, _aft_low


def _hazard_curve(x):
    """e^-x - 1, and e^-x - 1 + x without cancellation, for x >= 0: sums of what they are of a quarter of x."""
    more, curve = expm1_curve(-0.25 * x)
    curve = fma(more, more, 2.0 * curve)
    more = more * (2.0 + more)
    curve = fma(more, more, 2.0 * curve)
    whole = expm1(-x)
    return whole, curve if x < 1.25 else whole + x


def _weibull_aft(pred, lower, upper, sigma, log_sigma, low, low_rest, high, high_rest, gap):
    z, z_rest = _standard(high, high_rest, pred, sigma)
    y, y_rest = _standard(low, low_rest, pred, sigma)
    # cumulative hazards at both ends
    last = exp_of_difference(z, -z_rest)
    first = exp_of_difference(y, -y_rest)
    known = lower == upper
    width = gap / sigma
    thin = width < 1e-30
    # of an interval as small as nothing the hazard is the width times that at its end
    share = -expm1(-width)
    hazard = 0.0 if known else last * share
    small = hazard < 1e-17
    part = minimum(1e3, hazard)
    more, curve = _hazard_curve(part)
    lost = (gap if thin else share) if small else -more
    shift = (z if small else 0.0) - (log_sigma if thin and small else 0.0)
    near = -log(lost) - shift
    lack = near if hazard < 0.7 else -log1p(-decay(part))
    # beyond some size of y it is nothing beside the hazard
    lack = (log_sigma + low) - minimum(1e3, y) if known else lack
    fall = 1.0 if small else part * (decay(part) / -more)
    bend = 0.5 * hazard if small else fall * (curve / -more)
    rise = expm1(y) + first * y_rest if abs(y) < 1.0 else first - 1.0
    slope = -rise if known else fall - first
    return first + lack, slope / sigma, (first + bend) / sigma / sigma


@elementwise(
    _weibull_aft,
    stages={"low, low_rest": _aft_low, "high, high_rest": _aft_high, "gap": _aft_gap},
    constants=_censored_scale,
    lower=NONNEGATIVE,
    upper=POSITIVE_OR_INF,
    sigma=POSITIVE,
    convex=True,
    cost=12.0,
    aliases=("aft_extreme",),
)
def weibull_aft(pred: Array, lower: Array, upper: Array, *, sigma: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Negative log-likelihood of accelerated failure times with errors of extreme values, times that may be censored.

    The logarithm of a time is `pred` and an error times `sigma`. With ``y`` and ``z`` for ``(log(lower) - pred) /
    sigma`` and ``(log(upper) - pred) / sigma`` it is ``-log(exp(-exp(y)) - exp(-exp(z)))`` where the
    bounds differ, and ``exp(z) - z + log(sigma * upper)`` where they are equal.

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
    It is ``survival:aft`` of XGBoost with ``aft_loss_distribution="extreme"`` and `sigma` for
    ``aft_loss_distribution_scale``, without its floor of 1e-12 below probabilities. Times have a Weibull distribution
    of shape ``1 / sigma``; with ``sigma = 1`` it is exponential. With ``d = exp(z) - exp(y)`` the slope is ``(d /
    (exp(d) - 1) - exp(y)) / sigma``, or ``(1 - exp(z)) / sigma`` of a time that is known: accurate relative to the
    larger part. The curvature is positive, the bound at least 1e-16. What is left of ``exp(-d)`` where nearly all times
    lie in the interval has the digits that the exponent leaves it.

    References
    ----------
    .. [1] A. Barnwal, H. Cho, T. Hocking, "Survival Regression with Accelerated Failure Time Model in XGBoost", Journal
       of Computational and Graphical Statistics 31, 2022.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> lower, upper = np.array([2.0, 2.0, 0.0]), np.array([2.0, np.inf, 2.0])
    >>> nl.weibull_aft(np.zeros(3), lower, upper, reduction="none").round(4)
    array([2.    , 2.    , 0.1454])
    """
