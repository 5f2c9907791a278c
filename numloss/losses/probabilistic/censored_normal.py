"""Negative log-likelihood of a normal distribution, of which some values are known by bounds alone."""

from ...declare import ABOVE_MINUS_INF, BELOW_INF, POSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import decay, decay_of_product, expm1, log, log1p, maximum, mills, minimum, normal_moments
from .censored_logistic import _censored_scale, _standard


def _between_normal(pred, low, low_rest, high, high_rest, gap, known, sigma, log_sigma):
    """Value, slope and curvature between two ends with that gap; `known` is what is added where there is none."""
    z, z_rest = _standard(high, high_rest, pred, sigma)
    y, y_rest = _standard(low, low_rest, pred, sigma)
    # turned round so that a is the end next to the middle of the distribution, and b the other one
    turned = y + z < 0.0
    a = -z if turned else y
    a_rest = -z_rest if turned else y_rest
    b = -y if turned else z
    b_rest = -y_rest if turned else z_rest
    width = gap / sigma
    h = 0.5 * width
    m = a + (h + a_rest)
    # a narrow interval, or none: moments about its middle
    narrow = (h <= 0.75) and ((m * h <= 0.75) or (gap == 0.0))
    inside = narrow and (m * h <= 0.75)
    zeroth, first, second = normal_moments(m if inside else 0.0, h if inside else 0.0)
    mean = h * first / zeroth
    narrow_bend = 1.0 - (h * (h * (second / zeroth)) - mean * mean)
    thin = width < 1e-30
    less = known if gap == 0.0 else (log_sigma if thin else 0.0) - log(gap if thin else width)
    narrow_value = (0.5 * m * m + 0.9189385332046727) + (less - log(zeroth))
    # a wide one: Mills' ratio at both ends
    near = abs(a)
    over, over_bend, unit = mills(near)
    other, other_bend, other_unit = mills(b)
    share = (other / over) * (unit / other_unit)
    drop = width * (a + h)
    e = decay(drop) if drop > 0.0 else 1.0
    lost = -expm1(-drop)
    rest = maximum(1e-30, 1.0 - e * share)
    inverse = unit / (over * rest)
    tail_value = (0.5 * near * near + (near * a_rest if near < 1e15 else 0.0)) + (0.9189385332046727 + log(inverse))
    more = e * (width * unit) * ((1.0 - share) / over) if e > 0.0 else 0.0
    tail_bend = (lost * (over_bend - e * (other_bend * share * share)) + more) / rest / rest
    # one around the middle: what lies outside of it
    density = 0.3989422804014327 * decay_of_product(0.5 * near, near, -2.0 * a_rest)
    other_density = 0.3989422804014327 * decay_of_product(0.5 * b, b, 2.0 * b_rest)
    outside = density * (over / unit) + other_density * (other / other_unit)
    inner = 1.0 - outside
    middle_slope = (density - other_density) / inner
    pull = minimum(1e15, b) * other_density + minimum(1e15, near) * density
    middle_bend = middle_slope * middle_slope + pull / inner
    tail = a >= 0.0
    value = tail_value if tail else -log1p(-outside)
    slope = lost * inverse if tail else middle_slope
    bend = tail_bend if tail else middle_bend
    value = narrow_value if narrow else value
    slope = (m - mean if narrow else slope) / sigma
    bend = (narrow_bend if narrow else bend) / sigma / sigma
    return value, slope if turned else -slope, bend


def _censored_normal(pred, lower, upper, sigma, log_sigma):
    low, high = minimum(lower, upper), maximum(lower, upper)
    value, slope, curvature = _between_normal(pred, low, 0.0, high, 0.0, high - low, log_sigma, sigma, log_sigma)
    return value, slope, curvature


@elementwise(
    _censored_normal,
    constants=_censored_scale,
    lower=BELOW_INF,
    upper=ABOVE_MINUS_INF,
    sigma=POSITIVE,
    convex=True,
    cost=12.0,
    aliases=("tobit", "censored_gaussian"),
)
def censored_normal(
    pred: Array, lower: Array, upper: Array, *, sigma: float = 1.0, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of a normal distribution around `pred`, of values that are censored.

    Tobit regression: what lies beyond a limit of detection, a cap or the end of a study is known by a bound. With ``y``
    and ``z`` for ``(lower - pred) / sigma`` and ``(upper - pred) / sigma`` it is ``-log(cdf(z) - cdf(y))`` where the
    ends differ, and ``z**2 / 2 + log(sigma * sqrt(2 * pi))`` where they are equal.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted locations.
    lower, upper : arrays, shape of `pred`
        The ends of the interval in which each value lies, any real dtype, in any order: equal where the value is known,
        ``lower = -inf`` where it is only known to be below `upper`, ``upper = inf`` where it is above `lower`.
    sigma : float > 0
        The standard deviation.

    Notes
    -----
    The slope is ``(pdf(z) - pdf(y)) / (cdf(z) - cdf(y)) / sigma``, accurate relative to its larger part or to the
    farther end; the curvature is what the variance within the interval is less than 1, over ``sigma**2``: positive, and
    1 where the value is known. Far in the tails all of them keep their digits, from Mills' ratio; those of a narrow
    interval are series about its middle. The bound is at least 1e-16.

    References
    ----------
    .. [1] J. Tobin, "Estimation of Relationships for Limited Dependent Variables", Econometrica 26, 1958.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> lower, upper = np.array([1.0, 1.0, 0.0]), np.array([1.0, np.inf, 1.0])
    >>> nl.censored_normal(np.zeros(3), lower, upper, reduction="none").round(4)
    array([1.4189, 1.841 , 1.0749])
    """
