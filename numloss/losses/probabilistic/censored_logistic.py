"""Negative log-likelihood of a logistic distribution, of which some values are known by bounds alone."""

from ...declare import ABOVE_MINUS_INF, BELOW_INF, POSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import (
    decay,
    decay_of_sum,
    difference_rest,
    expm1,
    log,
    log1p,
    log1p_unit,
    maximum,
    minimum,
    quotient_rest,
)


def _censored_scale(sigma):
    return log(sigma)


def _standard(end, end_rest, pred, sigma):
    """(end - pred) / sigma of an end with a rest below its last digit, as such a pair.

    An end that is infinite is infinitely far away, wherever the prediction is.
    """
    other = pred if abs(end) < 1e999 else 0.0
    apart = end - other
    more = (difference_rest(end, other) if abs(end) < 1e999 else 0.0) + end_rest
    whole = apart + more
    z = whole / sigma
    return z, quotient_rest(whole, difference_rest(apart, -more), sigma, 0.0)


def _lack_of_width(gap, sigma, log_sigma):
    """-log(1 - e^-(gap / sigma)): what the width of an interval adds to every loss there."""
    width = gap / sigma
    # a width that is next to nothing may be nothing at all
    thin = width < 1e-30
    lost = -log(gap if thin else -expm1(-width))
    return lost + (log_sigma if thin else 0.0) if width < 0.7 else -log1p(-decay(width))


def _between_logistic(pred, low, low_rest, high, high_rest, lack, sigma):
    """Value, slope and curvature between two ends of which `lack` is what their distance adds."""
    z, z_rest = _standard(high, high_rest, pred, sigma)
    y, y_rest = _standard(low, low_rest, pred, sigma)
    # how far the prediction lies beyond either end
    over = z < 0.0
    under = y > 0.0
    e = decay_of_sum(abs(z), -z_rest if over else z_rest)
    d = decay_of_sum(abs(y), y_rest if under else -y_rest)
    beyond = (-z if over else 0.0) + (y if under else 0.0)
    value = (beyond + (log1p_unit(e) + log1p_unit(d))) + lack
    u = 1.0 / (1.0 + e)
    v = 1.0 / (1.0 + d)
    slope = (u if over else e * u) - (v if under else d * v)
    return value, slope / sigma, (e * u * u + d * v * v) / sigma / sigma


def _censored_logistic(pred, lower, upper, sigma, log_sigma):
    low, high = minimum(lower, upper), maximum(lower, upper)
    lack = log_sigma if low == high else _lack_of_width(high - low, sigma, log_sigma)
    value, slope, curvature = _between_logistic(pred, low, 0.0, high, 0.0, lack, sigma)
    return value, slope, curvature


@elementwise(
    _censored_logistic,
    constants=_censored_scale,
    lower=BELOW_INF,
    upper=ABOVE_MINUS_INF,
    sigma=POSITIVE,
    convex=True,
    cost=6.0,
    aliases=("logistic_censored", "tobit_logistic"),
)
def censored_logistic(
    pred: Array, lower: Array, upper: Array, *, sigma: float = 1.0, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of a logistic distribution around `pred`, of values that are censored.

    What lies beyond a limit of detection, a cap or the end of a study is known by a bound; errors have longer tails
    than those of `censored_normal`. With ``y`` and ``z`` for ``(lower - pred) / sigma`` and ``(upper - pred) / sigma``
    it is ``-log(sigmoid(z) - sigmoid(y))`` where the ends differ, and ``z + 2 * log(1 + exp(-z)) + log(sigma)`` where
    they are equal.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted locations.
    lower, upper : arrays, shape of `pred`
        The ends of the interval in which each value lies, any real dtype, in any order: equal where the value is known,
        ``lower = -inf`` where it is only known to be below `upper`, ``upper = inf`` where it is above `lower`.
    sigma : float > 0
        The scale: the standard deviation is ``sigma * pi / sqrt(3)``.

    Notes
    -----
    The slope is ``(sigmoid(-z) - sigmoid(y)) / sigma``, accurate relative to its larger part; the curvature, the sum of
    ``p * (1 - p)`` of both sigmoids over ``sigma**2``, is positive; the bound is at least 1e-16. The loss is
    ``softplus(-z) + softplus(y) - log(1 - exp(y - z))``, three terms >= 0, so that no digits are lost.

    References
    ----------
    .. [1] J. F. Lawless, "Statistical Models and Methods for Lifetime Data", 2nd ed., 2003.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> lower, upper = np.array([1.0, 1.0, 0.0]), np.array([1.0, np.inf, 1.0])
    >>> nl.censored_logistic(np.zeros(3), lower, upper, reduction="none").round(4)
    array([1.6265, 1.3133, 1.4651])
    """
