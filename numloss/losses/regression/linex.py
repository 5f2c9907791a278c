"""Linear-exponential loss."""

from ...declare import FINITE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, exp_of_product, expm1, product_rest


def _expm1_gap(x):
    """(e^x - 1 - x) / x^2 for |x| <= 2, where the difference would cancel."""
    p = 8.600719438216933e-18 + x * 4.282768942651791e-19
    p = 1.5605320331640976e-16 + x * p
    p = 2.808394818397162e-15 + x * p
    p = 4.7795382810828075e-14 + x * p
    p = 7.64729818146725e-13 + x * p
    p = 1.1470744010123881e-11 + x * p
    p = 1.605904033406047e-10 + x * p
    p = 2.0876757012845356e-09 + x * p
    p = 2.5052108440555262e-08 + x * p
    p = 2.7557319223755157e-07 + x * p
    p = 2.755731922347673e-06 + x * p
    p = 2.4801587301588457e-05 + x * p
    p = 0.0001984126984127239 + x * p
    p = 0.0013888888888888887 + x * p
    p = 0.008333333333333328 + x * p
    p = 0.041666666666666664 + x * p
    p = 0.16666666666666666 + x * p
    p = 0.5 + x * p
    return p


def _linex(pred, target, a):
    # a factor of 0 costs nothing, though 0 * inf would be NaN
    error = pred - target if a != 0.0 else 0.0
    rest = difference_rest(pred, target)
    x = a * error
    # what x lost to rounding, without which the exponential would lose digits
    known = product_rest(a, error) + a * rest
    lost = known if abs(x) < 800.0 else 0.0
    power = exp_of_product(a, error, rest)
    grown = expm1(x)
    grown = grown + (grown + 1.0) * lost if abs(x) < 80.0 else grown if x < 0.0 else power
    near = (x * x + 2.0 * x * lost) * _expm1_gap(x)
    # both terms of an infinite error are infinite; the exponential wins
    value = near if abs(x) < 2.0 else (grown - (x if x < 1e30 else 0.0)) - lost
    return value, a * grown, a * (a * power)


@elementwise(_linex, target=REAL, a=FINITE, convex=True, cost=4.0, aliases=("linear_exponential", "linex_loss"))
def linex(pred: Array, target: Array, *, a: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Linear-exponential loss ``exp(a * r) - a * r - 1``, ``r = pred - target``.

    Errors of one sign cost far more than those of the other: with a > 0 too high costs exponentially and too low
    linearly, as for a dam that must not overflow.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    a : float
        How unequal the two sides are: the loss is about ``(a * r)**2 / 2`` for small errors. 0 gives a loss of 0.

    Notes
    -----
    The exponent is known to more digits than one number holds, and the difference is summed as a series for ``abs(a *
    r) < 2``; so value, slope ``a * (exp(a * r) - 1)`` and curvature ``a**2 * exp(a * r)`` keep their digits at both
    ends. The bound is at least 1e-16.

    References
    ----------
    .. [1] H. R. Varian, "A Bayesian Approach to Real Estate Assessment", in Studies in Bayesian Econometrics and
       Statistics, 1975.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.linex(np.array([1e-10, 2.0, -2.0]), np.zeros(3), reduction="none")
    array([5.00000000e-21, 4.38905610e+00, 1.13533528e+00])
    """
