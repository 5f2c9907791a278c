"""Negative log-likelihood of a negative binomial distribution."""

from ...declare import BINARY, NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import decay, digamma, digamma_rest, lgamma, log, log1p, maximum, minimum, stirling_rest


def _negative_binomial_constants(dispersion):
    size = 1.0 / dispersion
    return size, log(dispersion), lgamma(size if size < 6.5 else 1.0)


def combinations(count, size, log_size, lgamma_size):
    """log(gamma(1 + count) gamma(size) size^count / gamma(size + count)).

    Where one of the two is large, gamma(size + count) over its gamma is Stirling's series of a ratio: a difference of
    two logarithms of gamma would lose all digits.
    """
    many = size >= 6.5
    base = size if many else 1.0 + count
    more = count if many else size - 1.0
    total = size + count
    w = 1.0 / maximum(6.5, total)
    v = 1.0 / maximum(6.5, base)
    grown = (base + (more - 0.5)) * log1p(more / base) - more
    grown = grown + (w * stirling_rest(w * w) - v * stirling_rest(v * v))
    often = lgamma_size + count * log_size - (grown + more * log(base))
    own = lgamma(1.0 + count)
    few = (lgamma_size - lgamma(minimum(20.0, total))) + (own + count * log_size)
    return own - grown if many else often if count >= 6.5 else few


def _size_slope(target, size, log_size):
    """digamma(size + target) - digamma(size) - log((size + target) / size), by a series where the size is large."""
    total = size + target
    w = 1.0 / maximum(5.2, size)
    v = 1.0 / maximum(5.2, total)
    far = 0.5 * (target * v * w) + (w * w * digamma_rest(w * w) - v * v * digamma_rest(v * v))
    near = (digamma(total) - log(total)) - (digamma(size) - log_size)
    return (far if size >= 5.2 else near) if target > 0.0 else 0.0


def _negative_binomial_ratio(pred, dispersion):
    # the mean over the size
    e = decay(pred)
    return e, dispersion / e if pred > 0.0 else dispersion * e


def _negative_binomial_growth(ratio):
    return log1p(ratio)


def _negative_binomial_extra(target, size, log_dispersion, lgamma_size):
    return combinations(target, size, -log_dispersion, lgamma_size)


def _negative_binomial_nll(
    pred, target, dispersion, full, size, log_dispersion, lgamma_size, e, ratio, growth, extra
):  # fmt: skip
    total = size + target
    up = pred > 0.0
    # the logarithm takes over where the ratio overflows
    large = ratio > 1e37
    growth = pred + log_dispersion if large else growth
    pull = target * (-log_dispersion if large else pred) if target > 0.0 else 0.0
    # the mean itself where that over the size is next to nothing, and may be nothing at all
    small = ((1.0 / e if up else e) + ratio * target) * (1.0 - ratio * (0.5 - 0.3333333333333333 * ratio))
    value = (small if ratio < 1e-6 else (size if large else total) * growth) - pull
    value = value + (extra if full > 0.0 else 0.0)
    base = dispersion + e if up else 1.0 + dispersion * e
    mean = (1.0 if up else e) / base
    rest = (e if up else 1.0) / base
    crowd = dispersion * target
    curvature = rest * (dispersion * mean * target) if crowd > 1e15 else mean * rest * (1.0 + crowd)
    return value, mean - target * rest, curvature


@elementwise(
    _negative_binomial_nll,
    stages={
        "e, ratio": _negative_binomial_ratio,
        "growth": _negative_binomial_growth,
        "extra": _negative_binomial_extra,
    },
    constants=_negative_binomial_constants,
    target=NONNEGATIVE,
    dispersion=POSITIVE,
    full=BINARY,
    convex=True,
    cost=6.0,
    aliases=("nb2_nll", "negative_binomial"),
)
def negative_binomial_nll(
    pred: Array, target: Array, *, dispersion: float = 1.0, full: bool = False, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of counts with mean ``m = exp(pred)`` and variance ``m + dispersion * m**2``.

    Counts that vary more than `poisson_nll` allows. The loss is ``(target + 1 / dispersion) * log(1 + dispersion * m) -
    target * pred``, which tends to that of a Poisson distribution as `dispersion` tends to 0.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logarithms of predicted means.
    target : array, shape of `pred`
        Observed counts, any real dtype, >= 0 and finite; fractions are allowed.
    dispersion : float > 0
        One over the number of failures that is called size or r elsewhere.
    full : bool
        Adds the terms of the log-likelihood that depend on the target alone, so that values can be compared.

    Notes
    -----
    Value and slope ``(m - target) / (1 + dispersion * m)`` are differences, accurate relative to their larger part; no
    mean overflows. With ``full=True`` the larger part may be ``lgamma(1 / dispersion)``. The curvature ``m * (1 +
    dispersion * target) / (1 + dispersion * m)**2`` is positive; the bound is at least 1e-16.

    References
    ----------
    .. [1] J. M. Hilbe, "Negative Binomial Regression", 2nd ed., 2011.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.negative_binomial_nll)(np.zeros(2), np.array([1.0, 3.0]), reduction="none")
    (array([1.38629436, 2.77258872]), array([ 0., -1.]))
    """
