"""Negative log-likelihood of a negative binomial distribution."""

from ...declare import BINARY, NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import decay, lgamma, log, log1p


def _negative_binomial_constants(dispersion):
    size = 1.0 / dispersion
    return size, log(dispersion), lgamma(size)


def _negative_binomial_nll(pred, target, dispersion, full, size, log_dispersion, lgamma_size):
    total = size + target
    e = decay(pred)
    up = pred > 0.0
    # the mean over the size; its logarithm takes over where it overflows
    ratio = dispersion / e if up else dispersion * e
    large = ratio > 1e37
    growth = pred + log_dispersion if large else log1p(ratio)
    pull = target * (-log_dispersion if large else pred) if target > 0.0 else 0.0
    value = (size if large else total) * growth - pull
    # all of it is 0 where it is not asked for
    count = full * target
    value = value + (lgamma_size + lgamma(1.0 + count) - lgamma(size + count) - count * log_dispersion)
    base = dispersion + e if up else 1.0 + dispersion * e
    mean = (1.0 if up else e) / base
    rest = (e if up else 1.0) / base
    return value, mean - target * rest, mean * rest * (1.0 + dispersion * target)


@elementwise(
    _negative_binomial_nll,
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
